/** Certificates and principal identities in memory: which is whose, and what may be deleted. */
import { MANAGER_CERTIFICATES_MAX } from '../../limits.ts'
import type { Clock, Peer, Random } from '../../world/index.ts'
import { badRequest, type JsonObject, NsxApiError, notFound } from '../rest/index.ts'
import { IN_MEMORY, type Storage } from '../storage.ts'
import { type ReadCertificate, readCertificate } from './certificate.ts'
import { checkIdentity } from './schema.ts'

/** Who comes with a certificate of a principal identity. */
export interface Identity {
  readonly name: string
  readonly roles: readonly string[]
  readonly fingerprint: string
}

export interface Trust {
  readonly count: { readonly certificates: number; readonly identities: number }
  certificates(): readonly JsonObject[]
  /** Throws 404. */
  certificate(id: string): JsonObject
  /** TrustObjectData; the same certificate again is the same object. Throws 400. */
  importCertificate(body: JsonObject, user: string): JsonObject
  /** Throws 400 while an identity uses it. */
  deleteCertificate(id: string): void
  identities(): readonly JsonObject[]
  identity(id: string): JsonObject
  /** A PrincipalIdentity with its certificate, or the id of one. Throws 400, and 409 for a name and node_id that exist. */
  register(body: JsonObject, user: string): JsonObject
  /** From now on the identity comes with this certificate and no longer with its old one. */
  updateCertificate(body: JsonObject, user: string): JsonObject
  /** The certificate stays. */
  deleteIdentity(id: string): void
  /** By fingerprint, never by subject; an expired certificate is nobody's. */
  identityOf(peer: Peer): Identity | undefined
}

interface HeldCertificate {
  readonly read: ReadCertificate
  readonly body: JsonObject
}

interface State {
  readonly clock: Clock
  readonly random: Random
  readonly storage: Storage
  readonly certificates: Map<string, HeldCertificate>
  readonly identities: Map<string, JsonObject>
}

/** With what `storage` kept. */
export function createTrust(clock: Clock, random: Random, storage: Storage = IN_MEMORY): Trust {
  const state: State = {
    clock,
    random,
    storage,
    certificates: new Map(
      [...(storage.kept('certificate') as Iterable<[string, JsonObject]>)].map(([id, body]) => [
        id,
        { read: readCertificate(body['pem_encoded'], 'pem_encoded', clock.now()), body },
      ]),
    ),
    identities: new Map(storage.kept('principal-identity') as Iterable<[string, JsonObject]>),
  }
  const identity = (id: string): JsonObject => {
    const found = state.identities.get(id)
    if (found === undefined) throw notFound(`PrincipalIdentity/${id}`)
    return found
  }
  return {
    get count() {
      return { certificates: state.certificates.size, identities: state.identities.size }
    },
    certificates() {
      const users = new Map([...state.identities.values()].map((one) => [String(one['certificate_id']), one]))
      return [...state.certificates].map(([id, { body }]) => withUser(body, users.get(id)))
    },
    certificate: (id) => shown(state, id),
    importCertificate: (body, user) =>
      importCertificate(state, body['pem_encoded'], 'pem_encoded', body, user),
    deleteCertificate(id) {
      held(state, id)
      const user = userOf(state, id)
      if (user !== undefined)
        throw badRequest(
          `The certificate ${id} cannot be deleted as it is used by the principal identity ${String(user['name'])}.`,
          500_030,
        )
      putCertificate(state, id, undefined)
    },
    identities: () => [...state.identities.values()],
    identity,
    register: (body, user) => register(state, body, user),
    updateCertificate(body, user) {
      const before = identity(String(body['principal_identity_id']))
      const certificateId = String(body['certificate_id'])
      held(state, certificateId)
      checkFree(state, certificateId, before['id'])
      const after = renewed(state, { ...before, certificate_id: certificateId }, user)
      putIdentity(state, String(before['id']), after)
      return after
    },
    deleteIdentity(id) {
      identity(id)
      putIdentity(state, id, undefined)
    },
    identityOf({ certificateSha256: fingerprint }) {
      if (fingerprint === undefined) return undefined
      for (const one of state.identities.values()) {
        const read = state.certificates.get(String(one['certificate_id']))?.read
        if (read?.fingerprint !== fingerprint || clock.now() >= read.notAfterMs) continue
        return { name: String(one['name']), roles: rolesOf(one), fingerprint }
      }
      return undefined
    },
  }
}

function putCertificate(
  { storage, certificates }: State,
  id: string,
  one: HeldCertificate | undefined,
): void {
  storage.check()
  storage.keep('certificate', id, one?.body)
  putIn(storage, certificates, id, one)
}

function putIdentity({ storage, identities }: State, id: string, one: JsonObject | undefined): void {
  storage.check()
  storage.keep('principal-identity', id, one)
  putIn(storage, identities, id, one)
}

