/** The Policy API's plain calls: every path below /infra that a kind lives at, each with the same verbs. */
import type { HttpMethod, ServerRequest } from '../../world/index.ts'
import {
  badRequest,
  type Call,
  EMPTY,
  type JsonObject,
  json,
  listPage,
  NsxApiError,
  notFound,
  ok,
  type Route,
  readJson,
} from '../rest/index.ts'
import { memberTypesOf } from './groups.ts'
import { applyHierarchy } from './hierarchy.ts'
import { type Place, placeOf } from './kinds.ts'
import { reviseObject } from './revise.ts'
import { byEvaluation, type PolicyObject, type PolicyStore, renderWhole } from './store.ts'
import { hierarchy } from './tree.ts'
import { removeObject, type WriteOptions, writeObject } from './write.ts'

export interface PolicyRoutes {
  /** The call for a path below /infra (decoded segments, `infra` first); undefined where nothing can live. */
  find(method: HttpMethod, segments: readonly string[]): Route | undefined
}

export interface PolicyRoutesOptions {
  readonly store: PolicyStore
  readonly uuid: () => string
  /** NSX's nsx-partial-patch-config: PATCH merges. */
  readonly partialPatch: () => boolean
}

export function policyRoutes(options: PolicyRoutesOptions): PolicyRoutes {
  return {
    find(method, segments) {
      const place = placeOf(segments)
      if (place === undefined) return undefined
      const methods = methodsOf(place)
      if (!methods.includes(method))
        throw new NsxApiError(405, 255, `${method} is not supported here; use ${methods.join(', ')}.`, {
          headers: { allow: methods.join(', ') },
        })
      const run =
        place.id === undefined ? (call: Call) => list(options, place, call) : runOf(options, place, method)
      return {
        method,
        pattern: `/${segments.join('/')}`,
        access: method === 'GET' ? 'read' : 'admin',
        mutating: method !== 'GET',
        run,
      }
    },
  }
}

const READ: readonly HttpMethod[] = ['GET']

function methodsOf({ kind, id }: Place): readonly HttpMethod[] {
  if (id === undefined) return READ
  if (kind.name === 'Infra') return ['GET', 'PUT', 'PATCH']
  if (kind.name === 'Site' || kind.name === 'EnforcementPoint') return READ
  // vcf-nsx 9.1.1 has no PATCH of a ClusterControlPlane.
  if (kind.name === 'ClusterControlPlane') return ['GET', 'PUT', 'DELETE']
  if (kind.name === 'SecurityPolicy' || kind.name === 'Rule') return ['GET', 'PUT', 'PATCH', 'DELETE', 'POST']
  return ['GET', 'PUT', 'PATCH', 'DELETE']
}

function runOf(options: PolicyRoutesOptions, place: Place, method: HttpMethod): Route['run'] {
  const whole: Required<Place> = { ...place, id: place.id ?? '' }
  if (method === 'GET' && place.kind.name === 'Infra')
    return ({ query }) => ok(hierarchy(options.store, query))
  if (method === 'GET') return () => ok(renderWhole(options.store, existing(options.store, place.path)))
  if (method === 'PUT') return (call) => put(options, whole, call)
  if (method === 'PATCH' && place.kind.name === 'Infra') return (call) => patchHierarchy(options, call)
  if (method === 'PATCH') return (call) => patch(options, whole, call)
  if (method === 'POST') return (call) => revise(options, whole, call)
  return (call) => remove(options, whole, call)
}

function existing(store: PolicyStore, path: string): PolicyObject {
  const object = store.get(path)
  if (object === undefined) throw notFound(path)
  return object
}

const userOf = ({ principal }: Call): string => principal?.name ?? ''

