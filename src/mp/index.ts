/**
 * The MP channel: the cluster's inventory and health up to NSX, requests down. inventory/ maps, plans and applies; health
 * judges Antrea's heartbeats; requests/ has operations carried out. Only the composition (adapter.ts), the command line and tests come in here.
 */
import { fromCallback, fromPromise } from 'xstate'
import type { LinkContext } from '../../machines/link.ts'
import { type MpEvent, mpMachine } from '../../machines/mp.ts'
import type { MpRequest } from '../../machines/requests.ts'
import { type AdapterError, retry } from '../errors.ts'
import {
  BACKOFF_BASE_MS,
  DELETE_GUARD_WAIT_MS,
  INVENTORY_BATCH_WAIT_MS,
  INVENTORY_RESYNC_MS,
} from '../limits.ts'
import { createLinkWarnings, isRest } from '../nsx/index.ts'
import type { Session } from '../protocol/index.ts'
import { backoffMs } from '../world/index.ts'
import type { MpDeps } from './deps.ts'
import { channelDriver, restDriver } from './drivers/index.ts'
import { createHealthReporter, createHeartbeats } from './health/index.ts'
import { createInventoryInsight } from './insight.ts'
import {
  createBook,
  createInventory,
  createView,
  ensureClusterRecord,
  takesNewerFields,
} from './inventory/index.ts'
import { createObservation } from './observe.ts'
import { createRequests, createResync, type RequestListener } from './requests/index.ts'

export type { MpDeps } from './deps.ts'
export { createAgentHealth } from './health/index.ts'
export type { InventoryInsight, InventoryPreview } from './insight.ts'

export type MpLogic = typeof mpMachine

/** The MP chart over a real manager and cluster; it takes no input. */
export function provideMp(deps: MpDeps): MpLogic {
  const { clock, random, log, nsx, health, clusterId, stores, gate, isPaused = () => false } = deps
  const heartbeats = createHeartbeats(stores, () => clock.monotonicMs())
  const driver = isRest(nsx) ? restDriver(deps, nsx) : channelDriver(deps, nsx)
  const reporter = createHealthReporter({ clock, health, post: driver.postHealth, heartbeats })
  const view = createView(stores, clusterId, (node) => reporter.agentStatus(node), deps.isServed, clock)
  const book = createBook()
  const inventory = createInventory({ ...deps, book, view })
  /** Of the session in which NSX was read back whole. */
  const read = { newerFields: true, isHeld: false }
  deps.onInsight?.(
    createInventoryInsight(
      deps,
      () => (read.isHeld ? { book, newerFields: read.newerFields, leftOut: inventory.leftOut() } : undefined),
      (node) => reporter.agentStatus(node),
    ),
  )
  let compare = () => {}
  const resync = createResync(() => compare())
  const requests = createRequests({
    answers: driver.answers,
    clock,
    random,
    log,
    ...(deps.tell === undefined ? {} : { tell: deps.tell }),
    operations: driver.operations([...deps.operations, resync.operation]),
  })
  const warnings = createLinkWarnings(health, 'mp')
  const observed = createObservation(deps, { heartbeats, reporter, view })

  return mpMachine.provide({
    actors: {
      connect: fromPromise<Session, LinkContext>(({ input: { leader }, signal }) => {
        if (leader === undefined) throw retry('NOT_LEADING', 'only the leader opens a session')
        return driver.connect(leader, requests.kinds, signal)
      }),
      follow: fromCallback<MpEvent, LinkContext>(({ input, sendBack }) => {
        const stop = new AbortController()
        const listener: RequestListener = {
          onSeen: () => sendBack({ type: 'SEEN' }),
          onRequest: (request) => sendBack({ type: 'REQUEST', ...request }),
          onCancel: (id) => sendBack({ type: 'CANCEL', id }),
          onFailed: (error) => sendBack({ type: 'FAILED', error }),
        }
        compare = () => sendBack({ type: 'COMPARE' })
        void driver.follow(input.session?.session ?? '', listener, stop.signal)
        return () => {
          // The next session begins with a comparison of its own.
          compare = () => {}
          read.isHeld = false
          stop.abort(new Error('the link was given up'))
        }
      }),
      probe: fromPromise<void>(({ signal }) => driver.probe(signal)),
      closeSession: fromPromise<void, LinkContext>(async ({ input }) => {
        if (input.session !== undefined) await driver.close(input.session.session)
      }),
      watchHealth: fromCallback<MpEvent>(({ sendBack }) => observed.watchHealth(sendBack)),
      observe: fromCallback<MpEvent>(({ sendBack }) => observed.follow(sendBack)),
      readInventory: fromPromise<void>(async ({ signal }) => {
        if (resync.begin()) inventory.forgive()
        if (observed.isNewSession()) {
          const record = { ...deps, nodes: stores.nodes, check: () => gate.check() }
          const [newerFields] = await Promise.all([
            takesNewerFields(nsx, signal),
            isPaused() ? undefined : ensureClusterRecord(record, signal),
          ])
          inventory.begin({ newerFields })
          read.newerFields = newerFields
          // What is left out in a pause is made up for by the first read after it.
          if (!isPaused()) observed.begun()
        }
        await inventory.read(signal)
        read.isHeld = true
      }),
      compareInventory: fromPromise(async ({ signal }) => {
        const { waiting, ...done } = await inventory.compare(signal)
        health.set('INVENTORY_PAUSED', `${waiting} changes wait`, 'waiting')
        warnings.well()
        return done
      }),
      applyInventory: fromPromise(async ({ signal }) => {
        health.clear('INVENTORY_PAUSED', 'waiting')
        const done = await inventory.reconcile(signal)
        resync.finish(done)
        warnings.well()
        return done
      }),
      sendHealth: fromPromise<void, LinkContext>(({ input, signal }) =>
        reporter.send(input.session?.session ?? '', signal),
      ),
      operation: requests.logic,
      sweepRequests: fromPromise<void, readonly string[]>(({ input, signal }) =>
        requests.sweep(input, signal),
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
      refuseRequest: ({ event }) => requests.refuse(event as MpRequest),
      reportBrokenRequest: ({ event }) => {
        const { error } = event as { error?: unknown }
        if (error !== undefined) log.error({ err: error, code: 'INTERNAL' }, 'an operation broke')
      },
    },
    guards: {
      healthChanged: () => reporter.hasChanged(),
      isBatchFull: () => view.isBatchFull(),
      hasRoom: ({ context }) => requests.hasRoom(context.requests),
    },
    delays: {
      backoff: ({ context }) => backoffMs(random, context.failures, BACKOFF_BASE_MS, context.error),
      inventoryBackoff: ({ context: { inventory: work } }) =>
        backoffMs(random, work.failures, BACKOFF_BASE_MS, work.error),
      batchWait: INVENTORY_BATCH_WAIT_MS,
      // A tenth of jitter, so that many clusters do not read at once.
      resync: () => INVENTORY_RESYNC_MS * (0.95 + 0.1 * random.next()),
      guardWait: DELETE_GUARD_WAIT_MS,
      reportInterval: () => reporter.intervalMs(),
    },
  })
}

const lineOf = (error: AdapterError | undefined) => ({ channel: 'mp', code: error?.code ?? 'SILENT' })
