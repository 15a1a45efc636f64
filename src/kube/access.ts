/**
 * Where the API server is and who we are there, from a kubeconfig or from the Pod's service account. The file is read
 * with client-node's KubeConfig; what that one leaves out (tokenFile) or would do unasked (running plugins, skipping
 * verification, waiting for ever on a file) is handled here.
 */
import { createHash, X509Certificate } from 'node:crypto'
import { dirname, isAbsolute, join } from 'node:path'
import { createSecureContext } from 'node:tls'
import type { Cluster, KubeConfig, User } from '@kubernetes/client-node'
import { parse } from 'yaml'
import { AdapterError, needsPerson } from '../errors.ts'
import { runExecPlugin } from './access-exec.ts'
import { createTokenFile, fileVersions, readSmallFile, tokenText } from './access-files.ts'

export interface AccessOptions {
  /** Path of a kubeconfig file. Absent: the service account of the Pod the adapter runs in. */
  readonly kubeconfig?: string
  /** A context of that file; its current-context when absent. */
  readonly context?: string
  /** A kubeconfig may name a program that prints the credentials; it is run only where this is true. */
  readonly allowExec?: boolean
  /** Stands in front of the service account's folder; for tests. */
  readonly pathPrefix?: string
  /** In place of a file, for who makes the credentials itself; called at each (re)load. */
  readonly load?: () => Promise<Access>
}

export interface AccessTls {
  /** PEM; the system's roots when absent. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  /** The name to verify in place of the address's. */
  readonly servername?: string
}

export interface Access {
  /** `https://host[:port]`, without a path. */
  readonly origin: string
  /** In front of every path, without a slash at its end; for API servers behind a proxy. */
  readonly basePath?: string
  readonly tls: AccessTls
  /** Credentials of each request; a token file is read again when it was replaced. Secret. */
  readonly headers: () => Readonly<Record<string, string>>
  /** Another one whenever anything above is, the token included: whether reading again brought anything. */
  readonly fingerprint: string
  /** True once a file it was read from is another one than then. Absent: there is no file to look at. */
  readonly isStale?: () => boolean
  /** When the client certificate or what a plugin printed is over; wall clock, milliseconds since 1970. */
  readonly expiresMs?: number
}

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Reads everything at once; nothing is sent. Throws needs-person KUBECONFIG_* (MISSING, UNREADABLE, TOO_LARGE, MALFORMED,
 * CONTEXT, SERVER, INSECURE, UNSUPPORTED, CREDENTIALS, EXEC_REFUSED, EXEC_FAILED) or KUBE_NOT_IN_CLUSTER. No message
 * holds a secret.
 */
export async function loadAccess(options: AccessOptions): Promise<Access> {
  if (options.load !== undefined) return options.load()
  const source =
    options.kubeconfig === undefined
      ? await loadServiceAccount(options.pathPrefix ?? '')
      : await loadFile(options.kubeconfig, options.context)
  return assemble(source, options)
}

interface Source {
  /** For messages. */
  readonly where: string
  readonly cluster: Cluster
  readonly user: User
  readonly tokenFile: string | undefined
  /** Makes a path of the file absolute. */
  readonly resolve: (path: string) => string
  /** The kubeconfig, as it was before it was read; a token file is looked at by itself. */
  readonly file?: { readonly path: string; readonly version: string }
}

/** It takes half a second to load, so only who needs it waits. */
const newKubeConfig = async (): Promise<KubeConfig> =>
  new (await import('@kubernetes/client-node')).KubeConfig()

async function loadServiceAccount(pathPrefix: string): Promise<Source> {
  const config = await newKubeConfig()
  config.loadFromCluster(pathPrefix)
  const cluster = config.getCurrentCluster()
  const user = config.getCurrentUser()
  if (cluster === null || user === null || /undefined/.test(cluster.server))
    throw needsPerson(
      'KUBE_NOT_IN_CLUSTER',
      'no kubeconfig is named and this is not a Pod (KUBERNETES_SERVICE_HOST is not set); name a kubeconfig file',
    )
  const tokenFile = (user.authProvider as { config: { tokenFile: string } }).config.tokenFile
  const { authProvider: _, ...bare } = user
  return { where: 'the service account', cluster, user: bare, tokenFile, resolve: (path) => path }
}

