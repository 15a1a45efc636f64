/** Opens what a registering command works with, and closes it again: NSX, the cluster, the kept identity, this machine. */
import { needsPerson } from '../../errors.ts'
import { REGISTRATION_TIMEOUT_MS, REGISTRATION_VALID_DAYS } from '../../limits.ts'
import {
  type ApplyDeps,
  applyPlan,
  checkWish,
  makeKeyPair,
  type Plan,
  type RecordStore,
  type RegistrationRecord,
  type Wish,
} from '../../nsx/registration/index.ts'
import type { Clock, Random } from '../../world/index.ts'
import { createRealClock, createRealRandom } from '../../world/real.ts'
import { type OpenCluster, openAdminCluster } from './cluster.ts'
import { createHere, type Here } from './here.ts'
import { type AdminOfNsx, nsxAt, openNsx } from './nsx.ts'
import type { AdminOptions, HereOptions, NsxOptions } from './options.ts'
import { refuse, type Shown } from './show.ts'
import { folderStore, secretStore } from './stores.ts'

export interface RegisteringOptions extends NsxOptions, Partial<AdminOptions>, HereOptions {
  readonly clusterName?: string
  readonly clusterId?: string
  readonly role?: readonly string[]
  readonly takeOver?: boolean
  readonly validDays?: number
}

export interface Registering {
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
  /** undefined without an administrator's kubeconfig. */
  readonly cluster: OpenCluster | undefined
  readonly namespace: string
  readonly here: Here
  readonly store: RecordStore
  readonly record: RegistrationRecord | undefined
  readonly nsx: AdminOfNsx
  readonly wish: Wish
  /** Does the steps; each is shown when it begins. */
  apply(plan: Plan, shown: Shown, ports: Pick<ApplyDeps, 'awaitInstances' | 'place'>): Promise<void>
}

const NAMESPACE = 'antrea-nsx-adapter'

/** Within REGISTRATION_TIMEOUT_MS, and until Ctrl-C: what was done until then is gone on with by the next run. */
export async function withRegistering(
  options: RegisteringOptions,
  work: (registering: Registering) => Promise<void>,
): Promise<void> {
  const clock = createRealClock()
  const random = createRealRandom()
  const { signal, release } = untilStopped(clock)
  const ends: (() => Promise<void>)[] = [async () => release()]
  try {
    const namespace = options.namespace ?? NAMESPACE
    const { adminKubeconfig: kubeconfig, adminContext: context } = options
    const cluster =
      kubeconfig === undefined
        ? undefined
        : await openAdminCluster(
            { kubeconfig, namespace, ...(context === undefined ? {} : { context }) },
            clock,
          )
    if (cluster !== undefined) ends.push(() => cluster.close())
    const inFolder = folderStore(options.folder)
    const store = cluster === undefined ? inFolder : secretStore(cluster.secret, inFolder, signal)
    const record = await store.load()
    const here = createHere(options)
    const wish = wishOf(options, record, here, await cluster?.uid(signal))
    refuse(checkWish(wish))
    const at = nsxAt(options, record)
    const nsx = openNsx(options, at, { clock, random })
    ends.push(() => nsx.close())
    await work({
      clock,
      random,
      signal,
      cluster,
      namespace,
      here,
      store,
      record,
      nsx,
      wish,
      apply: (plan, shown, ports) =>
        applyPlan(plan, {
          ...ports,
          nsx: nsx.api,
          withCertificate: nsx.withCertificate,
          store,
          make: (name) => makeKeyPair(name, options.validDays ?? REGISTRATION_VALID_DAYS, clock),
          wish,
          nsxAt: at,
          infraType: async () => (await cluster?.infraType(signal)) ?? 'Baremetal',
          clock,
          signal,
          onStep: (step) => shown.step(step),
        }),
    })
  } finally {
    for (const end of ends.reverse()) await end().catch(() => {})
  }
}

function wishOf(
  options: RegisteringOptions,
  record: RegistrationRecord | undefined,
  here: Here,
  clusterUid: string | undefined,
): Wish {
  const said = (name: string) => {
    const found = here.said(name)
    return typeof found === 'string' && found !== '' ? found : undefined
  }
  const clusterName = options.clusterName ?? record?.clusterName ?? said('cluster.name')
  if (clusterName === undefined)
    throw needsPerson(
      'REGISTRATION_NAME',
      'the name of the cluster in NSX has to be said: --cluster-name NAME',
    )
  // A cluster that was deregistered, or whose Secret was lost, comes back under its old node_id.
  const before = record === undefined && said('cluster.name') === clusterName ? said('cluster.id') : undefined
  return {
    clusterName,
    roles: options.role,
    clusterId: options.clusterId ?? before,
    takesOver: options.takeOver === true,
    clusterUid,
  }
}

function untilStopped(clock: Clock): { readonly signal: AbortSignal; release(): void } {
  const stop = new AbortController()
  const end = (words: string) =>
    stop.abort(
      needsPerson(
        'REGISTRATION_STOPPED',
        `${words}; what was done is kept, and the same command goes on from it`,
      ),
    )
  const onSignal = () => end('stopped by a signal')
  const timer = clock.setTimeout(
    () => end(`not done within ${REGISTRATION_TIMEOUT_MS / 60_000} minutes`),
    REGISTRATION_TIMEOUT_MS,
  )
  process.once('SIGINT', onSignal)
  process.once('SIGTERM', onSignal)
  return {
    signal: stop.signal,
    release() {
      clock.clearTimeout(timer)
      process.removeListener('SIGINT', onSignal)
      process.removeListener('SIGTERM', onSignal)
    },
  }
}
