/** From the configuration to what the adapter is made with: settings, identity, credentials. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { AdapterSettings } from '../adapter/index.ts'
import {
  CONFIG_LEAVES,
  type Config,
  CREDENTIAL,
  flagName,
  type LoadedConfig,
  loadConfig,
} from '../config/index.ts'
import { needsPerson } from '../errors.ts'
import { CONFIG_FILE_BYTES_MAX } from '../limits.ts'
import type { CertificateEnd } from '../metrics/index.ts'
import type { Random } from '../world/index.ts'
import { createRealClock, type TlsIdentity } from '../world/real.ts'

export const DEFAULT_CONFIG_FILE = '/etc/antrea-nsx-adapter/config.yaml'

/** Adds `--config` and one flag a setting. */
export function addConfigOptions(command: Command): void {
  command.option('--config <file>', `configuration (${DEFAULT_CONFIG_FILE} when it is there)`)
  for (const { path, description } of CONFIG_LEAVES) command.option(`${flagName(path)} <value>`, description)
}

/** File, environment, flags, in this order. Throws ConfigError, or needs-person CONFIG_UNREADABLE. */
export function readConfig(options: Readonly<Record<string, unknown>>): LoadedConfig {
  const asked = (options['config'] as string | undefined) ?? process.env['ANTREA_NSX_ADAPTER_CONFIG']
  const name = asked ?? (existsSync(DEFAULT_CONFIG_FILE) ? DEFAULT_CONFIG_FILE : undefined)
  const flags = Object.fromEntries(
    CONFIG_LEAVES.map(({ path }) => [path.join('.'), options[optionKey(path)] as string | undefined]),
  )
  return loadConfig({
    ...(name === undefined ? {} : { file: { name, text: readSmallText(name, 'the configuration') } }),
    environment: process.env,
    flags,
    credentials: credentialsOf(process.env['CREDENTIALS_DIRECTORY']),
  })
}

/** What the unit's LoadCredential hands over (systemd.exec(5)), by setting. An empty file stands for none. */
const CREDENTIALS: Readonly<Record<string, string>> = {
  'nsx.cert': 'nsx.crt',
  'nsx.key': 'nsx.key',
  'nsx.ca': 'nsx-ca.crt',
  'kube.kubeconfig': 'kubeconfig',
}

const credentialsOf = (folder: string | undefined): Record<string, string> =>
  folder === undefined
    ? {}
    : Object.fromEntries(
        Object.entries(CREDENTIALS)
          .map(([setting, name]) => [setting, join(folder, name)] as const)
          .filter(([, file]) => (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0),
      )

/** commander's name of an option: `--nsx-url` → `nsxUrl`. */
const optionKey = (path: readonly string[]): string =>
  path
    .map((part) => part.toLowerCase())
    .map((part, index) => (index === 0 ? part : part.charAt(0).toUpperCase() + part.slice(1)))
    .join('')

export function readSmallText(file: string, what: string): string {
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause)
    throw needsPerson(
      'CONFIG_UNREADABLE',
      `${file}: ${what} cannot be read (${words}); check the path and its rights`,
    )
  }
  if (bytes.length > CONFIG_FILE_BYTES_MAX)
    throw needsPerson(
      'CONFIG_UNREADABLE',
      `${file}: ${what} is over ${CONFIG_FILE_BYTES_MAX} bytes; is it the right file?`,
    )
  return bytes.toString('utf8')
}

/**
 * The certificate NSX knows this cluster by, where there is one, and by what the manager is known. Throws needs-person
 * CONFIG_UNREADABLE or CONFIG_CERTIFICATE.
 */
export function nsxIdentity(loaded: LoadedConfig): TlsIdentity {
  const { ca, thumbprint } = loaded.config.nsx
  const caPem = ca === undefined ? undefined : readSmallText(ca, 'nsx.ca')
  if (caPem !== undefined)
    attempt(
      () => new X509Certificate(caPem),
      () => wrongFile(loaded, 'nsx.ca', `(${ca}) holds no certificate in PEM`),
    )
  return {
    ...ownCertificate(loaded),
    ...(caPem === undefined ? {} : { ca: caPem }),
    ...(thumbprint === undefined ? {} : { thumbprints: thumbprint }),
  }
}

const wrongFile = ({ origin }: LoadedConfig, setting: 'nsx.ca' | 'nsx.cert' | 'nsx.key', words: string) =>
  needsPerson('CONFIG_CERTIFICATE', `${origin(setting)}: ${setting} ${words}`)

