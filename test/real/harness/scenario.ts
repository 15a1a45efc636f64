/** A busy afternoon, seeded: an administrator changes policy, pods come and go, somebody edits our objects by hand. */
import type { Expression, Rule, SecurityPolicy } from '../../../src/nsx/model.ts'
import type { Random } from '../../../src/world/index.ts'
import { clusterNetworkPolicies, isOwned } from './enforced.ts'
import { NODES } from './fleet.ts'
import { addresses, groupPath, nested, or, podTag, podTagIn, rule } from './nsx.ts'
import type { Stack } from './stack.ts'

const APPS = ['web', 'api', 'db', 'cache'] as const
const NAMESPACES = ['shop', 'bank'] as const
const CATEGORIES = ['Emergency', 'Infrastructure', 'Environment', 'Application'] as const
const GROUPS = ['group-a', 'group-b', 'group-c', 'group-d'] as const
/** Applied-to groups must hold pods, so their kind stays. */
const SCOPES = ['scope-a', 'scope-b'] as const

/**
 * Deletes between two settled states: few enough that the delete guard, which has tests of its own, lets each plan pass
 * at once (more than three of the owned policies, or of the pods in the inventory, would wait for a second look).
 */
const DELETES_MAX = 2
const POLICIES_MAX = 10
const PODS_MAX = 16

export interface Scenario {
  prepare(): Promise<void>
  /** One change; says what it did. */
  step(): Promise<string>
  /** The next run of steps may delete again. */
  nextRound(): void
}

/** Reads and writes through the public APIs only. The same seed makes the same choices. */
export function createScenario({ fleet, nsx, plane }: Stack, random: Random): Scenario {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.next() * list.length)]!
  const chance = (share: number) => random.next() < share
  const policies = new Set<string>()
  const pods = new Map<string, { readonly namespace: string; readonly name: string }>()
  let count = 0
  let deletes = { policies: 0, pods: 0 }

  const selector = (): Expression[] =>
    chance(0.5) ? [podTagIn(pick(NAMESPACES), 'app', pick(APPS))] : [podTag('app', pick(APPS))]
  const expression = (id: string): Expression[] => {
    const kind = random.next()
    if (kind < 0.4) return selector()
    if (kind < 0.6) return [...selector(), or, ...selector()]
    // Nested in one direction only, so that there is no cycle.
    if (kind < 0.75 && id > GROUPS[0]) return [nested(GROUPS[GROUPS.indexOf(id as never) - 1]!)]
    return [
      addresses(
        `198.51.100.${Math.floor(random.next() * 250)}`,
        `203.0.113.${Math.floor(random.next() * 4) * 64}/26`,
      ),
    ]
  }
  const rules = (): Rule[] =>
    Array.from({ length: 1 + Math.floor(random.next() * 3) }, (_, index) =>
      rule({
        id: `rule-${index}`,
        action: pick(['ALLOW', 'DROP', 'REJECT'] as const),
        sequence: (index + 1) * 10,
        direction: pick(['IN', 'OUT'] as const),
        peers: chance(0.2) ? [] : [pick(GROUPS)],
        ...(chance(0.5) ? { tcpPorts: [String(1_000 + Math.floor(random.next() * 9_000))] } : {}),
      }),
    )
  const wish = (sequence: number): SecurityPolicy => ({
    category: pick(CATEGORIES),
    sequence_number: sequence,
    scope: [groupPath(pick(SCOPES))],
    rules: rules(),
  })
  const putPolicy = async (id: string): Promise<string> => {
    // A number of its own, so that the order is determined.
    count += 1
    await nsx.putPolicy(id, wish(count))
    policies.add(id)
    return `put policy ${id}`
  }
  const createPod = async (): Promise<string> => {
    count += 1
    const pod = { namespace: pick(NAMESPACES), name: `pod-${count}` }
    const ip = `10.10.${Math.floor(count / 250)}.${count % 250}`
    await fleet.pod({ ...pod, labels: { app: pick(APPS) }, node: pick(NODES), ip })
    pods.set(pod.name, pod)
    return `create ${pod.name}`
  }
  const actions: readonly (readonly [number, () => Promise<string | undefined>])[] = [
    [3, async () => (policies.size < POLICIES_MAX ? putPolicy(`policy-${count + 1}`) : undefined)],
    [4, async () => putPolicy(pick([...policies]))],
    [
      1,
      async () => {
        if (deletes.policies >= DELETES_MAX || policies.size <= 6) return undefined
        deletes.policies += 1
        const id = pick([...policies])
        await nsx.deletePolicy(id)
        policies.delete(id)
        return `delete policy ${id}`
      },
    ],
    [
      3,
      async () => {
        const id = pick(GROUPS)
        await nsx.putGroup(id, expression(id))
        return `put group ${id}`
      },
    ],
    [
      1,
      async () => {
        const id = pick(SCOPES)
        await nsx.putGroup(id, selector())
        return `put group ${id}`
      },
    ],
    [2, async () => (pods.size < PODS_MAX ? createPod() : undefined)],
    [
      2,
      async () => {
        const { namespace, name } = pick([...pods.values()])
        await fleet.relabel(namespace, name, { app: pick(APPS) })
        return `relabel ${name}`
      },
    ],
    [
      1,
      async () => {
        if (deletes.pods >= DELETES_MAX || pods.size <= 8) return undefined
        deletes.pods += 1
        const { namespace, name } = pick([...pods.values()])
        await fleet.deletePod(namespace, name)
        pods.delete(name)
        return `delete ${name}`
      },
    ],
    [1, () => editByHand()],
  ]
  const editByHand = async (): Promise<string | undefined> => {
    const ours = (await clusterNetworkPolicies(plane.api)).filter(isOwned)
    if (ours.length === 0) return undefined
    const policy = structuredClone(pick(ours))
    policy.spec.priority += 1
    // Refused when the adapter was quicker: then there is nothing to put back.
    const path = `/apis/crd.antrea.io/v1beta1/clusternetworkpolicies/${policy.metadata.name}`
    await plane.api.ask('PUT', path, { body: policy })
    return `edit ${policy.metadata.name} by hand`
  }
  const weighted = actions.flatMap(([weight, action]) => Array.from({ length: weight }, () => action))
  return {
    async prepare() {
      for (const namespace of NAMESPACES) await fleet.namespace(namespace)
      for (let index = 0; index < 10; index += 1) await createPod()
      for (const id of GROUPS) await nsx.putGroup(id, selector())
      for (const id of SCOPES) await nsx.putGroup(id, selector())
      for (let index = 0; index < 7; index += 1) await putPolicy(`policy-${count + 1}`)
    },
    async step() {
      for (;;) {
        const done = await pick(weighted)()
        if (done !== undefined) return done
      }
    },
    nextRound() {
      deletes = { policies: 0, pods: 0 }
    },
  }
}
