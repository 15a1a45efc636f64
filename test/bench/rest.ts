/**
 * What policy over NSX's public REST API costs NSX, and how late it is: the driver and the manager in one process on a clock
 * that is told to go, so that a day takes seconds. The times are those of the budget and of the pauses between the cycles;
 * beside them a manager's own milliseconds are little.
 */
import { REST_POLL_JITTER_MS, REST_POLL_MS } from '../../src/limits.ts'
import { CCP_PATH, DOMAIN } from '../contract/manager/harness.ts'
import { createSeededRandom } from '../fakes/clock.ts'
import { type RestWorld, restWorld } from '../unit/ccp/rest/world.ts'
import { rowOf } from './report.ts'

interface Size {
  readonly name: string
  /** Of this cluster, each with two groups of its own. */
  readonly policies: number
  /** Of other clusters and of NSX's own firewall: groups. */
  readonly others: number
}

const SIZES: readonly Size[] = [
  { name: '20 policies', policies: 20, others: 0 },
  { name: '200 policies beside 2,000 objects of others', policies: 200, others: 2_000 },
]
const CHANGES = 100
const IDLE_CYCLES = 50
const STEP_MS = 100
const INFRA = '/policy/api/v1/infra'
const CHILDREN_MAX = 1_000

const group = (id: string, value: string) => ({
  resource_type: 'ChildGroup',
  Group: {
    resource_type: 'Group',
    id,
    expression: [
      {
        resource_type: 'Condition',
        member_type: 'Pod',
        key: 'Tag',
        operator: 'EQUALS',
        value: `dis:k8s:app|${value}`,
      },
    ],
  },
})

const policy = (n: number) => ({
  resource_type: 'ChildSecurityPolicy',
  SecurityPolicy: {
    resource_type: 'SecurityPolicy',
    id: `p${n}`,
    category: 'Application',
    rules: ['a', 'b'].map((which, at) => ({
      id: `r-${which}`,
      action: 'ALLOW',
      direction: 'IN',
      sequence_number: at,
      source_groups: [`/infra/domains/default/groups/${which}${n}`],
      destination_groups: ['ANY'],
      services: ['ANY'],
    })),
    children: [
      {
        resource_type: 'ChildSecurityPolicyContainerCluster',
        SecurityPolicyContainerCluster: {
          resource_type: 'SecurityPolicyContainerCluster',
          id: 'span',
          container_cluster_path: CCP_PATH,
        },
      },
    ],
  },
})

async function furnish({ user }: RestWorld, { policies, others }: Size): Promise<void> {
  const children = [
    ...Array.from({ length: policies }, (_, n) => [
      group(`a${n}`, 'a'),
      group(`b${n}`, 'b'),
      policy(n),
    ]).flat(),
    ...Array.from({ length: others }, (_, n) => group(`other${n}`, 'x')),
  ]
  for (let at = 0; at < children.length; at += CHILDREN_MAX) {
    const domain = {
      resource_type: 'ChildResourceReference',
      target_type: 'Domain',
      id: 'default',
      children: children.slice(at, at + CHILDREN_MAX),
    }
    const answer = await user.send('PATCH', INFRA, { resource_type: 'Infra', children: [domain] })
    if (answer.status !== 200) throw new Error(answer.text)
  }
}

/** Until the driver holds what the channel does; the time it took. */
async function untilSame(world: RestWorld): Promise<number> {
  const startMs = world.clock.monotonicMs()
  for (;;) {
    await world.settle()
    if (world.isSame()) return world.clock.monotonicMs() - startMs
    await world.clock.advance(STEP_MS)
  }
}

async function measure(size: Size, say: (line: string) => void): Promise<readonly string[]> {
  const world = await restWorld({ seed: 1 })
  const random = createSeededRandom(2)
  try {
    await furnish(world, size)
    world.start()
    const firstMs = await untilSame(world)
    const first = world.requests.length
    say(`${size.name}: first read after ${(firstMs / 1_000).toFixed(1)} s, ${first} requests`)
    await world.clock.advance(60_000)
    const before = world.requests.length
    const idleMs = IDLE_CYCLES * (REST_POLL_MS + REST_POLL_JITTER_MS / 2)
    await world.clock.advance(idleMs)
    const idle = (world.requests.length - before) / IDLE_CYCLES
    const changedMs: number[] = []
    const removedMs: number[] = []
    let asked = 0
    for (let n = 0; n < CHANGES; n += 1) {
      await world.clock.advance(random.next() * 30_000)
      const at = world.requests.length
      const one = n % size.policies
      await world.user.send('PATCH', `${DOMAIN}/security-policies/p${one}/rules/r-a`, {
        ...policy(one).SecurityPolicy.rules[0],
        action: n % 2 === 0 ? 'DROP' : 'ALLOW',
        notes: String(n),
      })
      await world.clock.settle()
      changedMs.push(await untilSame(world))
      asked += world.requests.length - at
    }
    for (let n = 0; n < Math.min(20, size.policies); n += 1) {
      await world.clock.advance(random.next() * 30_000)
      await world.user.send('DELETE', `${DOMAIN}/security-policies/p${n}`)
      await world.clock.settle()
      removedMs.push(await untilSame(world))
    }
    const changed = rowOf('', changedMs, '')
    const removed = rowOf('', removedMs, '')
    const seconds = (ms: number) => (ms / 1_000).toFixed(1)
    return [
      size.name,
      `${seconds(firstMs)} s, ${first}`,
      idle.toFixed(2),
      (idle / ((REST_POLL_MS + REST_POLL_JITTER_MS / 2) / 1_000)).toFixed(2),
      (asked / CHANGES).toFixed(1),
      `${seconds(changed.p50)} / ${seconds(changed.p99)}`,
      `${seconds(removed.p50)} / ${seconds(removed.max)}`,
    ]
  } finally {
    world.stop()
  }
}

/** A table for docs/benchmarks.md. */
export async function benchRest(say: (line: string) => void): Promise<string> {
  const rows: (readonly string[])[] = []
  for (const size of SIZES) rows.push(await measure(size, say))
  return [
    '| NSX holds | first read: s, requests | requests an idle cycle | a second | requests until a change is held | change held after: median / p99 s | delete held after: median / max s |',
    '|---|---|---|---|---|---|---|',
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
  ].join('\n')
}