async function loadFile(path: string, context: string | undefined): Promise<Source> {
  const where = `the kubeconfig ${path}`
  const version = fileVersions([path])
  const document = parseDocument(readSmallFile(path, 'the kubeconfig').toString('utf8'), where)
  const config = await newKubeConfig()
  try {
    config.loadFromString(JSON.stringify(withoutTokenFiles(document)))
  } catch (cause) {
    const why = cause instanceof Error && / is missing$/.test(cause.message) ? `: ${cause.message}` : ''
    throw needsPerson('KUBECONFIG_MALFORMED', `${where} is not a kubeconfig${why}; correct it`, { cause })
  }
  const name = context ?? config.getCurrentContext()
  if (typeof name !== 'string' || name === '')
    throw needsPerson('KUBECONFIG_CONTEXT', `${where} has no current-context; set one or name a context`)
  const chosen = config.getContextObject(name)
  const known = config.getContexts().map((each) => each.name)
  if (chosen === null)
    throw needsPerson(
      'KUBECONFIG_CONTEXT',
      `${where} has no context ${name}; it has: ${known.slice(0, 20).join(', ') || 'none'}`,
    )
  const cluster = config.getCluster(chosen.cluster)
  const user = chosen.user === undefined ? { name: 'anonymous' } : config.getUser(chosen.user)
  if (cluster === null || user === null)
    throw needsPerson(
      'KUBECONFIG_CONTEXT',
      `${where}: context ${name} names a ${cluster === null ? 'cluster' : 'user'} that is not in the file; add it`,
    )
  const fields = userFields(document, user.name)
  refuseUnsupported(fields, where)
  const tokenFile = fields['tokenFile']
  const resolve = (file: string) => (isAbsolute(file) ? file : join(dirname(path), file))
  return {
    where,
    cluster,
    user,
    tokenFile: typeof tokenFile === 'string' && tokenFile !== '' ? tokenFile : undefined,
    resolve,
    file: { path, version },
  }
}

function parseDocument(text: string, where: string): Fields {
  let document: unknown
  try {
    // Without the source lines that the parser would show: they may hold a key.
    document = parse(text, { prettyErrors: false, logLevel: 'error' })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw needsPerson('KUBECONFIG_MALFORMED', `${where} is not YAML${code}; correct it`)
  }
  if (!isFields(document))
    throw needsPerson('KUBECONFIG_MALFORMED', `${where} is not a kubeconfig: it is no mapping; correct it`)
  return document
}

const usersOf = (document: Fields): readonly Fields[] => {
  const users = document['users']
  return Array.isArray(users) ? users.filter(isFields) : []
}

function userFields(document: Fields, name: string): Fields {
  const user = usersOf(document).find((each) => each['name'] === name)?.['user']
  return isFields(user) ? user : {}
}

/** KubeConfig would read a `token-file`, which kubectl does not know, at once and without any limit. */
function withoutTokenFiles(document: Fields): Fields {
  const users = usersOf(document).map((each) => {
    if (!isFields(each['user'])) return each
    const { 'token-file': _, ...user } = each['user']
    return { ...each, user }
  })
  return { ...document, users }
}

const UNSUPPORTED = ['auth-provider', 'as-uid', 'as-groups', 'as-user-extra'] as const

function refuseUnsupported(user: Fields, where: string): void {
  const found = UNSUPPORTED.find((field) => user[field] !== undefined && user[field] !== null)
  if (found === undefined) return
  throw needsPerson(
    'KUBECONFIG_UNSUPPORTED',
    `${where} uses ${found}, which the adapter does not; use a client certificate or a token`,
  )
}

async function assemble(source: Source, options: AccessOptions): Promise<Access> {
  const { origin, basePath } = readServer(source)
  const { user } = source
  const plugin = await execOf(source, options)
  const isStale = watchFiles(source)
  const tls = readTls(source, plugin)
  const token = tokenOf(source, plugin?.token)
  const headers = (): Record<string, string> => ({
    ...(token === undefined ? basicAuth(user) : { authorization: `Bearer ${token()}` }),
    ...(user.impersonateUser ? { 'impersonate-user': user.impersonateUser } : {}),
  })
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([origin, basePath, tls, headers()]))
    .digest('hex')
  const expiresMs = Math.min(
    plugin?.expiresMs ?? Number.POSITIVE_INFINITY,
    tls.cert === undefined ? Number.POSITIVE_INFINITY : Date.parse(new X509Certificate(tls.cert).validTo),
  )
  return {
    origin,
    basePath,
    tls,
    headers,
    fingerprint,
    isStale,
    ...(Number.isFinite(expiresMs) ? { expiresMs } : {}),
  }
}

