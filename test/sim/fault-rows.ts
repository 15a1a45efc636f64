/**
 * The kinds of request that the fault matrix (faults.test.ts) puts through every fault: one row a kind. A new kind is a row
 * here, and nothing else.
 */
import assert from 'node:assert/strict'
import { CLUSTER_ID, type World } from './world.ts'

export interface Event {
  readonly seq: number
  readonly t: string
  readonly [field: string]: unknown
}

export interface Scene {
  readonly world: World
  /** Of two running Pods on two Nodes. */
  readonly pods: readonly [string, string]
  /** Writes to the API server so far, as `verb path`. */
  readonly writes: readonly string[]
}

export interface FaultRow {
  readonly kind: string
  /** Of the request; may prepare the scene. `nth` counts the requests of this kind. */
  body(scene: Scene, nth: number): unknown
  /** Throws unless the answer is the one that a link without faults gives. `events` are all of the request, the answer last. */
  check(events: readonly Event[], scene: Scene): void
  /** Of a scene's writes those that are this kind's effect, and how many each request has: more were doubled, fewer lost. */
  readonly effect?: { readonly pattern: RegExp; readonly each: number }
  /** What requests of this kind have left in the cluster; 0 a while after the last. */
  left?(scene: Scene): number
}

const answerOf = (events: readonly Event[]): Event => events.at(-1) ?? { seq: 0, t: '' }

export const FAULT_ROWS: readonly FaultRow[] = [
  {
    kind: 'statistics',
    body: () => ({ kinds: ['K8sNetworkPolicy'] }),
    check(events) {
      const { source, policy_count } = answerOf(events)
      assert.deepEqual([source, policy_count], ['antrea-controller', 1])
      // Told once, in whichever session.
      assert.equal(
        events.flatMap((event) => (event['policies'] as readonly unknown[] | undefined) ?? []).length,
        1,
      )
    },
  },
  {
    kind: 'traceflow',
    body: ({ pods }) => ({
      container_cluster_id: CLUSTER_ID,
      source_external_id: pods[0],
      destination_external_id: pods[1],
      packet: { transportHeader: { tcpHeader: { dstPort: 80, tcpFlags: 2 } } },
    }),
    check(events) {
      assert.equal(answerOf(events)['phase'], 'SUCCEEDED')
      assert.ok(events.some(({ t }) => t === 'observation'))
    },
    effect: { pattern: /^create .*\/traceflows$/, each: 1 },
    left: ({ world }) => world.cluster.api.list('traceflows.crd.antrea.io').length,
  },
  {
    kind: 'logs',
    body: () => ({ component: ['controller'], limit: 20 }),
    check(events) {
      const lines = events.flatMap((event) => (event['lines'] as readonly unknown[] | undefined) ?? [])
      assert.ok(lines.length > 0)
      // Each line once, in whichever session.
      assert.equal(lines.length, answerOf(events)['line_count'])
      assert.equal(new Set(lines.map((line) => JSON.stringify(line))).size, lines.length)
    },
  },
  {
    kind: 'support-bundle',
    body: () => ({ components: ['controller', 'cluster'] }),
    check(events) {
      const { components } = answerOf(events) as unknown as { components: readonly { state: string }[] }
      assert.deepEqual(
        components.map(({ state }) => state),
        ['done', 'done'],
      )
    },
    left: ({ world }) =>
      world.cluster.api.list('configmaps').filter(({ metadata }) => metadata.name.startsWith('nsx-')).length,
  },
  {
    kind: 'inventory-resync',
    body: () => ({}),
    check(events) {
      const { counts } = answerOf(events) as unknown as { counts: Record<string, number> }
      const { created, updated, deleted, refused, guarded } = counts
      assert.deepEqual([created, updated, deleted, refused, guarded], [0, 0, 0, 0, 0])
    },
  },
]
