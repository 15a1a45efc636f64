/** ExternalIPPools, IPPools and the addresses that Egresses get from them (pkg/controller/egress, externalippool, ipam). */
import type { EgressSpec, PoolLookup, PoolSpec } from '../admission/index.ts'
import { type Copy, follow, type Stored } from '../follow.ts'
import type { Condition } from '../model.ts'
import { addressText, holds, nextFree, numberOfText, sizeOf } from '../ranges.ts'
import { sameStatus, timestamp } from '../status.ts'
import { patch, patchStatus } from './patch.ts'
import type { LifeDeps } from './types.ts'
import { createWorker } from './worker.ts'

export interface Egress extends Stored {
  readonly spec?: EgressSpec & { readonly appliedTo?: object }
  readonly status?: {
    readonly egressIP?: string
    readonly egressNode?: string
    readonly conditions?: readonly Condition[]
  }
}

interface Pool extends Stored {
  readonly spec?: PoolSpec
  readonly status?: {
    readonly usage?: { readonly total?: number; readonly used?: number }
    readonly ipAddresses?: readonly unknown[]
  }
}

const CRD = '/apis/crd.antrea.io/v1beta1'
const pathOf = (plural: string, name: string) => `${CRD}/${plural}/${encodeURIComponent(name)}`

export interface Egresses {
  /** Ranges of the ExternalIPPools, as the webhooks see them. */
  readonly pools: PoolLookup
  readonly synced: Promise<void>
}

/** `changed` hears of every Egress, for its group of Pods. */
export function startEgresses(
  deps: LifeDeps,
  ipPoolVersion: string,
  changed: (name: string, now: Egress | undefined) => void,
): Egresses {
  const ranges = new Map<string, NonNullable<PoolSpec['ipRanges']>>()
  const given = new Map<string, { readonly address: string; readonly pool: string }>()

  const usedOf = (pool: string): Set<string> =>
    new Set([...given.values()].filter((entry) => entry.pool === pool).map(({ address }) => address))
  const release = (name: string) => {
    const entry = given.get(name)
    if (entry === undefined) return
    given.delete(name)
    pools.enqueue(entry.pool)
  }

  const syncPool = async (name: string): Promise<void> => {
    const pool = poolCopy.objects.get(name)
    if (pool === undefined) return
    const usage = { total: sizeOf(pool.spec?.ipRanges ?? []), used: usedOf(name).size }
    if (sameUsage(pool, usage)) return
    await patchStatus(deps, pathOf('externalippools', name), { usage })
  }
  const pools = createWorker(deps, syncPool)

  const syncEgress = async (name: string): Promise<void> => {
    const egress = egressCopy.objects.get(name)
    if (egress === undefined) return release(name)
    const { egressIP = '', externalIPPool = '' } = egress.spec ?? {}
    const known = given.get(name)
    const theirs = ranges.get(externalIPPool)
    if (known !== undefined && known.address === egressIP && known.pool === externalIPPool && theirs) return
    release(name)
    if (externalIPPool === '') return dropCondition(egress)
    if (theirs === undefined) {
      if (egressIP !== '') await patch(deps, pathOf('egresses', name), { spec: { egressIP: null } })
      return writeCondition(egress, `ExternalIPPool ${externalIPPool} does not exist`)
    }
    const used = usedOf(externalIPPool)
    const address = egressIP === '' ? nextFree(theirs, used) : usable(egressIP, theirs, used)
    if (address === undefined) {
      const why =
        egressIP === ''
          ? 'cannot allocate IP in any range'
          : `error when allocating IP ${egressIP} for Egress ${name} from ExternalIPPool ${externalIPPool}: cannot allocate IP ${egressIP} in any range`
      await writeCondition(egress, why)
      throw new Error(why)
    }
    given.set(name, { address, pool: externalIPPool })
    pools.enqueue(externalIPPool)
    if (egressIP === '') await patch(deps, pathOf('egresses', name), { spec: { egressIP: address } })
    await writeCondition(egress, undefined)
  }

  /** An Egress without a pool says nothing of allocation. */
  const dropCondition = async ({ metadata, status = {} }: Egress): Promise<void> => {
    const { conditions = [] } = status
    const others = conditions.filter(({ type }) => type !== 'IPAllocated')
    if (others.length === conditions.length) return
    await patchStatus(deps, pathOf('egresses', metadata.name), {
      conditions: others.length === 0 ? null : others,
    })
  }

  const writeCondition = async (egress: Egress, why: string | undefined): Promise<void> => {
    const condition: Condition =
      why === undefined
        ? {
            type: 'IPAllocated',
            status: 'True',
            reason: 'Allocated',
            message: 'EgressIP is successfully allocated',
          }
        : {
            type: 'IPAllocated',
            status: 'False',
            reason: 'AllocationError',
            message: `Cannot allocate EgressIP from ExternalIPPool: ${why}`,
          }
    const { conditions = [], egressIP = '', egressNode = '' } = egress.status ?? {}
    const others = conditions.filter(({ type }) => type !== condition.type)
    const wanted = { conditions: [...others, condition] }
    if (sameStatus({ conditions }, wanted)) return
    await patchStatus(deps, pathOf('egresses', egress.metadata.name), {
      conditions: [...others, { ...condition, lastTransitionTime: timestamp(deps.clock) }],
      egressIP,
      egressNode,
    })
  }
  const egresses = createWorker(deps, syncEgress)

  const poolCopy: Copy<Pool> = follow<Pool>(
    deps,
    `${CRD}/externalippools`,
    (name, now, before) => {
      if (now === undefined) ranges.delete(name)
      else ranges.set(name, now.spec?.ipRanges ?? [])
      pools.enqueue(name)
      if (!isReady || sameRanges(now, before)) return
      for (const [egress, { spec }] of egressCopy.objects)
        if (spec?.externalIPPool === name) egresses.enqueue(egress)
    },
    deps.signal,
  )
  let isReady = false
  const egressCopy: Copy<Egress> = follow<Egress>(
    deps,
    `${CRD}/egresses`,
    (name, now) => {
      changed(name, now)
      // Who holds an address already keeps it: they come first, when the pools are known.
      if (isReady) egresses.enqueue(name)
    },
    deps.signal,
  )
  followIpPools(deps, `/apis/crd.antrea.io/${ipPoolVersion}/ippools`)
  const synced = Promise.all([poolCopy.synced, egressCopy.synced]).then(() => {
    isReady = true
    const holdsOne = ([, { spec }]: [string, Egress]) => (spec?.egressIP ?? '') !== ''
    const all = [...egressCopy.objects]
    for (const entry of [...all.filter(holdsOne), ...all.filter((one) => !holdsOne(one))])
      egresses.enqueue(entry[0])
  })
  return { pools: ranges, synced }
}

