/** Reads and writes the Leases of the instances. What others said is remembered with when it was seen. */
import type { Surveyed } from '../../machines/instances.ts'
import { AdapterError } from '../errors.ts'
import { INSTANCE_DURATION_MS, INSTANCE_STALE_MS, INSTANCES_MAX, INSTANCES_SWEPT_MAX } from '../limits.ts'
import {
  CERTIFICATE_SHA256,
  instanceLeaseName,
  instanceOf,
  MANAGER_ANSWERS,
  MANAGER_REACHED,
  READY,
  type SeenInstance,
  type Sighting,
  STANDS_FOR,
  seenInstance,
  sightingOf,
  successorOf,
  VERSION,
} from './instance-survey.ts'
import type { InstancesDeps, InstanceView } from './instances.ts'
import { type Lease, microTime } from './lease-record.ts'
import { RESOURCES } from './resources.ts'

export interface InstanceLeases {
  /** The manager answered hello just now, or its channels are open. */
  noteReached(): void
  setReached(reached: boolean): void
  setLeading(leading: boolean): void
  isLeading(): boolean
  announce(signal: AbortSignal): Promise<void>
  survey(signal: AbortSignal): Promise<Surveyed>
  sweep(signal: AbortSignal): Promise<void>
  withdraw(signal: AbortSignal): Promise<void>
  /** The others, as of now. */
  seen(): readonly SeenInstance[]
  view(): readonly InstanceView[]
}

interface Known {
  readonly lease: Lease
  readonly sighting: Sighting
}

/** Rejections are the client's errors. */
export function createInstanceLeases(deps: InstancesDeps): InstanceLeases {
  const { own, clock, instance, namespace, name } = deps
  const ownName = instanceLeaseName(name, instance)
  let held: Lease | undefined
  let reached: { readonly monotonicMs: number; readonly at: string } | undefined
  let answers: boolean | undefined
  let leading = false
  /** By the Lease's uid: a Lease that was deleted and made anew is another one. */
  let known: ReadonlyMap<string, Known> = new Map()

  const ownLease = (before: Lease | undefined): Lease => {
    const certificate = deps.certificateSha256?.()
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: {
        ...(before?.metadata ?? { name: ownName, namespace }),
        annotations: {
          [STANDS_FOR]: name,
          [READY]: String(deps.isReady()),
          [VERSION]: deps.version,
          ...(answers === undefined ? {} : { [MANAGER_ANSWERS]: String(answers) }),
          ...(reached === undefined ? {} : { [MANAGER_REACHED]: reached.at }),
          ...(certificate === undefined ? {} : { [CERTIFICATE_SHA256]: certificate }),
        },
      },
      spec: {
        holderIdentity: instance,
        leaseDurationSeconds: INSTANCE_DURATION_MS / 1_000,
        acquireTime: before?.spec?.acquireTime ?? microTime(clock),
        renewTime: microTime(clock),
      },
    }
  }

  const seen = (): SeenInstance[] =>
    [...known.values()].map(({ lease, sighting }) =>
      seenInstance(lease.spec?.holderIdentity ?? '', lease, sighting, clock.monotonicMs()),
    )

  return {
    noteReached: () => {
      reached = { monotonicMs: clock.monotonicMs(), at: microTime(clock) }
    },
    setReached: (is) => {
      answers = is
    },
    setLeading: (is) => {
      leading = is
    },
    isLeading: () => leading,
    seen,

    async announce(signal) {
      const write = (before: Lease | undefined) =>
        before === undefined
          ? own.create(RESOURCES.leases, ownLease(undefined), { signal })
          : own.replace(RESOURCES.leases, ownLease(before), { signal })
      if (held !== undefined) {
        try {
          held = await write(held)
          return
        } catch (error) {
          held = undefined
          if (!isOutdated(error)) throw error
        }
      }
      // New, or changed by somebody, or a write of ours that seemed lost.
      held = await write(await own.get<Lease>(RESOURCES.leases, ownName, namespace, signal))
    },

    async survey(signal) {
      const leases = await own.list<Lease>(RESOURCES.leases, namespace, signal)
      const nowMs = clock.monotonicMs()
      const next = new Map<string, Known>()
      for (const lease of leases) {
        const other = instanceOf(lease, name)
        const uid = lease.metadata.uid
        if (other === undefined || other === instance || uid === undefined) continue
        if (next.size >= INSTANCES_MAX) break
        next.set(uid, { lease, sighting: sightingOf(lease, known.get(uid)?.sighting, nowMs) })
      }
      known = next
      return { successor: successorOf(seen()) }
    },

    async sweep(signal) {
      const nowMs = clock.monotonicMs()
      const stale = [...known.values()].filter(({ sighting }) => nowMs - sighting.atMs >= INSTANCE_STALE_MS)
      for (const { lease } of stale.slice(0, INSTANCES_SWEPT_MAX)) {
        try {
          await deps.leading.delete(RESOURCES.leases, lease, { signal })
        } catch (error) {
          // It is alive after all.
          if (!isOutdated(error)) throw error
        }
      }
    },

    async withdraw(signal) {
      const last = held
      held = undefined
      if (last !== undefined) await own.delete(RESOURCES.leases, last, { signal })
    },

    view() {
      const holder = deps.holder()
      const self: InstanceView = {
        instance,
        role: leading ? 'leading' : 'standby',
        self: true,
        seenMs: 0,
        manager: answers === undefined ? 'unknown' : answers ? 'reached' : 'unreached',
        reachedMs: reached === undefined ? undefined : clock.monotonicMs() - reached.monotonicMs,
        version: deps.version,
        certificateSha256: deps.certificateSha256?.(),
      }
      const others = seen().map(
        ({ isFresh, isUnreached, isReady: _, ...one }): InstanceView => ({
          ...one,
          role: one.instance === holder && !leading ? 'leading' : 'standby',
          self: false,
          manager:
            !isFresh || (one.reachedMs === undefined && !isUnreached)
              ? 'unknown'
              : isUnreached
                ? 'unreached'
                : 'reached',
        }),
      )
      return [self, ...others].sort(
        (a, b) =>
          Number(b.role === 'leading') - Number(a.role === 'leading') || (a.instance < b.instance ? -1 : 1),
      )
    },
  }
}

const isOutdated = (error: unknown): boolean =>
  error instanceof AdapterError &&
  (error.code === 'KUBE_CONFLICT' || error.code === 'KUBE_NOT_FOUND' || error.code === 'KUBE_ALREADY_EXISTS')
