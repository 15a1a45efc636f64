/** Changes at a fixed rate, and when each of some watches has read them. */
import type { ApiServerProcess } from './apiserver.ts'
import { createPods } from './apiserver-load.ts'
import { openStream, openWires, type Wires } from './wire.ts'

const WATCHERS = 5
const PODS = 1_000
const CHANGES_PER_SECOND = 2_000
const SECONDS = 8
const CHANGES = CHANGES_PER_SECOND * SECONDS
const TICK_MS = 5
const CALL_MS = 20_000
/** At a quarter of the rate all events are read by then. */
const EVENTS_LIMIT_MS = 20_000
const CONNECTIONS = 16
const PATH = '/api/v1/namespaces/default/pods'

export interface Served {
  readonly changes: number
  readonly watchers: number
  readonly events: number
  /** Changes a second that were answered. */
  readonly perSecond: number
  readonly tookMs: number
  readonly cpuMs: number
  /** Of each event at each watcher: from when its change was due until the event was read. */
  readonly lagsMs: readonly number[]
}

/**
 * A thousand pods; 2,000 times a second one's status is patched, as kubelets do. A change counts from the moment it is
 * due, also when the client is late with it. Watches look at each event's number only; parsing is the clients' affair.
 */
export async function servedChanges(
  server: ApiServerProcess,
  bodyOf: (index: number) => { readonly metadata: { readonly name: string } },
): Promise<Served> {
  const wires = await openWires(server.wire, CONNECTIONS)
  await createPods(wires, PODS, bodyOf)
  const names = Array.from({ length: PODS }, (_, index) => bodyOf(index).metadata.name)
  const dueMs: number[] = []
  const lagsMs: number[] = []
  const from = await newestVersion(server)
  const watches = await Promise.all(
    Array.from({ length: WATCHERS }, () =>
      openStream(
        server.wire,
        `${PATH}?watch=true&resourceVersion=${from}`,
        marks((change) => lagsMs.push(performance.now() - dueMs[change]!)),
      ),
    ),
  )
  const cpuBefore = await server.cpuMs()
  const startedMs = performance.now()
  await change(wires, names, startedMs, dueMs)
  const deadlineMs = performance.now() + EVENTS_LIMIT_MS
  while (lagsMs.length < WATCHERS * CHANGES && performance.now() < deadlineMs) await wait(TICK_MS)
  const tookMs = performance.now() - startedMs
  const cpuMs = (await server.cpuMs()) - cpuBefore
  for (const watch of watches) watch.close()
  wires.close()
  if (lagsMs.length !== WATCHERS * CHANGES)
    throw new Error(`${lagsMs.length} events were read, not ${WATCHERS * CHANGES}`)
  const perSecond = (1_000 * CHANGES) / tookMs
  return { changes: CHANGES, watchers: WATCHERS, events: lagsMs.length, perSecond, tookMs, cpuMs, lagsMs }
}

const wait = (delayMs: number) => new Promise<void>((resolve) => setTimeout(resolve, delayMs))

async function newestVersion({ client }: ApiServerProcess): Promise<string> {
  const answer = await client.request({ method: 'GET', path: `${PATH}?limit=1`, headersTimeoutMs: CALL_MS })
  let text = ''
  for await (const chunk of answer.body) text += Buffer.from(chunk).toString('utf8')
  return (JSON.parse(text) as { metadata: { resourceVersion: string } }).metadata.resourceVersion
}

/** At the rate, or as fast as the server answers; resolves when each change has been answered. */
async function change(
  wires: Wires,
  names: readonly string[],
  startedMs: number,
  dueMs: number[],
): Promise<void> {
  const calls: Promise<void>[] = []
  while (dueMs.length < CHANGES) {
    const due = Math.floor(((performance.now() - startedMs) / 1_000) * CHANGES_PER_SECOND) + 1
    while (dueMs.length < Math.min(CHANGES, due)) {
      const number = dueMs.length
      dueMs.push(startedMs + (number * 1_000) / CHANGES_PER_SECOND)
      const body = Buffer.from(JSON.stringify({ status: { phase: 'Running', message: `change-${number};` } }))
      const path = `${PATH}/${names[number % names.length]}/status`
      calls.push(wires.call('PATCH', path, 'application/strategic-merge-patch+json', body, 200))
    }
    await wait(TICK_MS)
  }
  await Promise.all(calls)
}

const MARK = Buffer.from('"message":"change-')
const END = ';'.charCodeAt(0)
/** Longer than a mark with its number. */
const MARK_BYTES_MAX = MARK.length + 16

/** Reads the number of each event from the stream's text; one that is cut in two is found with the next chunk. */
function marks(seen: (change: number) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0)
  return (chunk) => {
    const bytes = Buffer.concat([rest, chunk])
    let from = 0
    while (true) {
      const at = bytes.indexOf(MARK, from)
      const end = at === -1 ? -1 : bytes.indexOf(END, at)
      if (end === -1) break
      seen(Number(bytes.toString('latin1', at + MARK.length, end)))
      from = end
    }
    rest = Buffer.from(bytes.subarray(Math.max(from, bytes.length - MARK_BYTES_MAX)))
  }
}
