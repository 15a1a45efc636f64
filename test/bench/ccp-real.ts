/** The policy of full size into a real kube-apiserver: the adapter's cold start, beside the one into the embedded one. */
import { USER } from '../real/harness/nsx.ts'
import { type Stack, startStack } from '../real/harness/stack.ts'
import { administratorOf, fillManager } from './ccp-fill.ts'
import { GROUPS, POLICIES } from './ccp-scale.ts'
import { type Row, rowOf } from './report.ts'

const CNPS = '/apis/crd.antrea.io/v1beta1/clusternetworkpolicies'
/** A cold start that is not through by then is told as one that failed. */
const LIMIT_MS = 210_000
const LOOK_MS = 500
/** antrea-controller's client writes 50 statuses a second, which for so many groups takes minutes and is nothing of ours. */
const STATUSES_PER_SECOND = 100_000

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** The figure; when it is not through in time that is told, and the others of the benchmark stay as they are. */
export async function benchRealStart(say: (line: string) => void): Promise<Row[]> {
  const stack = await startStack({ statusWritesPerSecond: STATUSES_PER_SECOND })
  try {
    await fillManager(administratorOf(stack.nsx.manager.handler, USER), stack.nsx.cluster.id)
    say(`${POLICIES} policies and ${GROUPS} groups are in the manager`)
    const writes = stack.countWrites()
    const startedMs = performance.now()
    const adapter = await stack.adapter.run('bench')
    await adapter.ready('leading', { withinMs: LIMIT_MS, everyMs: LOOK_MS })
    const syncedMs = performance.now()
    let there = 0
    while (there < POLICIES) {
      await sleep(LOOK_MS)
      there = await count(stack)
      if (performance.now() - startedMs > LIMIT_MS) throw new Error(`${there} policies after ${LIMIT_MS} ms`)
    }
    const took = performance.now() - startedMs
    const ours = writes.kube().filter(({ objectRef }) => objectRef?.apiGroup === 'crd.antrea.io').length
    say(
      `real kube-apiserver: ${took.toFixed(0)} ms (${(syncedMs - startedMs).toFixed(0)} until it led), ${ours} writes`,
    )
    return [
      rowOf(
        `real kube-apiserver, cold start: process started → last of ${ours} objects accepted`,
        [took],
        '',
      ),
    ]
  } catch (error) {
    say(`full size through a real kube-apiserver: ${String(error)}`)
    return [rowOf('full size through a real kube-apiserver: not through in time', [], '')]
  } finally {
    await stack.stop()
  }
}

/** ClusterNetworkPolicies there, as a list of one tells. */
async function count({ plane }: Stack): Promise<number> {
  const { items, metadata } = await plane.api.get(`${CNPS}?limit=1`)
  return items.length + (metadata.remainingItemCount ?? 0)
}
