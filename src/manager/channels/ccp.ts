/** CCP: snapshot and watch down, status up (docs/protocol.md §2). */
import { MANAGER_CHUNK_BYTES, MANAGER_RESET_PERIOD_MS, STATUS_ITEMS_MAX } from '../../limits.ts'
import { jsonLine, StatusReport } from '../../protocol/index.ts'
import type { ServerResponse } from '../../world/index.ts'
import type { ClusterView } from '../clusters/index.ts'
import { badRequest, type Call, json, NsxApiError, type Route, readJson } from '../rest/index.ts'
import { type ChannelOptions, sessionOf } from './routes.ts'
import { byeLine, type ChannelSession, conflict, type StreamName } from './sessions.ts'
import type { ClusterState } from './states.ts'
import { createLineStream, type LineStream, type StreamOptions } from './stream.ts'

const BASE = '/ccp/v1/clusters/:cluster'

export function ccpRoutes(options: ChannelOptions): readonly Route[] {
  return [
    { method: 'GET', pattern: `${BASE}/snapshot`, access: 'cluster', run: (call) => snapshot(options, call) },
    { method: 'GET', pattern: `${BASE}/watch`, access: 'cluster', run: (call) => watch(options, call) },
    { method: 'POST', pattern: `${BASE}/status`, access: 'cluster', run: (call) => status(options, call) },
  ]
}

/** Opens the session's stream of this name; an older one of the same name ends. */
export function openStream(
  options: ChannelOptions,
  state: ClusterState,
  session: ChannelSession,
  name: StreamName,
  call: Call,
  pull: StreamOptions['pull'],
): LineStream {
  session.streams.get(name)?.end()
  const made: { stream?: LineStream; ended?: boolean } = {}
  const { storage } = options
  /** Nothing is told that may still be refused: it would have to be taken back. */
  const pullSettled: StreamOptions['pull'] = () => {
    if (!storage.isPending) return pull()
    storage.afterSettled(() => made.stream?.wake())
    return undefined
  }
  made.stream = createLineStream({
    clock: options.clock,
    heartbeatMs: options.heartbeatMs,
    signal: call.request.signal,
    // A certificate may expire while its stream is open; it is looked at whenever there is something to say.
    pull: () =>
      options.directory.isCurrent(state.nodeId, session.fingerprint)
        ? pullSettled()
        : { text: byeLine(), last: true },
    onTaken() {
      session.heardAtMs = options.clock.monotonicMs()
    },
    onEnd() {
      made.ended = true
      if (session.streams.get(name) === made.stream) session.streams.delete(name)
    },
  })
  // A reader that left before its stream was made has ended it already.
  if (made.ended !== true) session.streams.set(name, made.stream)
  return made.stream
}

export const streamed = (
  body: AsyncIterable<string>,
  headers: Readonly<Record<string, string>> = {},
): ServerResponse => ({
  status: 200,
  headers: { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store', ...headers },
  body,
})

function snapshot(options: ChannelOptions, call: Call): ServerResponse {
  const { state, session } = sessionOf(options, 'ccp', call)
  const { view } = state
  const digest = view.digest()
  // With 304 there is no `begin` to tell the version from which to watch.
  const headers = { etag: `"${digest}"`, 'snapshot-version': String(view.version) }
  const held = call.request.headers['if-none-match']?.replace(/^W\//, '').replaceAll('"', '')
  if (held === digest) return { status: 304, headers }
  const chunks = snapshotChunks(
    view.entries(),
    view.version,
    digest,
    options.states.source,
    options.states.epoch,
  )
  const stream = openStream(options, state, session, 'snapshot', call, () => {
    const { value, done } = chunks.next()
    return done === true ? { text: value, last: true } : { text: value }
  })
  return streamed(stream.body, headers)
}

/** Entries are immutable: what is sent is the state at the moment of the call, however slowly it is read. */
function* snapshotChunks(
  entries: ReturnType<ClusterView['entries']>,
  version: number,
  digest: string,
  source: string,
  epoch: string,
): Generator<string, string> {
  const counts: Record<string, number> = {}
  let chunk = jsonLine({ t: 'begin', source, epoch, version })
  for (const { kind, line } of entries) {
    counts[kind] = (counts[kind] ?? 0) + 1
    chunk += line
    if (chunk.length < MANAGER_CHUNK_BYTES) continue
    yield chunk
    chunk = ''
  }
  return `${chunk}${jsonLine({ t: 'end', version, counts, digest })}`
}

function watch(options: ChannelOptions, call: Call): ServerResponse {
  const { state, session } = sessionOf(options, 'ccp', call)
  const { view } = state
  const { epoch } = options.states
  const from = call.query.get('from') ?? ''
  // Before the snapshot: whatever is committed from here on comes, and the snapshot stands at this version or a later one.
  let at = from === 'begin' ? view.version : Number(from)
  if (from === '' || !Number.isInteger(at)) throw badRequest('from must be a version or begin.')
  if (call.query.get('epoch') !== epoch || view.next(at) === 'gone')
    // Without a code in words: 410 says it all, and clients know it by the status.
    throw new NsxApiError(410, 410, 'History does not reach back to this version; read the snapshot again.')
  let opened = false
  const stream = openStream(options, state, session, 'watch', call, () => {
    if (!opened) {
      opened = true
      return { text: jsonLine({ t: 'open', epoch, from: at }) }
    }
    const commit = view.next(at)
    if (commit === undefined) return undefined
    if (commit === 'gone')
      return { text: jsonLine({ t: 'reset', reason: 'the reader is too far behind' }), last: true }
    at = commit.version
    return { text: commit.lines.join('') }
  })
  return streamed(stream.body)
}

async function status(options: ChannelOptions, call: Call): Promise<ServerResponse> {
  const parsed = StatusReport.safeParse(await readJson(call.request))
  if (!parsed.success)
    throw badRequest(`The status report is malformed: ${parsed.error.message.slice(0, 500)}`)
  const report = parsed.data
  if (report.items.length > STATUS_ITEMS_MAX)
    throw badRequest(`A status report may hold at most ${STATUS_ITEMS_MAX} items.`)
  const { state, session } = sessionOf(options, 'ccp', call, report.session)
  if (report.seq !== session.statusSeq)
    throw conflict('STATUS_SEQUENCE', `The report ${session.statusSeq} was expected.`, {
      expected: session.statusSeq,
    })
  state.realization.take(report)
  session.statusSeq += 1
  compareDigests(options, state, session, report.desired)
  return json(202, { acknowledged: report.seq })
}

/** Anti-entropy: a cluster that holds another set than it should at this very version reads it anew. */
function compareDigests(
  { clock }: ChannelOptions,
  state: ClusterState,
  session: ChannelSession,
  desired: StatusReport['desired'],
): void {
  const { view } = state
  const kept = desired.version === view.version ? view.digest() : view.digestAt(desired.version)
  if (kept === undefined || kept === desired.digest) return
  const now = clock.monotonicMs()
  if (now - state.resetAtMs < MANAGER_RESET_PERIOD_MS) return
  state.resetAtMs = now
  session.streams
    .get('watch')
    ?.end(jsonLine({ t: 'reset', reason: 'the digest of the held set is another one' }))
}
