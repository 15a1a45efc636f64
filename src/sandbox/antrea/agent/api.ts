/** The HTTPS API of one agent (pkg/agent/apiserver): health, its info, its Pods' interfaces, and its support bundle. */
import { stringify } from 'yaml'
import type { Clock, Handler, HttpClient, ServerRequest, ServerResponse } from '../../../world/index.ts'
import { call } from '../api.ts'
import type { Pod } from '../model.ts'
import { createBundle, createLogLevel, json, noSuchPath, notAllowed, refuse, SYSTEM } from '../serve/index.ts'
import { type FlowsDeps, listFlows } from './flows.ts'
import { metricsText } from './metrics.ts'
import { listPolicies } from './policies.ts'

/** Who may do what; tokens are never kept or logged. */
export type AgentAccess = (token: string, method: string, path: string) => Promise<boolean>

export interface AgentApiDeps extends FlowsDeps {
  readonly clock: Clock
  /** Aborted when the agent stops. */
  readonly signal: AbortSignal
  readonly access: AgentAccess
  /** AntreaAgentInfo as it is now. */
  readonly info: () => object
  readonly localPods: () => readonly Pod[]
  /** Generations of the policies on this Node, by uid. */
  readonly policies: () => ReadonlyMap<string, number>
  /** Milliseconds since 1970. */
  readonly startedMs: number
}

const ROOT = `/apis/${SYSTEM}`
const HEALTH: ReadonlySet<string> = new Set(['/healthz', '/livez', '/readyz'])

const interfaceOf = ({ metadata, status }: Pod) => ({
  podName: metadata.name,
  podNamespace: metadata.namespace,
  interfaceName: `${metadata.name.slice(0, 8)}-${metadata.uid.slice(0, 6)}`,
  ips: (status?.podIPs ?? []).map(({ ip }) => ip),
})

export function createAgentApi(deps: AgentApiDeps): Handler {
  const bundle = createBundle({
    clock: deps.clock,
    signal: deps.signal,
    name: 'agent',
    files: () =>
      new Map(
        Object.entries({
          agentinfo: deps.info(),
          podinterfaces: deps.localPods().map(interfaceOf),
          networkpolicies: Object.fromEntries(deps.policies()),
        }).map(([name, value]) => [name, stringify(value)]),
      ),
  })
  const logLevel = createLogLevel()
  const serve = async (request: ServerRequest): Promise<ServerResponse> => {
    const { path, method } = request
    if (path === '/agentinfo' || path === '/podinterfaces') {
      if (method !== 'GET') return notAllowed()
      return json(200, path === '/agentinfo' ? deps.info() : deps.localPods().map(interfaceOf))
    }
    if (path === '/networkpolicies' || path === '/ovsflows') {
      if (method !== 'GET') return notAllowed()
      return path === '/networkpolicies' ? listPolicies(request, deps.held()) : listFlows(request, deps)
    }
    if (path === '/metrics') return method === 'GET' ? metricsText(deps) : notAllowed()
    if (path === '/loglevel') return method === 'GET' ? logLevel(request) : notAllowed()
    if (path === ROOT) return method === 'GET' ? json(200, RESOURCES) : notAllowed()
    const under = `${ROOT}/supportbundles`
    if (path !== under && !path.startsWith(`${under}/`)) return noSuchPath()
    const parts = path
      .slice(under.length)
      .split('/')
      .filter((part) => part !== '')
    return bundle.serve(request, parts)
  }
  return async (request) => {
    if (HEALTH.has(request.path))
      return { status: 200, headers: { 'content-type': 'text/plain' }, body: 'ok' }
    const token = /^Bearer (\S+)$/.exec(request.headers['authorization'] ?? '')?.[1]
    if (token === undefined || !(await deps.access(token, request.method, request.path)))
      return refuse(401, 'Unauthorized', 'Unauthorized')
    return serve(request)
  }
}

const RESOURCES = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: SYSTEM,
  resources: [
    {
      name: 'supportbundles',
      singularName: 'supportbundle',
      namespaced: false,
      kind: 'SupportBundle',
      verbs: ['create', 'delete', 'get'],
    },
    {
      name: 'supportbundles/download',
      singularName: '',
      namespaced: false,
      kind: 'SupportBundle',
      verbs: ['get'],
    },
  ],
}

const VERBS: Readonly<Record<string, string>> = { GET: 'get', POST: 'create', DELETE: 'delete' }

/** As the real agents ask: TokenReview, then SubjectAccessReview. An API server without them lets nobody in. */
export function delegatedAccess(http: HttpClient): AgentAccess {
  const post = async (group: string, kind: string, spec: object) => {
    const apiVersion = `${group}/v1`
    const path = `/apis/${apiVersion}/${kind.toLowerCase()}s`
    const answer = await call(http, 'POST', path, { body: { apiVersion, kind, spec } })
    return answer.status < 300 ? ((answer.body as { status?: unknown }).status ?? {}) : {}
  }
  return async (token, method, path) => {
    const review = (await post('authentication.k8s.io', 'TokenReview', { token })) as {
      authenticated?: boolean
      user?: { username?: string; groups?: readonly string[] }
    }
    if (review.authenticated !== true) return false
    const { username, groups } = review.user ?? {}
    const verb = VERBS[method] ?? method.toLowerCase()
    const [, name, subresource] = path.startsWith(`${ROOT}/`) ? path.slice(ROOT.length + 1).split('/') : []
    const attributes = path.startsWith(`${ROOT}/`)
      ? {
          resourceAttributes: {
            verb,
            group: 'system.antrea.io',
            version: 'v1beta1',
            resource: 'supportbundles',
            ...(name === undefined ? {} : { name }),
            ...(subresource === undefined ? {} : { subresource }),
          },
        }
      : { nonResourceAttributes: { verb, path } }
    const access = (await post('authorization.k8s.io', 'SubjectAccessReview', {
      user: username,
      groups,
      ...attributes,
    })) as { allowed?: boolean }
    return access.allowed === true
  }
}
