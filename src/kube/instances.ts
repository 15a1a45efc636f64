/** Gives the instances chart its ports: a Lease for each instance, in which it says when it last reached the manager. */
import { fromPromise } from 'xstate'
import { instancesMachine, type Surveyed } from '../../machines/instances.ts'
import { type AdapterError, asAdapterErrors } from '../errors.ts'
import type { Health } from '../health/index.ts'
import { INSTANCE_PERIOD_MS } from '../limits.ts'
import type { Clock, Random } from '../world/index.ts'
import type { KubeClient } from './contract.ts'
import { createInstanceLeases } from './instance-leases.ts'
import type { SeenInstance } from './instance-survey.ts'

export interface InstancesDeps {
  /** With an open gate: each instance writes its own Lease. */
  readonly own: KubeClient
  /** With the leader's gate: for sweeping the Leases of others. */
  readonly leading: KubeClient
  readonly clock: Clock
  readonly random: Random
  readonly health: Health
  readonly instance: string
  readonly version: string
  readonly namespace: string
  /** The name of the leader's Lease; those of the instances begin with it. */
  readonly name: string
  /** Hello to the manager on a fresh connection; rejects with why it is not reached. */
  readonly hello: (signal: AbortSignal) => Promise<void>
  /** Both channels to the manager are open: hello need not be said. */
  readonly isOpen: () => boolean
  /** Who holds the leader's Lease, as it was last seen; '' for nobody. */
  readonly holder: () => string
  /** This instance has read the cluster and could lead. */
  readonly isReady: () => boolean
  /** SHA-256 of the client certificate towards the manager, lower-case hex; undefined without one. */
  readonly certificateSha256?: (() => string | undefined) | undefined
}

export type InstancesLogic = typeof instancesMachine

/** One instance as `status` shows it. */
export interface InstanceView {
  readonly instance: string
  readonly role: 'leading' | 'standby'
  /** It is this process. */
  readonly self: boolean
  /** Since its Lease was last seen to change; undefined until that was seen once. */
  readonly seenMs: number | undefined
  /** `unknown`: it said nothing lately, or has not been heard of before. */
  readonly manager: 'reached' | 'unreached' | 'unknown'
  /** Since it reached the manager; undefined when it never said so. */
  readonly reachedMs: number | undefined
  readonly version: string
  readonly certificateSha256: string | undefined
}

export interface Instances {
  /** Hears LEAD, STANDBY and STOP; sends its parent GIVE_UP. */
  readonly logic: InstancesLogic
  /** The leader first, then by name. This process is always among them. */
  view(): readonly InstanceView[]
}

export function provideInstances(deps: InstancesDeps): Instances {
  const { random, health } = deps
  const leases = createInstanceLeases(deps)
  const logic = instancesMachine.provide({
    actors: {
      hello: port(async (signal) => {
        if (!deps.isOpen()) await deps.hello(signal)
        leases.noteReached()
      }),
      announce: port((signal) => leases.announce(signal)),
      survey: port<Surveyed>((signal) => leases.survey(signal)),
      sweep: port((signal) => leases.sweep(signal)),
      withdraw: port((signal) => leases.withdraw(signal)),
    },
    actions: {
      sayReached: () => {
        leases.setReached(true)
        health.clear('STANDBY_WITHOUT_NSX', 'self')
      },
      sayUnreached: ({ context }) => {
        leases.setReached(false)
        if (!leases.isLeading())
          health.set('STANDBY_WITHOUT_NSX', `this instance: ${words(context.error)}`, 'self')
      },
      sayWell: () => {
        health.clear('INSTANCES_UNKNOWN')
        sayStandbys(health, leases.isLeading(), leases.seen())
      },
      sayProblem: ({ context }) => health.set('INSTANCES_UNKNOWN', words(context.error)),
      sayRole: (_, role) => {
        leases.setLeading(role === 'leading')
        if (role === 'leading') health.clear('STANDBY_WITHOUT_NSX', 'self')
        else sayStandbys(health, false, [])
      },
    },
    delays: { period: () => INSTANCE_PERIOD_MS * (0.9 + 0.2 * random.next()) },
  })
  return { logic, view: () => leases.view() }
}

const words = (error: AdapterError | undefined): string =>
  error === undefined ? 'there was no answer in time' : `${error.code}: ${error.message}`

const port = <T = void>(work: (signal: AbortSignal) => Promise<T>) =>
  fromPromise<T>(({ signal }) => asAdapterErrors(work(signal)))

/** What the leader tells of the others; each of them tells of itself. */
function sayStandbys(health: Health, isLeading: boolean, seen: readonly SeenInstance[]): void {
  const standbys = seen.filter(({ isFresh }) => isFresh)
  if (isLeading && standbys.length === 0)
    health.set('NO_STANDBY', 'this instance is the only one that is seen')
  else health.clear('NO_STANDBY')
  const without = standbys.filter(({ isUnreached }) => isUnreached).map(({ instance }) => instance)
  if (isLeading && without.length > 0)
    health.set('STANDBY_WITHOUT_NSX', without.sort().join(', '), 'standbys')
  else health.clear('STANDBY_WITHOUT_NSX', 'standbys')
}
