/** Ten thousand pods: created by POST, read as a list, read as a stream. */
import { jsonLines } from '../../src/protocol/index.ts'
import type { HttpClient } from '../../src/world/index.ts'
import type { ApiServerProcess } from './apiserver.ts'
import { podBody } from './pods.ts'
import { openWires, type Wires } from './wire.ts'

const PODS = 10_000
const CONNECTIONS = 16
const CALL_MS = 60_000
const LINE_BYTES_MAX = 8 * 1_024 * 1_024
const PATH = '/api/v1/namespaces/default/pods'

export interface Load {
  readonly pods: number
  /** Of a pod's JSON as it is stored, on average. */
  readonly bytesEach: number
  readonly createMs: number
  readonly createCpuMs: number
  /** One list, parsed, and the watch that goes on from it is open. */
  readonly listMs: number
  /** A watch with initial events, each parsed, up to the bookmark that ends them. */
  readonly streamMs: number
}

export async function loadPods(server: ApiServerProcess): Promise<Load> {
  const { client } = server
  const cpuBefore = await server.cpuMs()
  const wires = await openWires(server.wire, CONNECTIONS)
  const createMs = await createPods(wires, PODS)
  wires.close()
  const createCpuMs = (await server.cpuMs()) - cpuBefore
  const { bytes, items, tookMs } = await listAndWatch(client)
  if (items !== PODS) throw new Error(`${items} pods were listed`)
  const streamMs = await stream(client)
  return {
    pods: PODS,
    bytesEach: Math.round(bytes / PODS),
    createMs,
    createCpuMs,
    listMs: tookMs,
    streamMs,
  }
}

/** One POST each, as many at once as there are connections. The bodies are made before the time is taken. */
export async function createPods(
  wires: Wires,
  count: number,
  bodyOf: (index: number) => object = podBody,
): Promise<number> {
  const bodies = Array.from({ length: count }, (_, index) => Buffer.from(JSON.stringify(bodyOf(index))))
  const startedMs = performance.now()
  await Promise.all(bodies.map((body) => wires.call('POST', PATH, 'application/json', body, 201)))
  return performance.now() - startedMs
}

async function listAndWatch(client: HttpClient): Promise<{ bytes: number; items: number; tookMs: number }> {
  const startedMs = performance.now()
  const answer = await client.request({ method: 'GET', path: '/api/v1/pods', headersTimeoutMs: CALL_MS })
  const chunks: Uint8Array[] = []
  for await (const chunk of answer.body) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  const { metadata, items } = JSON.parse(body.toString('utf8')) as {
    metadata: { resourceVersion: string }
    items: readonly unknown[]
  }
  const stop = new AbortController()
  const watch = await client.request({
    method: 'GET',
    path: `/api/v1/pods?watch=true&allowWatchBookmarks=true&resourceVersion=${metadata.resourceVersion}`,
    lane: 'stream',
    headersTimeoutMs: CALL_MS,
    bodyTimeoutMs: 0,
    signal: stop.signal,
  })
  const tookMs = performance.now() - startedMs
  if (watch.status !== 200) throw new Error(`the watch was answered with ${watch.status}`)
  stop.abort(new Error('the measurement is over'))
  return { bytes: body.length, items: items.length, tookMs }
}

async function stream(client: HttpClient): Promise<number> {
  const startedMs = performance.now()
  const answer = await client.request({
    method: 'GET',
    path: '/api/v1/pods?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
    lane: 'stream',
    headersTimeoutMs: CALL_MS,
    bodyTimeoutMs: CALL_MS,
  })
  let added = 0
  for await (const line of jsonLines(answer.body, LINE_BYTES_MAX)) {
    const { type } = line as { type: string }
    if (type === 'BOOKMARK') {
      if (added !== PODS) throw new Error(`${added} pods were streamed`)
      return performance.now() - startedMs
    }
    added += 1
  }
  throw new Error('the stream ended before its list was complete')
}
