/** Reads kube-apiserver's audit log: who wrote what. */
import { existsSync, readFileSync } from 'node:fs'

/** The parts of audit.k8s.io/v1 Event that are looked at. */
export interface AuditEvent {
  readonly verb: string
  readonly user: { readonly username: string }
  readonly userAgent?: string
  readonly requestURI: string
  readonly objectRef?: {
    readonly resource?: string
    readonly namespace?: string
    readonly name?: string
    readonly apiGroup?: string
    readonly subresource?: string
  }
  readonly responseStatus?: { readonly code?: number }
  /** RFC 3339 with microseconds, by the server's clock. */
  readonly requestReceivedTimestamp: string
}

/** Writes at level Metadata, when their answer is complete; reads are left out. */
export const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [{ level: 'None', verbs: ['get', 'list', 'watch'] }, { level: 'Metadata' }],
}

const WRITES = new Set(['create', 'update', 'patch', 'delete', 'deletecollection'])

export interface AuditQuery {
  /** The user, or what it begins with when this ends with a colon. */
  readonly user?: string
  /** What the User-Agent begins with. */
  readonly userAgent?: string
  /** Leases of this namespace are not counted: whoever leads renews one every two seconds. */
  readonly exceptLeasesIn?: string
}

export interface AuditLog {
  /** Where the log stands now, for `writes` of what comes after. */
  mark(): number
  /** Writes since the mark that match, refused ones and dry runs included. The server logs before it answers. */
  writes(query: AuditQuery, since?: number): AuditEvent[]
}

export function openAuditLog(file: string): AuditLog {
  const bytes = () => (existsSync(file) ? readFileSync(file) : Buffer.alloc(0))
  return {
    mark: () => bytes().length,
    writes: (query, since = 0) =>
      bytes()
        .subarray(since)
        .toString()
        .split('\n')
        // The last line may be half written: it is another one's, ours were complete before their answers.
        .flatMap((line) => (line.endsWith('}') ? [JSON.parse(line) as AuditEvent] : []))
        .filter((event) => WRITES.has(event.verb) && matches(event, query)),
  }
}

function matches(event: AuditEvent, query: AuditQuery): boolean {
  const { resource, namespace } = event.objectRef ?? {}
  if (query.exceptLeasesIn !== undefined && resource === 'leases' && namespace === query.exceptLeasesIn)
    return false
  const { username } = event.user
  if (query.user !== undefined && username !== query.user)
    if (!query.user.endsWith(':') || !username.startsWith(query.user)) return false
  return query.userAgent === undefined || (event.userAgent ?? '').startsWith(query.userAgent)
}

/** One line a write, for messages. */
export const inWords = (events: readonly AuditEvent[]): string[] =>
  events.map(({ verb, requestURI, responseStatus }) => `${verb} ${requestURI} ${responseStatus?.code ?? ''}`)
