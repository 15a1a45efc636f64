/** What /validate/externalippool, /validate/ippool and /validate/egress refuse. */
import {
  holds,
  type IpRange,
  isInside,
  numberOfText,
  overlap,
  type SubnetInfo,
  spanOf,
  spanOfSubnet,
  textOfRange,
} from '../ranges.ts'
import { firstIn, firstOf, type Refusal } from './checks.ts'

export interface PoolSpec {
  readonly ipRanges?: readonly IpRange[]
  readonly subnetInfo?: SubnetInfo
}

/** The controller's own picture of the ExternalIPPools, which may lag. */
export type PoolLookup = ReadonlyMap<string, readonly IpRange[]>

/** `others`: pools whose ranges must not be touched, by name; `before`: of an update. */
export function checkPool(spec: PoolSpec, before: PoolSpec | undefined, others: PoolLookup): Refusal {
  const ranges = spec.ipRanges ?? []
  const kept = new Set(ranges.map(textOfRange))
  const gone = [...new Set((before?.ipRanges ?? []).map(textOfRange))].filter((text) => !kept.has(text))
  return firstOf(
    () =>
      gone.length > 0
        ? `existing IPRanges [${gone.sort().join(' ')}] cannot be updated or deleted`
        : undefined,
    () => checkGateway(spec.subnetInfo),
    () => firstIn([...ranges.entries()], ([index, range]) => checkRange(range, index, spec, others)),
  )
}

const checkGateway = (subnet: SubnetInfo | undefined): Refusal =>
  subnet === undefined || numberOfText(subnet.gateway ?? '') !== undefined
    ? undefined
    : `invalid gateway address ${subnet.gateway ?? ''}`

function checkRange(range: IpRange, index: number, spec: PoolSpec, others: PoolLookup): Refusal {
  const text = textOfRange(range)
  return firstOf(
    () => checkEnds(range),
    () => checkSubnet(range, spec.subnetInfo),
    () =>
      firstIn(spec.ipRanges?.slice(0, index), (earlier) =>
        doOverlap(range, earlier)
          ? `range [${text}] overlaps with range [${textOfRange(earlier)}]`
          : undefined,
      ),
    () =>
      firstIn([...others], ([name, theirs]) =>
        firstIn(theirs, (other) =>
          doOverlap(range, other)
            ? `range [${text}] overlaps with range [${textOfRange(other)}] of ExternalIPPool ${name}`
            : undefined,
        ),
      ),
  )
}

function checkEnds({ cidr, start = '', end = '' }: IpRange): Refusal {
  if (cidr !== undefined && cidr !== '')
    return spanOf({ cidr }) === undefined ? `invalid cidr ${cidr}` : undefined
  const [first, last] = [numberOfText(start), numberOfText(end)]
  if (first === undefined) return `invalid start ip address ${start}`
  if (last === undefined) return `invalid end ip address ${end}`
  if (first.family !== last.family)
    return `range start ${start} and range end ${end} should belong to same family`
  return first.value > last.value
    ? `range start ${start} should not be greater than range end ${end}`
    : undefined
}

function checkSubnet(range: IpRange, subnet: SubnetInfo | undefined): Refusal {
  if (subnet === undefined) return undefined
  const [inner, outer] = [spanOf(range), spanOfSubnet(subnet)]
  return inner !== undefined && outer !== undefined && isInside(inner, outer)
    ? undefined
    : `range [${textOfRange(range)}] must be a strict subset of the subnet ${subnet.gateway}/${subnet.prefixLength}`
}

function doOverlap(a: IpRange, b: IpRange): boolean {
  const [one, two] = [spanOf(a), spanOf(b)]
  return one !== undefined && two !== undefined && overlap(one, two)
}

export const checkPoolDelete = (addresses: readonly unknown[] | undefined): Refusal =>
  addresses !== undefined && addresses.length > 0 ? 'IPPool in use cannot be deleted' : undefined

export interface EgressSpec {
  readonly egressIP?: string
  readonly egressIPs?: readonly string[]
  readonly externalIPPool?: string
  readonly externalIPPools?: readonly string[]
  readonly bandwidth?: { readonly rate?: string; readonly burst?: string }
}

export function checkEgress(
  name: string,
  spec: EgressSpec,
  before: EgressSpec | undefined,
  pools: PoolLookup,
): Refusal {
  return firstOf(
    () => ((spec.egressIPs?.length ?? 0) > 0 ? 'spec.egressIPs is not supported yet' : undefined),
    () => ((spec.externalIPPools?.length ?? 0) > 0 ? 'spec.externalIPPools is not supported yet' : undefined),
    () => checkQuantity('Rate', name, spec.bandwidth?.rate),
    () => checkQuantity('Burst', name, spec.bandwidth?.burst),
    () => checkEgressIp(spec, before, pools),
  )
}

/** apimachinery's resource.Quantity. */
const QUANTITY = /^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$/
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)$/
const SUFFIX = /^([KMGTPE]i|[numkMGTPE]?|[eE][+-]?\d+)$/

function checkQuantity(what: string, name: string, text: string | undefined): Refusal {
  if (text === undefined) return undefined
  const why = quantityFault(text)
  return why === undefined ? undefined : `${what} ${text} in Egress ${name} is invalid: ${why}`
}

function quantityFault(text: string): string | undefined {
  const parts = QUANTITY.exec(text)
  if (parts === null || !NUMBER.test(parts[1] ?? ''))
    return `quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`
  return SUFFIX.test(parts[2] ?? '') ? undefined : "unable to parse quantity's suffix"
}

function checkEgressIp(
  { egressIP = '', externalIPPool = '' }: EgressSpec,
  before: EgressSpec | undefined,
  pools: PoolLookup,
): Refusal {
  if (egressIP === '' || externalIPPool === '') return undefined
  if (before?.egressIP === egressIP && before.externalIPPool === externalIPPool) return undefined
  const address = numberOfText(egressIP)
  if (address === undefined) return `IP ${egressIP} is not valid`
  const ranges = pools.get(externalIPPool)
  if (ranges === undefined) return `ExternalIPPool ${externalIPPool} does not exist`
  return holds(ranges, address) ? undefined : `IP ${egressIP} is not within the IP range`
}