function putIn<T>(storage: Storage, held: Map<string, T>, id: string, value: T | undefined): void {
  const before = held.get(id)
  const put = (one: T | undefined) => void (one === undefined ? held.delete(id) : held.set(id, one))
  storage.undo(() => put(before))
  put(value)
}

function held(state: State, id: string): HeldCertificate {
  const found = state.certificates.get(id)
  if (found === undefined) throw notFound(`Certificate/${id}`)
  return found
}

const userOf = (state: State, certificateId: string): JsonObject | undefined =>
  [...state.identities.values()].find((one) => one['certificate_id'] === certificateId)

const shown = (state: State, id: string): JsonObject => withUser(held(state, id).body, userOf(state, id))

const withUser = (certificate: JsonObject, user: JsonObject | undefined): JsonObject => ({
  ...certificate,
  used_by: user === undefined ? [] : [{ node_id: user['node_id'], service_types: ['CLIENT_AUTH'] }],
  category: user === undefined ? 'UNUSED_CERTIFICATE' : 'PRINCIPAL_IDENTITY_CERTIFICATE',
})

function importCertificate(
  state: State,
  pem: unknown,
  field: string,
  named: JsonObject,
  user: string,
): JsonObject {
  const read = readCertificate(pem, field, state.clock.now())
  for (const [id, known] of state.certificates)
    if (known.read.fingerprint === read.fingerprint) return shown(state, id)
  if (state.certificates.size >= MANAGER_CERTIFICATES_MAX)
    throw badRequest(`At most ${MANAGER_CERTIFICATES_MAX} certificates may be kept; delete unused ones.`)
  const id = state.random.uuid()
  const body = {
    ...managed(state, id, 'Certificate', named, user),
    pem_encoded: pem,
    details: read.details,
    // A key that came along is not kept: nothing here signs with it.
    has_private_key: false,
    leaf_certificate_sha_256_thumbprint: read.fingerprint,
  }
  putCertificate(state, id, { read, body })
  return shown(state, id)
}

function register(state: State, body: JsonObject, user: string): JsonObject {
  checkIdentity(body)
  const twin = [...state.identities.values()].find(
    (one) => one['name'] === body['name'] && one['node_id'] === body['node_id'],
  )
  if (twin !== undefined)
    throw new NsxApiError(
      409,
      2_027,
      `A principal identity with the name ${String(body['name'])} and the node_id ${String(body['node_id'])} exists already.`,
    )
  const pem = body['certificate_pem']
  const certificate =
    pem === undefined
      ? held(state, String(body['certificate_id'])).body
      : importCertificate(state, pem, 'certificate_pem', { display_name: body['name'] }, user)
  checkFree(state, certificate['id'], undefined)
  const id = state.random.uuid()
  const made = {
    ...managed(state, id, 'PrincipalIdentity', body, user),
    name: body['name'],
    node_id: body['node_id'],
    ...(body['role'] === undefined ? {} : { role: body['role'] }),
    ...(body['roles_for_paths'] === undefined ? {} : { roles_for_paths: body['roles_for_paths'] }),
    certificate_id: certificate['id'],
    is_protected: body['is_protected'] ?? true,
  }
  putIdentity(state, id, made)
  return made
}

/** A certificate names one identity. */
function checkFree(state: State, certificateId: unknown, own: unknown): void {
  const user = userOf(state, String(certificateId))
  if (user !== undefined && user['id'] !== own)
    throw badRequest(
      `The certificate ${String(certificateId)} is used by the principal identity ${String(user['name'])}.`,
    )
}

/** The fields of every object of the manager API. */
function managed(state: State, id: string, type: string, named: JsonObject, user: string): JsonObject {
  const now = state.clock.now()
  return {
    resource_type: type,
    id,
    display_name: named['display_name'] ?? named['name'] ?? id,
    ...(named['description'] === undefined ? {} : { description: named['description'] }),
    ...(named['tags'] === undefined ? {} : { tags: named['tags'] }),
    _create_time: now,
    _create_user: user,
    _last_modified_time: now,
    _last_modified_user: user,
    _system_owned: false,
    _protection: 'NOT_PROTECTED',
    _revision: 0,
  }
}

const renewed = (state: State, body: JsonObject, user: string): JsonObject => ({
  ...body,
  _last_modified_time: state.clock.now(),
  _last_modified_user: user,
  _revision: Number(body['_revision']) + 1,
})

/** Where this manager's objects live; a role on another path gives nothing here. */
const PATHS_HERE: readonly string[] = ['/', '/infra']

function rolesOf(identity: JsonObject): readonly string[] {
  const paths = (identity['roles_for_paths'] ?? []) as readonly {
    path: string
    roles: readonly { role: string }[]
  }[]
  const here = paths.filter(({ path }) => PATHS_HERE.includes(path))
  const { role } = identity
  return [
    ...(typeof role === 'string' ? [role] : []),
    ...here.flatMap(({ roles }) => roles.map((one) => one.role)),
  ]
}
