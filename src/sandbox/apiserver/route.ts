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

/** A flag of the query as apimachinery reads it: on when it is there, but for `false` and `0`. */
export const isOn = (text: string | null): boolean => text !== null && text !== 'false' && text !== '0'

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
  const tail = parts.slice(prefix)
  // The old form of a watch, /api/v1/watch/…; no resource is called so.
  const isOldWatch = tail[0] === 'watch' && tail.length > 1 && method === 'GET'
  const read = readTail(isOldWatch ? tail.slice(1) : tail, method, query)
  return { kind: 'resource', group, version, ...read, ...(isOldWatch ? { verb: 'watch' } : {}) }
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
  const isWatch = isOn(query.get('watch'))
  const verb = name === undefined ? COLLECTION_VERBS[method] : OBJECT_VERBS[method]
  const isRead = verb === 'list' || (verb === 'get' && subresource === undefined)
  return { plural, namespace, name, subresource, verb: isRead && isWatch ? 'watch' : verb }
}