async function put({ store, uuid }: PolicyRoutesOptions, place: Required<Place>, call: Call) {
  const body = await readJson(call.request)
  const isNew = store.get(place.path) === undefined
  const written = store.transact(userOf(call), (tx) => writeObject(tx, place, body, { mode: 'put', uuid }))
  // vcf-nsx 9.1.1 declares 201 for this PUT alone.
  const status = isNew && place.kind.name === 'ClusterControlPlane' ? 201 : 200
  return json(status, renderWhole(store, existing(store, written.path)))
}

const patchMode = (options: PolicyRoutesOptions, request: ServerRequest): WriteOptions['mode'] =>
  request.headers['nsx-enable-partial-patch']?.toLowerCase() === 'true' || options.partialPatch()
    ? 'partial'
    : 'patch'

async function patch(options: PolicyRoutesOptions, place: Required<Place>, call: Call) {
  const body = await readJson(call.request)
  const mode = patchMode(options, call.request)
  options.store.transact(userOf(call), (tx) => {
    writeObject(tx, place, body, { mode, uuid: options.uuid })
  })
  return EMPTY
}

async function patchHierarchy(options: PolicyRoutesOptions, call: Call) {
  const body = await readJson(call.request)
  const enforceRevisions = call.query.get('enforce_revision_check') === 'true'
  const mode = patchMode(options, call.request)
  options.store.transact(userOf(call), (tx) => {
    applyHierarchy(tx, body, { mode, uuid: options.uuid, enforceRevisions })
  })
  return EMPTY
}

async function revise({ store, uuid }: PolicyRoutesOptions, place: Required<Place>, call: Call) {
  const { query } = call
  if (query.get('action') !== 'revise') throw badRequest('The action of this call must be revise.')
  const body = await readJson(call.request)
  const revision = { operation: query.get('operation'), anchorPath: query.get('anchor_path') }
  store.transact(userOf(call), (tx) => reviseObject(tx, place, body, revision, uuid))
  return ok(renderWhole(store, existing(store, place.path)))
}

async function remove({ store }: PolicyRoutesOptions, place: Required<Place>, call: Call) {
  existing(store, place.path)
  store.transact(userOf(call), (tx) => {
    if (place.kind.name === 'ClusterControlPlane' && call.query.get('cascade') === 'true')
      for (const span of tx.referrers(place.path)) tx.remove(span.path)
    removeObject(tx, place.path)
  })
  return EMPTY
}

function list({ store }: PolicyRoutesOptions, place: Place, call: Call) {
  existing(store, place.parentPath)
  const wanted = filterOf(place, call.query)
  const children = store.children(place.parentPath, place.kind.name).filter(wanted)
  const withCount = place.kind.name === 'SecurityPolicy' && call.query.get('include_rule_count') === 'true'
  const render = (object: PolicyObject): JsonObject => {
    if (withCount) return { ...object.body, rule_count: store.children(object.path, 'Rule').length }
    return place.kind.name === 'Service' ? renderWhole(store, object) : object.body
  }
  const isRules = place.kind.name === 'Rule'
  const presorted = isRules ? [...children].sort(byEvaluation) : children
  return ok(
    listPage(presorted, call.query, {
      defaultSort: isRules ? 'sequence_number' : 'display_name',
      valueOf: (object, field) => object.body[field],
      keyOf: (object) => (isRules ? String(object.body['rule_id']).padStart(12, '0') : `${object.id}`),
      render,
    }),
  )
}

function filterOf({ kind }: Place, query: URLSearchParams): (object: PolicyObject) => boolean {
  const byDefault = query.get('default_service')
  if (kind.name === 'Service' && byDefault !== null)
    return (object) => String(object.body['is_default']) === byDefault
  const types = query.get('member_types')
  if (kind.name === 'Group' && types !== null && types !== '') {
    const wanted = new Set(types.split(',').map((type) => type.trim()))
    // Also groups whose types are only some of those asked for.
    return ({ own }) => {
      const held = memberTypesOf(own)
      return held.length > 0 && held.every((type) => wanted.has(type))
    }
  }
  return () => true
}