/** The address as it is counted, when the pool has it and nobody else does. */
function usable(
  text: string,
  ranges: NonNullable<PoolSpec['ipRanges']>,
  used: ReadonlySet<string>,
): string | undefined {
  const number = numberOfText(text)
  if (number === undefined || !holds(ranges, number)) return undefined
  const address = addressText(number)
  return used.has(address) ? undefined : address
}

const sameRanges = (a: Pool | undefined, b: Pool | undefined): boolean =>
  (a === undefined) === (b === undefined) &&
  JSON.stringify(a?.spec?.ipRanges) === JSON.stringify(b?.spec?.ipRanges)

/** A usage of nothing at all is not written. */
const sameUsage = ({ status }: Pool, usage: { total: number; used: number }): boolean =>
  (status?.usage?.total ?? 0) === usage.total && (status?.usage?.used ?? 0) === usage.used

/** Addresses of IPPools are given out by agents; the controller only counts them. */
function followIpPools(deps: LifeDeps, path: string): void {
  const worker = createWorker(deps, async (name) => {
    const pool = copy.objects.get(name)
    if (pool === undefined) return
    const usage = {
      total: sizeOf(pool.spec?.ipRanges ?? []),
      used: pool.status?.ipAddresses?.length ?? 0,
    }
    if (!sameUsage(pool, usage)) await patchStatus(deps, `${path}/${encodeURIComponent(name)}`, { usage })
  })
  const copy = follow<Pool>(deps, path, (name) => worker.enqueue(name), deps.signal)
}
