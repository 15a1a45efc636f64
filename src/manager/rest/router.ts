/** Which route a request takes. A pattern's segments are words or `:names`. */
import type { HttpMethod, ServerRequest, ServerResponse } from '../../world/index.ts'
import { badRequest, NsxApiError } from './reply.ts'

/**
 * Who asks: a person by name and password or a principal identity that is an administrator, a registered cluster by its
 * certificate, or a principal identity that may only read.
 */
export type Principal =
  | { readonly kind: 'user'; readonly name: string }
  | { readonly kind: 'reader'; readonly name: string; readonly roles: readonly string[] }
  | { readonly kind: 'cluster'; readonly name: string; readonly nodeId: string; readonly fingerprint: string }

/**
 * Who may: `public` everybody, `read` every principal, `admin` persons, `cluster` a cluster's certificate, `inventory`
 * persons and the cluster that the call is about (its parameter `cluster`).
 */
export type Access = 'public' | 'read' | 'admin' | 'cluster' | 'inventory'

export interface Call {
  readonly request: ServerRequest
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** Undefined only on `public` routes. */
  readonly principal: Principal | undefined
}

export interface Route {
  readonly method: HttpMethod
  readonly pattern: string
  readonly access: Access
  /** Changes what users see: policy or inventory. */
  readonly mutating?: boolean
  readonly run: (call: Call) => ServerResponse | Promise<ServerResponse>
}

export interface Matched {
  readonly route: Route
  readonly params: Readonly<Record<string, string>>
}

export interface Router {
  /** The route and its parameters, decoded; undefined when no pattern fits. Throws 405 for a known path with another method. */
  match(method: HttpMethod, path: string): Matched | undefined
}

export function createRouter(routes: readonly Route[]): Router {
  const byLength = new Map<number, { route: Route; words: readonly string[] }[]>()
  for (const route of routes) {
    const words = route.pattern.split('/')
    byLength.set(words.length, [...(byLength.get(words.length) ?? []), { route, words }])
  }
  return {
    match(method, path) {
      const segments = path.replace(/\/+$/, '').split('/')
      const fitting = (byLength.get(segments.length) ?? []).filter(({ words }) =>
        words.every((word, index) =>
          word.startsWith(':') ? segments[index] !== '' : word === segments[index],
        ),
      )
      const hit = fitting.find(({ route }) => route.method === method)
      if (hit === undefined) {
        if (fitting.length === 0) return undefined
        throw methodNotAllowed(
          method,
          fitting.map(({ route }) => route.method),
        )
      }
      return { route: hit.route, params: paramsOf(hit.words, segments) }
    },
  }
}

function paramsOf(words: readonly string[], segments: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.flatMap((word, index) =>
      word.startsWith(':') ? [[word.slice(1), decodeSegment(segments[index] ?? '')]] : [],
    ),
  )
}

/** One decoded path segment. Throws 400 when its escapes are broken. */
export function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw badRequest('The URL has a broken escape.')
  }
}

export const methodNotAllowed = (method: string, allowed: readonly string[]): NsxApiError =>
  new NsxApiError(405, 255, `${method} is not supported here; use ${allowed.join(', ')}.`, {
    headers: { allow: allowed.join(', ') },
  })
