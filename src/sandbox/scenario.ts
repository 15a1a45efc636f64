/** The scenario: what the adapter is for, played once and looked at from both ends. */
import { AdapterError, asAdapterError } from '../errors.ts'
import { type Clock, sleep } from '../world/index.ts'
import { createNsxUser, type NsxUser, policyPath } from './nsx-user.ts'
import { type Kube, readKube } from './scenario-kube.ts'
import { GROUPS, POLICIES, POLICY_IDS, SERVICES, tightened } from './scenario-policy.ts'
import { type Sandbox, waitUntilReady } from './start.ts'

export interface ScenarioStep {
  readonly name: string
  readonly ms: number
  /** What was seen; for a step that failed, why. */
  readonly words: string
  readonly failed: boolean
}

interface Stage {
  readonly sandbox: Sandbox
  readonly clock: Clock
  readonly nsx: NsxUser
  readonly kube: Kube
  /** unique_id by policy id: the names in the cluster. */
  readonly names: Map<string, string>
}

/** A step that needs longer has failed; nothing in it takes more than some seconds. */
const STEP_LIMIT_MS = 15_000
const LOOK_MS = 25

/** Plays it step by step, calling `done` after each; stops at the first that fails. */
export async function playScenario(
  sandbox: Sandbox,
  clock: Clock,
  done: (step: ScenarioStep) => void,
): Promise<readonly ScenarioStep[]> {
  const stage: Stage = {
    sandbox,
    clock,
    nsx: createNsxUser(sandbox.nsx, sandbox.places.cluster_id),
    kube: readKube(sandbox.kube, clock, `scenario-${sandbox.places.adapter.instance}`),
    names: new Map(),
  }
  const steps: ScenarioStep[] = []
  for (const [name, play] of STEPS) {
    const startMs = clock.monotonicMs()
    const step = await play(stage).then(
      (words) => ({ name, ms: clock.monotonicMs() - startMs, words, failed: false }),
      (error: unknown) => {
        const { code, message } = asAdapterError(error)
        return { name, ms: clock.monotonicMs() - startMs, words: `${code}: ${message}`, failed: true }
      },
    )
    steps.push(step)
    done(step)
    if (step.failed) break
  }
  await stage.kube.removePods().catch(() => {})
  return steps
}

const STEPS: readonly (readonly [string, (stage: Stage) => Promise<string>])[] = [
  ['the cluster is seen in NSX', seeInventory],
  ['push groups and policies', push],
  ['see them realized', seeRealized],
  ['move a pod between groups', movePod],
  ['break the link to NSX', breakLink],
  ['change policy meanwhile', changeMeanwhile],
  ['heal the link', heal],
  ['delete', deleteAll],
]

/** Looks until `look` gives words; it gives undefined while it waits, and what it waits for is told when it takes too long. */
async function until(
  { clock }: Stage,
  what: string,
  look: () => Promise<string | undefined>,
  limitMs = STEP_LIMIT_MS,
): Promise<string> {
  const endMs = clock.monotonicMs() + limitMs
  let last = ''
  while (clock.monotonicMs() < endMs) {
    try {
      const words = await look()
      if (words !== undefined) return words
    } catch (error) {
      last = `; last: ${asAdapterError(error).message}`
    }
    await sleep(clock, LOOK_MS)
  }
  throw new AdapterError('retry', 'SCENARIO_NOT_SEEN', `not seen within ${limitMs / 1_000} s: ${what}${last}`)
}

async function seeInventory(stage: Stage): Promise<string> {
  await waitUntilReady(stage.sandbox, stage.clock, STEP_LIMIT_MS)
  await stage.kube.createPods()
  return until(stage, 'as many Pods in NSX as in the cluster', async () => {
    const [pods, shown] = await Promise.all([
      stage.kube.podUids(),
      stage.nsx.inventory('ContainerApplicationInstance'),
    ])
    const missing = pods.filter((uid) => !shown.some(({ external_id: id }) => id === uid))
    return missing.length > 0 || shown.length !== pods.length ? undefined : `${pods.length} Pods in both`
  })
}

