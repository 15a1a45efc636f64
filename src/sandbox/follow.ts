/** Follows what happens in the sandbox, in lines a person can read: policies, inventory, what users of NSX change. */
import { briefState, type Transition } from '../diagnostics/index.ts'
import { INVENTORY_TYPES } from '../nsx/model.ts'
import { type Clock, sleep } from '../world/index.ts'
import { createNsxUser } from './nsx-user.ts'
import type { Sandbox } from './start.ts'

export interface Follower {
  stop(): void
}

const LOOK_MS = 500
const OURS = 'labelSelector=app.kubernetes.io%2Fmanaged-by%3Dantrea-nsx-adapter'
const POLICIES = `/apis/crd.antrea.io/v1beta1/clusternetworkpolicies?${OURS}`
const NAME_ANNOTATION = 'antrea-nsx-adapter/display-name'

/** The charts a person wants to hear of; the watches, one a resource, are in `transitions`. */
const TOLD = /^adapter(\/(lease|ccp|mp))?$/

/** Undefined for what is not worth a line: other charts, other regions, and steps that come every few seconds. */
export function transitionWords({ machine, from, to, event }: Transition): string | undefined {
  if (!TOLD.test(machine) || from === '') return undefined
  const [before, after] = [headline(from), headline(to)]
  return before === after ? undefined : `${machine}: ${before} → ${after}  (${event})`
}

/** The first region; a lease that renews is held all the while. */
const headline = (state: string): string =>
  (briefState(state).split(', ')[0] ?? '').replace('renewing', 'holding')

/** Calls `tell` with a line for each change, until stopped. What cannot be read at the moment is looked at again. */
export function followSandbox(sandbox: Sandbox, clock: Clock, tell: (line: string) => void): Follower {
  const stopping = new AbortController()
  const counted = inventory(sandbox)
  const unsubscribe = sandbox.manager.audit.subscribe(({ method, path, status, user, mutating }) => {
    if (!mutating) return
    if (path.startsWith('/api/v1/inventory/')) counted.markDue()
    if (user === sandbox.places.manager.user) tell(`NSX: ${user} ${method} ${path} → ${status}`)
  })
  const looks = [policies(sandbox), counted.look]
  const follow = async () => {
    while (!stopping.signal.aborted) {
      for (const look of looks) for (const line of await look().catch(() => [])) tell(line)
      await sleep(clock, LOOK_MS, stopping.signal).catch(() => {})
    }
  }
  void follow()
  return {
    stop() {
      stopping.abort()
      unsubscribe()
    },
  }
}

interface PolicyView {
  readonly metadata: {
    readonly name: string
    readonly generation?: number
    readonly annotations?: Record<string, string>
  }
  readonly status?: {
    readonly phase?: string
    readonly observedGeneration?: number
    readonly currentNodesRealized?: number
    readonly desiredNodesRealized?: number
  }
}

function policies({ kube }: Sandbox): () => Promise<string[]> {
  let before = new Map<string, string>()
  return async () => {
    const { items } = await kube.get<{ items: readonly PolicyView[] }>(POLICIES)
    const now = new Map(items.map((policy) => [nameOf(policy), stateOf(policy)]))
    const lines = [...now].flatMap(([name, state]) =>
      before.get(name) === state ? [] : [`policy ${name}: ${state}`],
    )
    for (const name of before.keys()) if (!now.has(name)) lines.push(`policy ${name}: gone`)
    before = now
    return lines
  }
}

const nameOf = ({ metadata }: PolicyView): string =>
  `${metadata.annotations?.[NAME_ANNOTATION] ?? ''} (${metadata.name})`.trim()

function stateOf({ metadata, status = {} }: PolicyView): string {
  if (status.observedGeneration !== metadata.generation) return 'written'
  return `${status.phase ?? 'Pending'} on ${status.currentNodesRealized ?? 0} of ${status.desiredNodesRealized ?? 0} nodes`
}

interface Counted {
  markDue(): void
  readonly look: () => Promise<string[]>
}

/** Counted only after the adapter has written inventory, so that an idle sandbox is idle. */
function inventory({ nsx, places }: Sandbox): Counted {
  const user = createNsxUser(nsx, places.cluster_id)
  let before = ''
  let isDue = true
  const look = async () => {
    if (!isDue) return []
    isDue = false
    const counts = await Promise.all(
      INVENTORY_TYPES.map(async (type) => `${(await user.inventory(type)).length} ${type}`),
    )
    const now = counts.join(', ')
    if (now === before) return []
    before = now
    return [`inventory in NSX: ${now}`]
  }
  return {
    markDue() {
      isDue = true
    },
    look,
  }
}
