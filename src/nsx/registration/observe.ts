/** Reads what NSX has of identities, certificates and clusters: complete lists, or an error that says what to do. */
import { type AdapterError, asAdapterError, needsPerson, TransportError } from '../../errors.ts'
import { NSX_CALL_TIMEOUT_MS } from '../../limits.ts'
import type { Clock, HttpClient } from '../../world/index.ts'
import type { NsxApi } from '../contract.ts'
import { paginate } from '../paginate.ts'
import { certificatesIn } from './certificate.ts'
import {
  type ObservedCertificate,
  type ObservedControlPlane,
  type ObservedIdentity,
  type ObservedNsx,
  UID_SCOPE,
} from './types.ts'

export const PATHS = {
  identities: '/api/v1/trust-management/principal-identities',
  certificates: '/api/v1/trust-management/certificates',
  controlPlanes: '/policy/api/v1/infra/sites/default/enforcement-points/default/cluster-control-planes',
  clusterRecords: '/api/v1/fabric/container-clusters',
  version: '/api/v1/node/version',
  /** Asked without credentials: only the answer's Date is read, whatever the answer. */
  health: '/api/v1/reverse-proxy/node/health',
} as const

type Fields = Readonly<Record<string, unknown>>

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/**
 * `nsx` carries an administrator's credentials; of the managers themselves, one of which has to answer, the clock is asked.
 * Rejects with REGISTRATION_* for what a person has to mend.
 */
export async function observeNsx(
  nsx: NsxApi,
  managers: readonly HttpClient[],
  clock: Clock,
  signal: AbortSignal,
): Promise<ObservedNsx> {
  try {
    const aheadMs = await aheadOfOne(managers, clock, signal)
    const version = await nsx.call<Fields | undefined>({ method: 'GET', path: PATHS.version, signal })
    const list = (path: string) => all(nsx, path, signal)
    const certificates = (await list(PATHS.certificates)).flatMap(certificateOf)
    const byId = new Map(certificates.map((one) => [one.id, one.fingerprint]))
    return {
      version: text(version?.['product_version']) || text(version?.['node_version']) || undefined,
      aheadMs,
      certificates,
      identities: (await list(PATHS.identities)).map((one) => identityOf(one, byId)),
      controlPlanes: (await list(PATHS.controlPlanes)).map(controlPlaneOf),
      clusterRecords: (await list(PATHS.clusterRecords)).map((one) => ({
        clusterId: text(one['external_id']),
        name: text(one['display_name']),
      })),
    }
  } catch (thrown) {
    throw explained(thrown, nsx.origin)
  }
}

async function all(nsx: NsxApi, path: string, signal: AbortSignal): Promise<Fields[]> {
  const found: Fields[] = []
  for await (const one of paginate<Fields>(nsx, path, signal)) found.push(one ?? {})
  return found
}

/** Of the first that answers; with the error of the last where none does. */
async function aheadOfOne(
  managers: readonly HttpClient[],
  clock: Clock,
  signal: AbortSignal,
): Promise<number | undefined> {
  let failure: unknown
  for (const manager of managers) {
    try {
      return await aheadOf(manager, clock, signal)
    } catch (error) {
      failure = error
    }
  }
  throw failure
}

/** RFC 9110 §6.6.1: a whole second, at the moment of the answer; the time of the call is halved. */
async function aheadOf(http: HttpClient, clock: Clock, signal: AbortSignal): Promise<number | undefined> {
  const askedMs = clock.now()
  const answer = await http.request({
    method: 'GET',
    path: PATHS.health,
    headersTimeoutMs: NSX_CALL_TIMEOUT_MS,
    signal,
  })
  const oursMs = (askedMs + clock.now()) / 2
  for await (const _ of answer.body) break
  const theirsMs = Date.parse(answer.headers['date'] ?? '')
  return Number.isFinite(theirsMs) ? theirsMs - oursMs : undefined
}

function certificateOf(one: Fields): ObservedCertificate[] {
  const [facts] = certificatesIn(one['pem_encoded'])
  return facts === undefined
    ? []
    : [{ id: text(one['id']), fingerprint: facts.fingerprint, commonName: facts.commonName }]
}

const objects = (value: unknown): readonly Fields[] =>
  Array.isArray(value) ? value.filter((one): one is Fields => typeof one === 'object' && one !== null) : []

const uidOf = (one: Fields): string | undefined =>
  objects(one['tags']).flatMap(({ scope, tag }) => (scope === UID_SCOPE ? [text(tag)] : []))[0]

function identityOf(one: Fields, certificates: ReadonlyMap<string, string>): ObservedIdentity {
  const certificateId = text(one['certificate_id'])
  return {
    id: text(one['id']),
    name: text(one['name']),
    nodeId: text(one['node_id']),
    certificateId,
    fingerprint: certificates.get(certificateId),
    roles: [
      ...(typeof one['role'] === 'string' ? [one['role']] : []),
      ...objects(one['roles_for_paths']).flatMap(({ roles }) => objects(roles).map(({ role }) => text(role))),
    ],
    clusterUid: uidOf(one),
  }
}

const controlPlaneOf = (one: Fields): ObservedControlPlane => ({
  name: text(one['id']),
  nodeId: text(one['node_id']),
  fingerprints: certificatesIn(one['certificate']).map(({ fingerprint }) => fingerprint),
  clusterUid: uidOf(one),
  isAntrea: one['node_type'] === undefined || one['node_type'] === 'ANTREA_NODE',
})

/** NSX's error_code where the credentials are wrong, whatever the status (NSX API guide; vmware-nsxlib). */
export const isBadLogin = (error: AdapterError): boolean => {
  const { error_code: code } = (error.cause ?? {}) as { error_code?: number }
  return (
    error.code === 'NSX_UNAUTHORIZED' ||
    error.code === 'NSX_SIGN_IN' ||
    (error.code === 'NSX_FORBIDDEN' && (code === 403 || code === 98))
  )
}

/** What a person who registers can do about it; everything else as it is. */
export function explained(thrown: unknown, origin: string): AdapterError {
  const error = asAdapterError(thrown)
  if (error instanceof TransportError && error.fault === 'untrusted')
    return needsPerson(
      'REGISTRATION_UNTRUSTED',
      `${error.message}. Nothing was sent. Give the authority of NSX's certificate with --nsx-ca FILE, or its fingerprint; compare it with the one that NSX shows under System > Certificates`,
      { cause: error },
    )
  if (error instanceof TransportError)
    return needsPerson(
      'REGISTRATION_UNREACHABLE',
      `${error.message}. Check --nsx-url, and that this machine may reach ${origin} (TCP), by a proxy if there is one`,
      { cause: error },
    )
  if (isBadLogin(error))
    return needsPerson(
      'REGISTRATION_LOGIN',
      `${origin} does not take the administrator's name and password; correct --nsx-username and the password's file. It is not tried again: NSX locks accounts after some attempts`,
      { cause: error },
    )
  if (error.code === 'NSX_FORBIDDEN')
    return needsPerson(
      'REGISTRATION_ROLE',
      `${error.message}. Registration needs a user who may read and write principal identities, certificates and cluster control planes: give one with the role Enterprise Admin; it is used by this command alone and not kept`,
      { cause: error },
    )
  return error
}
