/** controlplane.antrea.io/v1beta2: what agents watch and report, and questions about groups. */
import { STANDIN_WATCHES_MAX } from '../../../limits.ts'
import type { Clock, ServerRequest, ServerResponse } from '../../../world/index.ts'
import type { AggregatedResource } from '../../apiserver/types.ts'
import type { Engine } from '../compute/engine.ts'
import type { SpanStore } from '../compute/store.ts'
import { CONTROLPLANE } from '../compute/wire.ts'
import type { BundleReport, Collections } from '../lives/index.ts'
import { type Fields, isFields, isRefusal, readBody } from './bodies.ts'
import { createEvaluation } from './evaluation.ts'
import { createGroupQuestions } from './members.ts'
import { badRequest, busy, json, noSuchPath, notAllowed, notFound, succeeded } from './replies.ts'
import {
  ADDRESS_GROUP,
  APPLIED_TO_GROUP,
  COLLECTION,
  EGRESS_GROUP,
  type Filter,
  POLICY,
  type Shape,
  watchLines,
} from './watch.ts'

/** One Node's word on a policy. */
export interface NodeReport {
  readonly nodeName: string
  readonly generation: number
  readonly realizationFailure?: boolean
  readonly message?: string
}

export interface ControlplaneDeps {
  readonly engine: Engine
  readonly clock: Clock
  /** Aborted when the controller stops: watches end. */
  readonly stopped: () => AbortSignal
  readonly report: (uid: string, nodes: readonly NodeReport[]) => void
  readonly collections: Collections
  /** A NodeStatsSummary. */
  readonly count: (summary: Fields) => void
  /** Watchers of applied-to groups are taken for agents. */
  readonly agents: Set<object>
}

const resource = (
  name: string,
  kind: string,
  verbs: readonly string[],
  singularName: string,
  namespaced = false,
): AggregatedResource => ({ name, kind, verbs, singularName, namespaced })

const READ = ['get', 'list', 'watch']

export const CONTROLPLANE_RESOURCES: readonly AggregatedResource[] = [
  resource('addressgroups', 'AddressGroup', READ, 'addressgroup'),
  resource('appliedtogroups', 'AppliedToGroup', READ, 'appliedtogroup'),
  resource('clustergroupmembers', 'ClusterGroupMembers', ['get'], 'clustergroupmembers'),
  resource('egressgroups', 'EgressGroup', READ, 'egressgroup'),
  resource('groupassociations', 'GroupAssociation', ['get'], 'groupassociation', true),
  resource('groupmembers', 'GroupMembers', ['get'], 'groupmembers', true),
  resource('ipgroupassociations', 'IPGroupAssociation', ['get'], 'ipgroupassociation'),
  resource('networkpolicies', 'NetworkPolicy', READ, 'networkpolicy'),
  resource('networkpolicies/status', 'NetworkPolicyStatus', ['create'], ''),
  resource('networkpolicyevaluation', 'NetworkPolicyEvaluation', ['create'], 'networkpolicyevaluation'),
  resource('nodestatssummaries', 'NodeStatsSummary', ['create'], 'nodestatssummary'),
  resource('supportbundlecollections', 'SupportBundleCollection', READ, 'supportbundlecollection'),
  resource('supportbundlecollections/status', 'SupportBundleCollectionStatus', ['create'], ''),
]

/** antrea-controller ends watches after two to four hours. */
const WATCH_TIMEOUT_MS = 2 * 3_600_000

