/** Twenty clusters on one manager over real sockets; with 200 the same is measured (`npm run bench -- manager`). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { measureClusters } from '../../bench/manager-clusters.ts'

const CLUSTERS = 20
const CHANGES = 10
/** Of memory for each cluster with its 40 policies: some 100 KiB are seen. */
const HEAP_A_CLUSTER_MAX = 2 * 1_048_576

test('changes reach every cluster, all come back at once, and each holds the same', {
  timeout: 60_000,
}, async () => {
  const seen = await measureClusters(
    { clusters: CLUSTERS, policies: 40, changes: CHANGES, storms: 2 },
    () => {},
  )
  assert.equal(seen.lastMs.length, CHANGES)
  assert.equal(seen.eachMs.length, CHANGES * CLUSTERS)
  // Not a measure of speed: a busy machine takes its time, a fan-out that waits for a heartbeat takes 15 s.
  assert.ok(Math.max(...seen.lastMs) < 5_000, `the last adapter waited ${Math.max(...seen.lastMs)} ms`)
  assert.ok(Math.max(...seen.stormMs) < 20_000, `coming back took ${Math.max(...seen.stormMs)} ms`)
  const grown = seen.after.heapBytes - seen.empty.heapBytes
  assert.ok(grown < CLUSTERS * HEAP_A_CLUSTER_MAX, `the heap grew by ${grown} bytes`)
})