function ownCertificate(loaded: LoadedConfig): Pick<TlsIdentity, 'cert' | 'key'> {
  const { cluster, nsx } = loaded.config
  const { auth, cert, key } = nsx
  if (auth !== 'certificate' || cert === undefined || key === undefined) return {}
  const rotated = rotatedFiles(loaded)
  const newer = rotated === undefined ? undefined : newerPair(rotated, cert, cluster.name)
  if (newer !== undefined) return newer
  const certPem = readSmallText(cert, 'nsx.cert')
  const keyPem = readSmallText(key, 'nsx.key')
  const certificate = attempt(
    () => new X509Certificate(certPem),
    () => wrongFile(loaded, 'nsx.cert', `(${cert}) holds no certificate in PEM`),
  )
  const privateKey = attempt(
    () => createPrivateKey(keyPem),
    () => wrongFile(loaded, 'nsx.key', `(${key}) holds no private key in PEM without a passphrase`),
  )
  if (!certificate.checkPrivateKey(privateKey))
    throw wrongFile(
      loaded,
      'nsx.key',
      `(${key}) is not the key of nsx.cert (${cert}); one of them is another cluster's`,
    )
  const commonName = nameOf(certificate)
  if (commonName !== cluster.name)
    throw wrongFile(
      loaded,
      'nsx.cert',
      `(${cert}) is for CN=${commonName ?? ''}, but cluster.name is ${cluster.name}; they must agree`,
    )
  return { cert: certPem, key: keyPem }
}

export interface PairFiles {
  readonly cert: string
  readonly key: string
}

/**
 * Where renewed material lies when the first is a credential of the service, which is read-only and the same until the next
 * start: the service's state folder. undefined: the files of the configuration are written themselves.
 */
export function rotatedFiles({ config, origin }: LoadedConfig): PairFiles | undefined {
  const state = process.env['STATE_DIRECTORY']?.split(':')[0]
  if (state === undefined || config.nsx.cert === undefined || !origin('nsx.cert').startsWith(CREDENTIAL))
    return undefined
  return { cert: join(state, 'tls.crt'), key: join(state, 'tls.key') }
}

/** The renewed pair while it is this cluster's, whole, valid, and begins later than the first one; else undefined. */
function newerPair(files: PairFiles, first: string, commonName: string): CertificatePair | undefined {
  try {
    const [cert, key] = [readFileSync(files.cert, 'utf8'), readFileSync(files.key, 'utf8')]
    const renewed = new X509Certificate(cert)
    const nowMs = createRealClock().now()
    const isValid = renewed.validFromDate.getTime() <= nowMs && nowMs < renewed.validToDate.getTime()
    const isOurs = renewed.checkPrivateKey(createPrivateKey(key)) && nameOf(renewed) === commonName
    return isValid && isOurs && beginsMs(first) < renewed.validFromDate.getTime() ? { cert, key } : undefined
  } catch {
    // Not there, or half of it: the first one goes on.
    return undefined
  }
}

type CertificatePair = Pick<TlsIdentity, 'cert' | 'key'>

const nameOf = ({ subject }: X509Certificate) => /^CN=(.*)$/m.exec(subject)?.[1]

/** A first one that cannot be read is older than any. */
function beginsMs(file: string): number {
  try {
    return new X509Certificate(readFileSync(file)).validFromDate.getTime()
  } catch {
    return Number.NEGATIVE_INFINITY
  }
}

/** SHA-256 of a certificate's DER, lower-case hex without colons: as the manager knows it. */
export const certificateSha256 = (pem: string | undefined): string | undefined =>
  pem === undefined ? undefined : new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase()

/** When the certificates end that NSX and the API server are shown, and those of the CAs they are held to. */
export function certificatesOf(nsx: TlsIdentity, kube: TlsIdentity): CertificateEnd[] {
  const peers = [
    ['nsx', nsx],
    ['kubernetes', kube],
  ] as const
  return peers.flatMap(([peer, { cert, ca }]) => [...endOf(peer, 'client', cert), ...endOf(peer, 'ca', ca)])
}

function endOf(peer: CertificateEnd['peer'], role: CertificateEnd['role'], pem: unknown): CertificateEnd[] {
  if (typeof pem !== 'string') return []
  try {
    return [{ peer, role, notAfter: new X509Certificate(pem).validToDate.getTime() }]
  } catch {
    // What cannot be read is told where it is used.
    return []
  }
}

function attempt<T>(work: () => T, otherwise: () => Error): T {
  try {
    return work()
  } catch {
    throw otherwise()
  }
}

const INSTANCE_CHARS_MAX = 63

/** What the adapter itself is told. */
export function adapterSettings(config: Config, random: Random): AdapterSettings {
  const isObserving = config.mode === 'observe'
  const suffix = `-${random.uuid().slice(0, 8)}`
  return {
    clusterId: config.cluster.id,
    clusterName: config.cluster.name,
    instance: config.instance ?? hostname().slice(0, INSTANCE_CHARS_MAX - suffix.length) + suffix,
    // An observer has a lease of its own: it must not keep the real one from who enforces.
    lease: isObserving ? { ...config.lease, name: `${config.lease.name}-observe` } : config.lease,
    mode: config.mode,
    ...(config.tiers === undefined ? {} : { tiers: config.tiers }),
    fqdnProfiles: config.ccp.fqdnProfiles,
    ...(config.ccp.memberPollSeconds === undefined
      ? {}
      : { memberPollMs: config.ccp.memberPollSeconds * 1_000 }),
  }
}
