/** This machine's part: copies of the identity, a kubeconfig with a token, and the configuration. */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { isMap, parseDocument } from 'yaml'
import { needsPerson } from '../../errors.ts'
import type { Access } from '../../kube/index.ts'
import { IDENTITY_SECRET } from '../../kube/marks.ts'
import { claimsOf, kubeconfigText } from '../../kube/onboarding/index.ts'
import type { RegistrationRecord } from '../../nsx/registration/index.ts'
import type { Clock } from '../../world/index.ts'
import { writeOwned } from '../owned-files.ts'
import { readSmallText } from '../settings.ts'
import type { HereOptions } from './options.ts'

export interface Here {
  readonly folder: string
  /** The copies of certificate, key and authority are those of the record. */
  hasCopies(record: RegistrationRecord | undefined): boolean
  writeCopies(record: RegistrationRecord): void
  /** A kubeconfig of this API server with a token that is good for a while yet. */
  hasKubeconfig(access: Access, clock: Clock): boolean
  writeKubeconfig(access: Access, token: string): void
  /** What the configuration says, where it is there and says it. */
  said(name: string): unknown
  /** Settings that the configuration says nothing about. */
  unsaid(settings: Settings): readonly string[]
  /** Settings that it says otherwise, in words. Nothing of it is changed. */
  differing(settings: Settings): readonly string[]
  /** Adds what it says nothing about; what a person wrote, comments included, stays as it is. */
  writeConfig(settings: Settings): void
  /** Takes away the copies, the kubeconfig and the token, but not the configuration. */
  forget(): readonly string[]
  /** Of those, the ones that are there. */
  files(): readonly string[]
}

/** `cluster.id` and the like, with their values. */
export type Settings = readonly (readonly [string, string | boolean | readonly string[]])[]

const NAMES = {
  cert: 'tls.crt',
  key: 'tls.key',
  ca: 'nsx-ca.crt',
  kubeconfig: 'kubeconfig',
  token: 'token',
} as const

export interface SettingsInput {
  readonly record: RegistrationRecord
  readonly driver: 'channel' | 'rest'
  /** The identity is in the cluster's Secret, and the kubeconfig is ours. */
  readonly isInCluster: boolean
  readonly namespace: string
}

export function settingsFor(
  folder: string,
  { record, driver, isInCluster, namespace }: SettingsInput,
): Settings {
  const path = (name: keyof typeof NAMES) => join(resolve(folder), NAMES[name])
  const { urls, caPem, thumbprints, proxy, clusterId } = record
  const [url] = urls
  return [
    ...(clusterId === undefined ? [] : ([['cluster.id', clusterId]] as const)),
    ['cluster.name', record.clusterName],
    ['nsx.url', urls.length === 1 && url !== undefined ? url : urls],
    ...(driver === 'rest' ? ([['nsx.driver', 'rest']] as const) : []),
    ...(caPem === undefined ? [] : ([['nsx.ca', path('ca')]] as const)),
    ...(thumbprints.length === 0 ? [] : ([['nsx.thumbprint', thumbprints]] as const)),
    ...(proxy === undefined ? [] : ([['nsx.proxy', proxy]] as const)),
    ['nsx.cert', path('cert')],
    ['nsx.key', path('key')],
    ...(isInCluster
      ? ([
          ['kube.kubeconfig', path('kubeconfig')],
          ['kube.renewToken', true],
          ['identity.secret', IDENTITY_SECRET],
        ] as const)
      : []),
    ['diagnostics.file', join(resolve(folder), 'diagnostics.sqlite')],
    ...(namespace === 'antrea-nsx-adapter' ? [] : ([['lease.namespace', namespace]] as const)),
  ]
}

const HEAD =
  '# Of antrea-nsx-adapter; `antrea-nsx-adapter config show` explains. What is written here is never overwritten.\n'
/** A token that is over sooner is written anew: a day for a node to be started. */
const TOKEN_LEFT_MS = 86_400_000

