/** The configuration, and the files it names. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { ConfigError } from '../config/problems.ts'
import { DOCTOR_EXPIRY_WARN_MS } from '../limits.ts'
import { daysText, failed, found, modeText, quoted, skipped, warned } from './findings.ts'
import type { Check, Facts, Problem } from './types.ts'

const group = 'configuration'

export const CONFIGURATION_CHECKS: readonly Check[] = [
  {
    name: 'config-valid',
    group,
    title: 'the configuration is complete and right',
    run: async (facts) => configValid(facts),
  },
  {
    name: 'file-modes',
    group,
    title: 'keys, passwords and tokens are for their owner alone',
    run: (facts) => fileModes(facts),
  },
  {
    name: 'nsx-certificate',
    group,
    title: "this cluster's certificate for NSX and its key belong together",
    run: async (facts) => certificatePair(facts),
  },
  {
    name: 'certificate-name',
    group,
    title: "the certificate's CN is the name of the cluster",
    run: async (facts) => certificateName(facts),
  },
  {
    name: 'certificate-expiry',
    group,
    title: 'certificates are valid, and will be for a while',
    run: (facts) => certificateExpiry(facts),
  },
]

function configValid({ rawConfig }: Facts) {
  try {
    const { config } = rawConfig()
    return found(
      `cluster ${config.cluster.name} (${config.cluster.id}), ${config.nsx.url.join(', ')} by driver ${config.nsx.driver}`,
    )
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return found(
      `${error.problems.length} ${error.problems.length === 1 ? 'setting is' : 'settings are'} wrong`,
      ...error.problems.map(({ code, where, message }) =>
        failed(code, `${where}: ${message}`, 'correct it there, then: antrea-nsx-adapter config check'),
      ),
    )
  }
}

/** Secret ones first; what is not configured is not there. */
const filesOf = ({
  config,
}: Facts): readonly { readonly what: string; readonly path: string | undefined }[] => {
  const { nsx, agents, kube } = config().config
  return [
    { what: 'nsx.key', path: nsx.key },
    { what: 'nsx.passwordFile', path: nsx.passwordFile },
    { what: 'nsx.proxyAuthFile', path: nsx.proxyAuthFile },
    { what: 'agents.tokenFile', path: agents.tokenFile },
    { what: 'kube.kubeconfig', path: kube.kubeconfig },
  ]
}

async function fileModes(facts: Facts) {
  const problems: Problem[] = []
  let looked = 0
  for (const { what, path } of filesOf(facts)) {
    if (path === undefined) continue
    const stat = await facts.world.stat(path)
    looked += 1
    if (stat === undefined)
      problems.push(
        failed(
          'CONFIG_UNREADABLE',
          `${what}: ${path} is not there`,
          `put the file there, or correct ${what}`,
        ),
      )
    else if ((stat.mode & 0o077) !== 0)
      problems.push(
        failed(
          'DOCTOR_FILE_MODE',
          `${what}: ${path} has mode ${modeText(stat.mode)}: others may read or change it`,
          `chmod 600 ${quoted(path)}`,
        ),
      )
  }
  const { origin } = facts.config()
  const file = /^(.*?)(:\d+(:\d+)?)?$/.exec(origin('cluster.name'))?.[1]
  const stat = file === undefined ? undefined : await facts.world.stat(file).catch(() => undefined)
  if (file !== undefined && stat?.kind === 'file' && (stat.mode & 0o022) !== 0)
    problems.push(
      failed(
        'DOCTOR_FILE_MODE',
        `${file} has mode ${modeText(stat.mode)}: others may change the configuration`,
        `chmod go-w ${quoted(file)}`,
      ),
    )
  return found(`${looked} files looked at`, ...problems)
}

function certificateOf({ config, world }: Facts): X509Certificate | undefined {
  const { auth, cert } = config().config.nsx
  if (auth !== 'certificate' || cert === undefined) return undefined
  return new X509Certificate(world.read(cert, 'nsx.cert'))
}

const NO_CERTIFICATE = 'nsx.auth does not use a certificate'

