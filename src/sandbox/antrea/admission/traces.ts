/** What /validate/traceflow and /validate/supportbundlecollection refuse. */
import type { Condition } from '../model.ts'
import { firstOf, type Refusal } from './checks.ts'

export interface TraceSpec {
  readonly source?: { readonly namespace?: string; readonly pod?: string; readonly ip?: string }
  readonly destination?: {
    readonly namespace?: string
    readonly pod?: string
    readonly service?: string
    readonly ip?: string
  }
  readonly liveTraffic?: boolean
  readonly droppedOnly?: boolean
  readonly timeout?: number
}

/** The controller's own picture of the Pods, which may lag; by `namespace/name`. */
export interface PodLookup {
  get(key: string): { readonly spec?: { readonly hostNetwork?: boolean } } | undefined
}

export function checkTraceflow(name: string, spec: TraceSpec, pods: PodLookup): Refusal {
  const { namespace = '', pod = '' } = spec.source ?? {}
  if (spec.liveTraffic === true) {
    const isAnywhere = pod !== '' || (spec.destination?.pod ?? '') !== ''
    return isAnywhere ? undefined : `Traceflow ${name} has neither source nor destination Pod specified`
  }
  if (namespace === '' || pod === '') return 'source Pod must be specified in non-live-traffic Traceflow'
  const found = pods.get(`${namespace}/${pod}`)
  if (found === undefined) return `requested source Pod ${namespace}/${pod} not found`
  return found.spec?.hostNetwork === true
    ? 'using hostNetwork Pod as source in non-live-traffic Traceflow is not supported'
    : undefined
}

export interface SecretName {
  readonly name?: string
  readonly namespace?: string
}

export interface CollectionSpec {
  readonly fileServer?: { readonly url?: string; readonly hostPublicKey?: string }
  readonly authentication?: { readonly authType?: string; readonly authSecret?: SecretName }
}

export interface Collection {
  readonly spec: CollectionSpec
  readonly status?: { readonly conditions?: readonly Condition[] }
}

export const hasCondition = (status: Collection['status'], type: string): boolean =>
  (status?.conditions ?? []).some((condition) => condition.type === type && condition.status === 'True')

/** Whoever asks must be able to read the Secret as well; `mayRead` asks the API server. */
export async function checkCollection(
  name: string,
  now: Collection,
  before: Collection | undefined,
  username: string,
  mayRead: (secret: SecretName) => Promise<boolean>,
): Promise<Refusal> {
  const secret = now.spec.authentication?.authSecret ?? {}
  const refusal = firstOf(
    () =>
      hasCondition(before?.status, 'Completed')
        ? `SupportBundleCollection ${name} is completed, cannot be updated`
        : undefined,
    () =>
      hasCondition(before?.status, 'Started') && !sameJson(now.spec, before?.spec)
        ? `SupportBundleCollection ${name} is started, cannot be updated`
        : undefined,
    () => checkHostKey(now.spec.fileServer?.hostPublicKey),
    () =>
      (secret.name ?? '') === '' || (secret.namespace ?? '') === ''
        ? 'spec.authentication.authSecret must specify both name and namespace'
        : undefined,
  )
  if (refusal !== undefined || (before !== undefined && sameJson(now.spec, before.spec))) return refusal
  return (await mayRead(secret))
    ? undefined
    : `user "${username}" is not authorized to get Secret ${secret.namespace}/${secret.name} referenced in spec.authentication.authSecret`
}

const sameJson = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

const KEY_TYPES =
  /^(ssh-(rsa|dss|ed25519)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com|.*-cert-v0[01]@openssh\.com)$/

/** An SSH public key on the wire (RFC 4253 6.6): a string that names the type, then what belongs to it. */
function checkHostKey(encoded: string | undefined): Refusal {
  if (encoded === undefined || encoded === '') return undefined
  const bytes = Buffer.from(encoded, 'base64')
  const length = bytes.length < 4 ? Number.POSITIVE_INFINITY : bytes.readUInt32BE(0)
  if (bytes.length < 4 + length) return 'invalid host public key: ssh: short read'
  const type = bytes.subarray(4, 4 + length).toString('latin1')
  if (!KEY_TYPES.test(type)) return `invalid host public key: ssh: unknown key algorithm: ${type}`
  return bytes.length < 4 + length + 4 ? 'invalid host public key: ssh: short read' : undefined
}