/** Answers what lies under /apis/controlplane.antrea.io/v1beta2; `parts` are the decoded segments after that. */
export function createControlplane(
  deps: ControlplaneDeps,
): (request: ServerRequest, parts: readonly string[]) => Promise<ServerResponse> {
  const { engine } = deps
  const questions = createGroupQuestions(engine)
  let position = 0
  let watches = 0
  const evaluate = createEvaluation(engine)
  for (const store of [
    engine.policies,
    engine.appliedToGroups,
    engine.addressGroups,
    engine.egressGroups,
    deps.collections.store,
  ])
    (store as SpanStore<unknown>).subscribe(() => {
      position += 1
    })

  const watch = <T>(
    request: ServerRequest,
    store: SpanStore<T>,
    shape: Shape<T>,
    filter: Filter,
  ): ServerResponse => {
    if (watches >= STANDIN_WATCHES_MAX) return busy('too many watches, please try again later')
    const seconds = Number(request.query.get('timeoutSeconds') ?? Number.NaN)
    const timeoutMs = seconds > 0 ? Math.min(seconds * 1_000, WATCH_TIMEOUT_MS) : WATCH_TIMEOUT_MS
    const agent = {}
    if (shape.kind === APPLIED_TO_GROUP.kind) deps.agents.add(agent)
    watches += 1
    const signal = AbortSignal.any([request.signal, deps.stopped()])
    const closed = () => {
      watches -= 1
      deps.agents.delete(agent)
    }
    signal.addEventListener('abort', closed, { once: true })
    const lines = watchLines(store, shape, {
      filter,
      clock: deps.clock,
      timeoutMs,
      signal,
      position: () => position,
    })
    return {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: onceOver(lines, signal, closed),
    }
  }

  const read = <T>(
    request: ServerRequest,
    store: SpanStore<T>,
    shape: Shape<T>,
    name: string | undefined,
  ): ServerResponse => {
    if (request.method !== 'GET') return notAllowed()
    if (name !== undefined) {
      const item = store.get(name)
      if (item === undefined) return notFound(shape.kind.toLowerCase(), 'controlplane.antrea.io', name)
      return json(200, { kind: shape.kind, apiVersion: CONTROLPLANE, ...shape.show(item.object, undefined) })
    }
    const filter = filterOf(request.query)
    if (typeof filter === 'string') return badRequest(filter)
    const wantsWatch = request.query.get('watch')
    if (wantsWatch === 'true' || wantsWatch === '1') return watch(request, store, shape, filter)
    // Computed objects carry no labels; field selectors are known but not applied to lists.
    const isLabelled = (request.query.get('labelSelector') ?? '') !== ''
    const items = isLabelled
      ? []
      : [...store.entries()].map(([, { object }]) => shape.show(object, undefined))
    return json(200, { kind: `${shape.kind}List`, apiVersion: CONTROLPLANE, metadata: {}, items })
  }

  return async (request, parts) => {
    const [first, second, third, fourth, ...rest] = parts
    if (rest.length > 0) return noSuchPath()
    if (first === 'namespaces' && second !== undefined && fourth !== undefined) {
      if (request.method !== 'GET') return notAllowed()
      if (third === 'groupmembers') return questions.members(second, fourth, request.query)
      return third === 'groupassociations' ? questions.ofPod(second, fourth) : noSuchPath()
    }
    if (fourth !== undefined) return noSuchPath()
    if (first === 'networkpolicies' && second !== undefined && third === 'status')
      return takeReport(request, second, 'NetworkPolicyStatus', (nodes) =>
        deps.report(second, nodes.map(readReport)),
      )
    if (first === 'supportbundlecollections' && second !== undefined && third === 'status')
      return takeReport(request, second, 'SupportBundleCollectionStatus', (nodes) =>
        deps.collections.report(second, nodes.map(readBundleReport)),
      )
    if (third !== undefined) return noSuchPath()
    switch (first) {
      case 'networkpolicies':
        return read(request, engine.policies, POLICY, second)
      case 'appliedtogroups':
        return read(request, engine.appliedToGroups, APPLIED_TO_GROUP, second)
      case 'addressgroups':
        return read(request, engine.addressGroups, ADDRESS_GROUP, second)
      case 'egressgroups':
        return read(request, engine.egressGroups, EGRESS_GROUP, second)
      case 'supportbundlecollections':
        return read(request, deps.collections.store, COLLECTION, second)
      case 'networkpolicyevaluation':
        return request.method === 'POST' && second === undefined ? evaluate(request) : notAllowed()
      case 'nodestatssummaries':
        return request.method === 'POST' && second === undefined ? takeStats(deps, request) : notAllowed()
      case 'clustergroupmembers':
      case 'ipgroupassociations':
        if (request.method !== 'GET' || second === undefined) return notAllowed()
        return first === 'clustergroupmembers'
          ? questions.members(undefined, second, request.query)
          : questions.ofAddress(second)
      default:
        return noSuchPath()
    }
  }
}

/** The stream, which says once when it is over, however it ends. */
function onceOver(
  lines: AsyncIterable<string>,
  signal: AbortSignal,
  closed: () => void,
): AsyncIterable<string> {
  const over = () => {
    signal.removeEventListener('abort', closed)
    if (!signal.aborted) closed()
  }
  return {
    [Symbol.asyncIterator]() {
      const inner = lines[Symbol.asyncIterator]()
      let done = false
      const finish = () => {
        if (!done) over()
        done = true
      }
      return {
        async next() {
          const result = await inner.next()
          if (result.done === true) finish()
          return result
        },
        async return() {
          finish()
          return (await inner.return?.()) ?? { done: true, value: undefined }
        },
      }
    },
  }
}

/** The filter, or the refusal's words. */
function filterOf(query: URLSearchParams): Filter | string {
  const filter: { node?: string; name?: string } = {}
  for (const part of (query.get('fieldSelector') ?? '').split(',').filter((text) => text !== '')) {
    const [field = '', value = ''] = part.split(/==?/)
    if (field === 'nodeName') filter.node = value
    else if (field === 'metadata.name') filter.name = value
    else return `field label not supported: ${field}`
  }
  return filter
}

/** A report of Nodes on the object of this name. */
async function takeReport(
  request: ServerRequest,
  name: string,
  kind: string,
  take: (nodes: readonly Fields[]) => void,
): Promise<ServerResponse> {
  if (request.method !== 'POST') return notAllowed()
  const body = await readBody(request, kind)
  if (isRefusal(body)) return body
  const metadata = body['metadata']
  if (!isFields(metadata) || metadata['name'] !== name)
    return badRequest(`name in URL does not match name in ${kind} object`)
  take(Array.isArray(body['nodes']) ? body['nodes'].filter(isFields) : [])
  return succeeded(201)
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

const readReport = ({ nodeName, generation, realizationFailure, message }: Fields): NodeReport => ({
  nodeName: textOf(nodeName),
  generation: typeof generation === 'number' ? generation : 0,
  realizationFailure: realizationFailure === true,
  message: textOf(message),
})

const readBundleReport = ({ nodeName, completed, error }: Fields): BundleReport => ({
  nodeName: textOf(nodeName),
  completed: completed === true,
  error: textOf(error),
})

async function takeStats(deps: ControlplaneDeps, request: ServerRequest): Promise<ServerResponse> {
  const body = await readBody(request, 'NodeStatsSummary')
  if (isRefusal(body)) return body
  deps.count(body)
  return json(201, { kind: 'NodeStatsSummary', apiVersion: CONTROLPLANE, metadata: {} })
}
