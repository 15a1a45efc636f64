/**
 * The MP channel: the cluster's inventory and health up to NSX, requests down. inventory/ maps, plans and applies; health
 * judges Antrea's heartbeats. Only the composition (adapter.ts), the command line and tests come in here.
 */
import { fromCallback, fromPromise } from 'xstate'
import type { LinkContext } from '../../machines/link.ts'
import { type MpEvent, mpMachine } from '../../machines/mp.ts'
import type { AdapterError } from '../errors.ts'
import type { Health } from '../health/index.ts'
import type { AntreaAgentInfo, AntreaControllerInfo, ClusterNetworkPolicy } from '../kube/antrea.ts'
import type { Store, WriteGate } from '../kube/contract.ts'
import { DELETE_GUARD_WAIT_MS, INVENTORY_BATCH_WAIT_MS, INVENTORY_RESYNC_MS } from '../limits.ts'
import type { Logger } from '../log/index.ts'
import type { NsxManager } from '../nsx/index.ts'
import type { Session } from '../protocol/index.ts'
import type { Clock, Random } from '../world/index.ts'
import { createHealthReporter, createHeartbeats } from './health/index.ts'
import {
  createBook,
  createInventory,
  createView,
  ensureClusterRecord,
  takesNewerFields,
} from './inventory/index.ts'
import { backoffMs, createLinkWarnings, openSession } from './link.ts'
import { createObservation } from './observe.ts'
import { createRequests } from './requests.ts'

export interface MpDeps {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly health: Health
  readonly nsx: NsxManager
  readonly stores: {
    readonly nodes: Store
    readonly namespaces: Store
    readonly pods: Store
    readonly services: Store
    readonly endpointSlices: Store
    readonly ingresses: Store
    readonly networkPolicies: Store
    readonly clusterNetworkPolicies: Store<ClusterNetworkPolicy>
    readonly antreaAgentInfos: Store<AntreaAgentInfo>
    readonly antreaControllerInfos: Store<AntreaControllerInfo>
  }
  /** The ClusterControlPlane's node_id. */
  readonly clusterId: string
  readonly clusterName: string
  /** uid of the namespace kube-system. */
  readonly clusterUid: () => Promise<string>
  readonly instance: string
  readonly adapterVersion: string
  /** NSX is written only while the lease is held. */
  readonly gate: WriteGate
}

export type MpLogic = typeof mpMachine

/** The MP chart over a real manager and cluster; it takes no input. */
export function provideMp(deps: MpDeps): MpLogic {
  const { clock, random, log, nsx, health, clusterId, stores, gate } = deps
  const heartbeats = createHeartbeats(stores, () => clock.monotonicMs())
  const reporter = createHealthReporter({ clock, health, nsx, clusterId, heartbeats })
  const view = createView(stores, clusterId, (node) => reporter.agentStatus(node))
  const inventory = createInventory({ ...deps, book: createBook(), view })
  const requests = createRequests({ nsx, clock, log, clusterId })
  const warnings = createLinkWarnings(health)
  const observed = createObservation(deps, { heartbeats, reporter, view })

  return mpMachine.provide({
    actors: {
      connect: fromPromise<Session, LinkContext>(({ input, signal }) =>
        openSession(deps, input.leader, signal),
      ),
      follow: fromCallback<MpEvent, LinkContext>(({ input, sendBack }) => {
        const stop = new AbortController()
        const listener = {
          onSeen: () => sendBack({ type: 'SEEN' }),
          onResync: () => sendBack({ type: 'COMPARE' }),
          onFailed: (error: AdapterError) => sendBack({ type: 'FAILED', error }),
        }
        void requests.follow(input.session?.session ?? '', listener, stop.signal)
        return () => stop.abort(new Error('the link was given up'))
      }),
      probe: fromPromise<void>(({ signal }) => nsx.probe('mp', signal)),
      closeSession: fromPromise<void, LinkContext>(async ({ input }) => {
        if (input.session !== undefined) await nsx.closeSession('mp', clusterId, input.session.session)
      }),
      watchHealth: fromCallback<MpEvent>(({ sendBack }) => observed.watchHealth(sendBack)),
      observe: fromCallback<MpEvent>(({ sendBack }) => observed.follow(sendBack)),
      readInventory: fromPromise<void>(async ({ signal }) => {
        if (requests.beginResync()) inventory.forgive()
        if (observed.isNewSession()) {
          const record = { ...deps, nodes: stores.nodes, check: () => gate.check() }
          const [newerFields] = await Promise.all([
            takesNewerFields(nsx, signal),
            ensureClusterRecord(record, signal),
          ])
          inventory.begin({ newerFields })
          observed.begun()
        }
        await inventory.read(signal)
      }),
      applyInventory: fromPromise(async ({ signal }) => {
        const done = await inventory.reconcile(signal)
        requests.finishResync(done)
        warnings.well()
        return done
      }),
      sendHealth: fromPromise<void, LinkContext>(({ input, signal }) =>
        reporter.send(input.session?.session ?? '', signal),
      ),
    },
    actions: {
      reportWell: () => warnings.well(),
      reportProblem: ({ context }) => {
        warnings.problem(context.error, `${nsx.origin} fell silent`)
        log.warn(
          lineOf(context.error),
          context.error?.message ?? `${nsx.origin} fell silent; it is dialled again`,
        )
      },
      reportInventoryError: ({ context: { inventory: work } }) => {
        const words = work.error?.message ?? 'the inventory took too long; it is compared again'
        log.warn(lineOf(work.error), words)
        // One failure that passes by itself is no news.
        if (work.failures > 1 || work.error?.kind !== 'retry') warnings.problem(work.error, words)
      },
      judgeHealth: () => observed.judge(),
    },
    guards: { healthChanged: () => reporter.hasChanged() },
    delays: {
      backoff: ({ context }) => backoffMs(random, context.failures, context.error),
      inventoryBackoff: ({ context: { inventory: work } }) => backoffMs(random, work.failures, work.error),
      batchWait: INVENTORY_BATCH_WAIT_MS,
      // A tenth of jitter, so that many clusters do not read at once.
      resync: () => INVENTORY_RESYNC_MS * (0.95 + 0.1 * random.next()),
      guardWait: DELETE_GUARD_WAIT_MS,
      reportInterval: () => reporter.intervalMs(),
    },
  })
}

const lineOf = (error: AdapterError | undefined) => ({ channel: 'mp', code: error?.code ?? 'SILENT' })