/** Before they are read: a file that is replaced meanwhile is then seen as another one, and read again. */
function watchFiles({ cluster, user, resolve, file }: Source): () => boolean {
  const named = [cluster.caFile, user.certFile, user.keyFile].filter(
    (path): path is string => typeof path === 'string' && path !== '',
  )
  const paths = named.map(resolve)
  const before = fileVersions(paths)
  return () =>
    fileVersions(paths) !== before || (file !== undefined && fileVersions([file.path]) !== file.version)
}

function readServer({ cluster, where }: Source): { origin: string; basePath: string } {
  if (cluster.skipTLSVerify)
    throw needsPerson(
      'KUBECONFIG_INSECURE',
      `${where} sets insecure-skip-tls-verify; the adapter always verifies: put the CA into certificate-authority-data`,
    )
  if (cluster.proxyUrl)
    throw needsPerson(
      'KUBECONFIG_UNSUPPORTED',
      `${where} sets proxy-url, which the adapter does not use; let it reach the API server directly`,
    )
  let url: URL
  try {
    url = new URL(cluster.server)
  } catch {
    throw needsPerson('KUBECONFIG_SERVER', `${where}: the server is not an address; write https://host:port`)
  }
  const isLoopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback))
    throw needsPerson(
      'KUBECONFIG_INSECURE',
      `${where}: the server is not https; plain http is taken on loopback only`,
    )
  return { origin: url.origin, basePath: url.pathname.replace(/\/+$/, '') }
}

async function execOf({ user, where }: Source, options: AccessOptions) {
  if (user.exec === undefined || user.exec === null) return undefined
  if (options.allowExec !== true)
    throw needsPerson(
      'KUBECONFIG_EXEC_REFUSED',
      `${where} runs a program for its credentials; allow that in the configuration, or use a client certificate or a token`,
    )
  return runExecPlugin(user.exec, options.kubeconfig ?? '')
}

/** As client-go: what is given as data wins over a file. */
function pemOf(data: string | undefined, file: string | undefined, source: Source, what: string) {
  if (data) return Buffer.from(data, 'base64').toString('utf8')
  if (file) return readSmallFile(source.resolve(file), what).toString('utf8')
  return undefined
}

function readTls(source: Source, plugin: { cert?: string; key?: string } | undefined): AccessTls {
  const { cluster, user, where } = source
  const ca = pemOf(cluster.caData, cluster.caFile, source, 'the CA file')
  const cert = plugin?.cert ?? pemOf(user.certData, user.certFile, source, 'the client certificate')
  const key = plugin?.key ?? pemOf(user.keyData, user.keyFile, source, 'the client key')
  const servername = cluster.tlsServerName
  if (ca !== undefined) requirePem(() => new X509Certificate(ca), `${where}: the CA is not a PEM certificate`)
  if ((cert === undefined) !== (key === undefined))
    throw needsPerson(
      'KUBECONFIG_CREDENTIALS',
      `${where}: a client certificate and its key come together; give both`,
    )
  if (cert !== undefined && key !== undefined)
    requirePem(
      () => createSecureContext({ cert, key }),
      `${where}: the client certificate and key are not PEM, or do not belong together`,
    )
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername ? { servername } : {}),
  }
}

function requirePem(read: () => unknown, what: string): void {
  try {
    read()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw new AdapterError('needs-person', 'KUBECONFIG_CREDENTIALS', `${what}${code}; issue them anew`)
  }
}

/** As client-go: a token file wins over a token. */
function tokenOf(source: Source, fromPlugin: string | undefined): (() => string) | undefined {
  if (source.tokenFile !== undefined) return createTokenFile(source.resolve(source.tokenFile))
  const fixed = source.user.token || fromPlugin
  if (!fixed) return undefined
  const token = tokenText(String(fixed), `${source.where}: the user's token`)
  return () => token
}

function basicAuth({ username, password }: User): Record<string, string> {
  if (!username) return {}
  return { authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` }
}
