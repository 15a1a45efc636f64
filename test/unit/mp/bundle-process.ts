/**
 * In a process of its own: a bundle of BUNDLE_MIB that is made as it is read, over loopback from an API server that breaks
 * off in the middle, checked, and sent in parts to a manager that keeps nothing. Prints bytes, sum and how memory grew.
 */
import { SILENT } from '../../../src/log/index.ts'
import { createContentSink } from '../../../src/mp/requests/content.ts'
import { createNsxManager } from '../../../src/nsx/index.ts'
import { wholeOf } from '../../../src/operations/bundle/whole.ts'
import { createHttpClient, createRealClock, createRealRandom } from '../../../src/world/real.ts'

const [kubeOrigin = '', nsxOrigin = '', sha256 = '', size = '0'] = process.argv.slice(2)
const [clock, random] = [createRealClock(), createRealRandom()]
const kube = createHttpClient({ origin: kubeOrigin })
const http = createHttpClient({ origin: nsxOrigin })
const nsx = createNsxManager({ http, clock, random, log: SILENT })
const sink = createContentSink({ nsx, clock, random, clusterId: 'c', id: 'r', session: () => 's' })
const signal = new AbortController().signal
const sum = { sha256, bytes: Number(size) }

const download = async (reading: AbortSignal) => {
  const wanted = {
    method: 'GET',
    path: '/',
    lane: 'stream',
    headersTimeoutMs: 10_000,
    signal: reading,
  } as const
  return (await kube.request(wanted)).body
}

const WARM_BYTES = 16 * 1_048_576
const rss = () => process.memoryUsage().rss
/** When the first parts are on their way: what the programs of both ends need themselves is there then. */
let before: number | undefined
let most = 0
const watching = setInterval(() => {
  most = Math.max(most, rss())
}, 5)
const content = {
  name: 'controller.tar.gz',
  sum,
  open: (reading: AbortSignal) => wholeOf(download, sum, 'test', clock, reading),
}
const began = clock.monotonicMs()
const taken = await sink.take(content, signal, (bytes) => {
  if (bytes >= WARM_BYTES) before ??= rss()
})
clearInterval(watching)
await Promise.all([kube.close(), http.close()])
const grownMib = Math.round((most - (before ?? 0)) / 1_048_576)
process.stdout.write(JSON.stringify({ ...taken, grownMib, ms: Math.round(clock.monotonicMs() - began) }))
