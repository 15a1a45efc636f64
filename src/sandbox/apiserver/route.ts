/** What a request asks for, told from its method and path (apiserver's RequestInfo). Pure. */
import type { HttpMethod } from '../../world/index.ts'

export interface ResourceRoute {
  readonly kind: 'resource'
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly namespace: string | undefined
  readonly name: string | undefined
  readonly subresource: string | undefined
  /** Kubernetes' verb; undefined when the method is not allowed here. */
  readonly verb: string | undefined
}

export type Route = ResourceRoute | { readonly kind: 'other'; readonly path: string }

const COLLECTION_VERBS: Partial<Record<HttpMethod, string>> = {
  GET: 'list',
  HEAD: 'list',
  POST: 'create',
  DELETE: 'deletecollection',
}
const OBJECT_VERBS: Partial<Record<HttpMethod, string>> = {
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
  POST: 'create',
}

/** Undefined for a path whose escapes are not valid. */
export function parseRoute(method: HttpMethod, path: string, query: URLSearchParams): Route | undefined {
  let parts: string[]
  try {
    parts = path
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent)
  } catch {
    return undefined
  }
  const isCore = parts[0] === 'api'
  const prefix = isCore ? 2 : 3
  if ((!isCore && parts[0] !== 'apis') || parts.length <= prefix) return { kind: 'other', path }
  const group = isCore ? '' : (parts[1] ?? '')
  const version = parts[prefix - 1] ?? ''
  return { kind: 'resource', group, version, ...readTail(parts.slice(prefix), method, query) }
}

type Tail = Omit<ResourceRoute, 'kind' | 'group' | 'version'>

function readTail(tail: readonly string[], method: HttpMethod, query: URLSearchParams): Tail {
  // /namespaces/NAME is the namespace itself, with its own subresources; deeper it is a scope.
  const isScoped =
    tail[0] === 'namespaces' &&
    tail.length > 2 &&
    !(tail.length === 3 && /^(status|finalize)$/.test(tail[2] ?? ''))
  const namespace = isScoped ? tail[1] : undefined
  const [plural = '', name, ...sub] = isScoped ? tail.slice(2) : tail
  const subresource = sub.length === 0 ? undefined : sub.join('/')
  const isWatch = /^(1|t|true)$/i.test(query.get('watch') ?? '')
  const verb = name === undefined ? COLLECTION_VERBS[method] : OBJECT_VERBS[method]
  const isRead = verb === 'list' || (verb === 'get' && subresource === undefined)
  return { plural, namespace, name, subresource, verb: isRead && isWatch ? 'watch' : verb }
}