export function createHere({ folder, config }: HereOptions): Here {
  const path = (name: keyof typeof NAMES) => join(folder, NAMES[name])
  const same = (name: keyof typeof NAMES, text: string | undefined) => textOf(path(name)) === text
  const files = () =>
    Object.values(NAMES)
      .map((name) => join(folder, name))
      .filter((file) => existsSync(file))
  return {
    folder,
    hasCopies: (record) =>
      record !== undefined &&
      same('cert', record.shown.cert) &&
      same('key', record.shown.key) &&
      (record.caPem === undefined || same('ca', record.caPem)),
    writeCopies({ shown, caPem }) {
      if (caPem !== undefined) writeOwned(path('ca'), caPem)
      writeOwned(path('key'), shown.key)
      writeOwned(path('cert'), shown.cert)
    },
    hasKubeconfig(access, clock) {
      if (!same('kubeconfig', kubeconfigText(access, NAMES.token))) return false
      const claims = claimsOf(textOf(path('token')) ?? '')
      return claims !== undefined && claims.expiresMs - clock.now() > TOKEN_LEFT_MS
    },
    writeKubeconfig(access, token) {
      writeOwned(path('token'), token)
      writeOwned(path('kubeconfig'), kubeconfigText(access, NAMES.token))
    },
    said: (name) => readConfig(config).toJS(name.split('.')),
    unsaid: (settings) => {
      const said = readConfig(config)
      return settings.filter(([name]) => !said.hasIn(name.split('.'))).map(([name]) => name)
    },
    differing(settings) {
      const said = readConfig(config)
      return settings.flatMap(([name, value]) => {
        const found = said.toJS(name.split('.'))
        return found === undefined || JSON.stringify(found) === JSON.stringify(value)
          ? []
          : [`${name} is ${JSON.stringify(found)} there, registered is ${JSON.stringify(value)}`]
      })
    },
    writeConfig(settings) {
      const said = readConfig(config)
      for (const [name, value] of settings) if (!said.hasIn(name.split('.'))) said.set(name.split('.'), value)
      const folderOfConfig = dirname(resolve(config))
      if (!existsSync(folderOfConfig)) mkdirSync(folderOfConfig, { recursive: true, mode: 0o755 })
      // Nothing in it is secret, and it is for the service's user to read.
      writeOwned(config, said.text(), 0o644)
    },
    files,
    forget() {
      const gone = files()
      for (const file of gone) rmSync(file, { force: true })
      return gone
    },
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/** The file as it is, with its comments; empty where there is none. Throws needs-person REGISTRATION_CONFIG. */
function readConfig(file: string) {
  const isNew = !existsSync(file)
  const document = parseDocument(isNew ? '' : readSmallText(file, 'the configuration'))
  if (document.errors.length > 0 || (document.contents !== null && !isMap(document.contents)))
    throw needsPerson(
      'REGISTRATION_CONFIG',
      `${file} is not a configuration (${document.errors[0]?.message.split('\n')[0] ?? 'it is no mapping'}); mend it, or name another by --config`,
    )
  return {
    hasIn: (at: readonly string[]): boolean => document.hasIn(at),
    toJS(at: readonly string[]): unknown {
      const root: unknown = document.toJS({ maxAliasCount: 20 })
      return at.reduce<unknown>(
        (value, key) =>
          typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined,
        root,
      )
    },
    set(at: readonly string[], value: unknown) {
      // A group that is written without anything below it.
      for (let depth = 1; depth < at.length; depth += 1)
        if (!isMap(document.getIn(at.slice(0, depth), true)) && document.getIn(at.slice(0, depth)) == null)
          document.setIn(at.slice(0, depth), document.createNode({}))
      document.setIn(at, value)
    },
    text: (): string => (isNew ? HEAD : '') + document.toString({ lineWidth: 0 }),
  }
}
