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

/** How many strings follow the name of the type, and the length of the only one where it is fixed. */
const KEY_PARTS: Readonly<Record<string, number>> = {
  'ssh-ed25519': 1,
  'ssh-rsa': 2,
  'ssh-dss': 4,
  'ecdsa-sha2-nistp256': 2,
  'ecdsa-sha2-nistp384': 2,
  'ecdsa-sha2-nistp521': 2,
  'sk-ssh-ed25519@openssh.com': 2,
  'sk-ecdsa-sha2-nistp256@openssh.com': 3,
}
const ED25519_BYTES = 32

/** The first string (RFC 4251 5), and what comes after it. */
function takeString(bytes: Buffer): { readonly value: Buffer; readonly rest: Buffer } | undefined {
  if (bytes.length < 4) return undefined
  const end = 4 + bytes.readUInt32BE(0)
  return bytes.length < end ? undefined : { value: bytes.subarray(4, end), rest: bytes.subarray(end) }
}

/** An SSH public key on the wire (RFC 4253 6.6), in the words of golang.org/x/crypto/ssh. What it says is not checked. */
function checkHostKey(encoded: string | undefined): Refusal {
  if (encoded === undefined || encoded === '') return undefined
  const why = hostKeyFault(Buffer.from(encoded, 'base64'))
  return why === undefined ? undefined : `invalid host public key: ${why}`
}

function hostKeyFault(bytes: Buffer): string | undefined {
  const head = takeString(bytes)
  if (head === undefined) return 'ssh: short read'
  const type = head.value.toString('latin1')
  const parts = KEY_PARTS[type]
  if (parts === undefined) return `ssh: unknown key algorithm: ${type}`
  let { rest } = head
  for (let part = 0; part < parts; part += 1) {
    const next = takeString(rest)
    if (next === undefined) return 'ssh: parse error in message type 0'
    if (type === 'ssh-ed25519' && next.value.length !== ED25519_BYTES)
      return `invalid size ${next.value.length} for Ed25519 public key`
    rest = next.rest
  }
  return rest.length > 0 ? 'ssh: trailing junk in public key' : undefined
}