async function push(stage: Stage): Promise<string> {
  for (const [id, service] of Object.entries(SERVICES)) await stage.nsx.putService(id, service)
  for (const [id, group] of Object.entries(GROUPS)) await stage.nsx.putGroup(id, group)
  for (const id of POLICY_IDS) {
    const { unique_id: name = '' } = await stage.nsx.putPolicy(id, POLICIES[id])
    stage.names.set(id, name)
  }
  const words = await until(stage, 'all policies in the cluster', async () => {
    const found = await stage.kube.policies()
    return [...stage.names.values()].every((name) => found.has(name)) ? 'in the cluster' : undefined
  })
  return `${POLICY_IDS.length} policies ${words}`
}

async function seeRealized(stage: Stage): Promise<string> {
  return until(stage, 'SUCCESS for every policy in NSX', async () => {
    const states = await Promise.all(POLICY_IDS.map((id) => stage.nsx.realization(policyPath(id))))
    return states.every((state) => state === 'SUCCESS') ? 'SUCCESS in realized-state for each' : undefined
  })
}

async function movePod(stage: Stage): Promise<string> {
  const quarantine = await until(stage, 'the group quarantine in the cluster', () =>
    stage.kube.groupOf(stage.names.get('quarantine')),
  )
  const members = () => stage.kube.members(quarantine)
  await until(stage, 'the pod outside', async () => ((await members()).length === 0 ? 'outside' : undefined))
  await stage.kube.labelPod({ quarantine: 'true' })
  await until(stage, 'the pod in the group', async () =>
    (await members()).length === 1 ? 'inside' : undefined,
  )
  await until(stage, 'its tag in NSX', async () => {
    const uid = await stage.kube.movedPodUid()
    const shown = await stage.nsx.inventory('ContainerApplicationInstance')
    const { tags = [] } = shown.find(({ external_id: id }) => id === uid) ?? {}
    return tags.some(({ scope = '', tag }) => scope.endsWith('quarantine') && tag === 'true')
      ? 'tagged'
      : undefined
  })
  await stage.kube.labelPod({ quarantine: null })
  await until(stage, 'the pod out again', async () =>
    (await members()).length === 0 ? 'outside' : undefined,
  )
  return 'into quarantine and out; its tags followed in NSX'
}

async function breakLink(stage: Stage): Promise<string> {
  await stage.sandbox.managerServer.breakLink()
  const words = await until(stage, 'the adapter saying so', async () => {
    const { ready, reasons } = stage.sandbox.status()
    return ready ? undefined : reasons[0]
  })
  const found = await stage.kube.policies()
  const missing = [...stage.names].filter(([, name]) => !found.has(name)).map(([id]) => id)
  if (missing.length > 0)
    throw new AdapterError(
      'retry',
      'SCENARIO_POLICY_LOST',
      `without the link these policies went: ${missing.join(', ')}`,
    )
  return `not ready (${words}); all policies stay in force`
}

async function changeMeanwhile(stage: Stage): Promise<string> {
  await stage.nsx.putPolicy('web', tightened)
  await sleep(stage.clock, 1_000)
  const found = await stage.kube.policies()
  if (found.get(stage.names.get('web') ?? '')?.rules !== POLICIES.web.rules?.length)
    throw new AdapterError('retry', 'SCENARIO_LINK_NOT_BROKEN', 'the change arrived though the link is down')
  return 'a rule added in NSX; the cluster is unchanged'
}

async function heal(stage: Stage): Promise<string> {
  await stage.sandbox.managerServer.healLink()
  await until(stage, 'the changed rule in the cluster', async () => {
    const found = await stage.kube.policies()
    return found.get(stage.names.get('web') ?? '')?.rules === tightened.rules?.length ? 'there' : undefined
  })
  await waitUntilReady(stage.sandbox, stage.clock, STEP_LIMIT_MS)
  return `the change is in the cluster; ${await seeRealized(stage)}`
}

/** One at a time: many at once would wait 30 s for a second look (CCP_DELETE_GUARD). */
async function deleteAll(stage: Stage): Promise<string> {
  for (const [id, name] of stage.names) {
    await stage.nsx.deletePolicy(id)
    await until(stage, `${id} gone from the cluster`, async () =>
      (await stage.kube.policies()).has(name) ? undefined : 'gone',
    )
  }
  for (const id of Object.keys(GROUPS).reverse()) await stage.nsx.deleteGroup(id)
  for (const id of Object.keys(SERVICES)) await stage.nsx.deleteService(id)
  return `${stage.names.size} policies gone from the cluster`
}