function certificatePair(facts: Facts) {
  const { config, world } = facts
  const { auth, cert = '', key = '', ca } = config().config.nsx
  if (auth !== 'certificate') return skipped(NO_CERTIFICATE)
  const certPem = world.read(cert, 'nsx.cert')
  const keyPem = world.read(key, 'nsx.key')
  const isPem = (read: () => unknown) => {
    try {
      read()
      return true
    } catch {
      return false
    }
  }
  const anew = 'register the cluster anew: antrea-nsx-adapter register'
  if (!isPem(() => new X509Certificate(certPem)))
    return found('', failed('CONFIG_CERTIFICATE', `nsx.cert (${cert}) holds no certificate in PEM`, anew))
  if (!isPem(() => createPrivateKey(keyPem)))
    return found(
      '',
      failed('CONFIG_CERTIFICATE', `nsx.key (${key}) holds no private key in PEM without a passphrase`, anew),
    )
  const certificate = new X509Certificate(certPem)
  const problems: Problem[] = []
  if (!certificate.checkPrivateKey(createPrivateKey(keyPem)))
    problems.push(
      failed(
        'CONFIG_CERTIFICATE',
        `nsx.key (${key}) is not the key of nsx.cert (${cert}): one of them is another cluster's, or of before a renewal`,
        `compare: openssl x509 -noout -pubkey -in ${quoted(cert)}; openssl pkey -pubout -in ${quoted(key)}`,
      ),
    )
  if (ca !== undefined && !isPem(() => new X509Certificate(world.read(ca, 'nsx.ca'))))
    problems.push(
      failed(
        'CONFIG_CERTIFICATE',
        `nsx.ca (${ca}) holds no certificate in PEM`,
        'put the CA of the manager there',
      ),
    )
  return found(`SHA-256 ${sha256Of(certificate)}`, ...problems)
}

export const sha256Of = (certificate: X509Certificate): string =>
  certificate.fingerprint256.replaceAll(':', '').toLowerCase()

function certificateName(facts: Facts) {
  const certificate = certificateOf(facts)
  if (certificate === undefined) return skipped(NO_CERTIFICATE)
  const name = /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? ''
  const wanted = facts.config().config.cluster.name
  return found(
    `CN=${name}`,
    name === wanted
      ? undefined
      : failed(
          'CONFIG_CERTIFICATE',
          `nsx.cert is for CN=${name}, but cluster.name is ${wanted}`,
          `set cluster.name to ${name}, or give the certificate of ${wanted}`,
        ),
  )
}

async function certificateExpiry(facts: Facts) {
  const { world, config } = facts
  const { nsx } = config().config
  const problems: Problem[] = []
  const ends: string[] = []
  const judge = (what: string, fromMs: number, toMs: number, fix: string) => {
    const nowMs = world.clock.now()
    ends.push(`${what} for ${daysText(toMs - nowMs)}`)
    if (nowMs > toMs)
      problems.push(failed('DOCTOR_EXPIRED', `${what} expired ${daysText(nowMs - toMs)} ago`, fix))
    else if (nowMs < fromMs)
      problems.push(
        failed(
          'DOCTOR_EXPIRED',
          `${what} is not valid before ${new Date(fromMs).toISOString()}; is the clock of this machine right?`,
          'timedatectl',
        ),
      )
    else if (toMs - nowMs < DOCTOR_EXPIRY_WARN_MS)
      problems.push(warned('DOCTOR_EXPIRY', `${what} expires in ${daysText(toMs - nowMs)}`, fix))
  }
  for (const [what, path, fix] of [
    ['nsx.cert', nsx.auth === 'certificate' ? nsx.cert : undefined, 'renew it: antrea-nsx-adapter rotate'],
    ['nsx.ca', nsx.ca, "put the manager's present CA there"],
  ] as const) {
    if (path === undefined) continue
    const certificate = attempt(() => new X509Certificate(world.read(path, what)))
    if (certificate !== undefined)
      judge(what, certificate.validFromDate.getTime(), certificate.validToDate.getTime(), fix)
  }
  const access = await facts.kube().catch(() => undefined)
  const cert = access?.access.tls.cert
  const certificate = cert === undefined ? undefined : attempt(() => new X509Certificate(cert))
  if (certificate !== undefined)
    judge(
      "the kubeconfig's client certificate",
      certificate.validFromDate.getTime(),
      certificate.validToDate.getTime(),
      'issue it anew (docs/operations.md, "Rights in the cluster")',
    )
  return found(ends.length === 0 ? 'there are none' : ends.join(', '), ...problems)
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
