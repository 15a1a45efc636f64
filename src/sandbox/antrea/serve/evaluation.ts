/**
 * networkpolicyevaluation: which rule decides between two Pods, as antrea-controller guesses it (endpoint_querier.go). It
 * sees only groups made from inline selectors, looks neither at ports nor at blocks, and takes what one rule is applied to
 * for the whole policy.
 */
import type { ServerRequest, ServerResponse } from '../../../world/index.ts'
import type { ComputedGroup, Engine } from '../compute/engine.ts'
import { isWorkload } from '../compute/members.ts'
import type { SpanStore } from '../compute/store.ts'
import { CONTROLPLANE, type WirePolicy, type WireRule } from '../compute/wire.ts'
import { isFields, isRefusal, readBody } from './bodies.ts'
import { internal, json } from './replies.ts'

interface PodName {
  readonly namespace: string
  readonly name: string
}

interface Candidate {
  readonly policy: WirePolicy
  readonly index: number
  readonly rule: { readonly direction: 'In' | 'Out'; readonly name?: string; readonly action?: string }
}

/** What an isolated Pod is denied comes after all that it is allowed. */
const DEFAULT_INDEX = 2_147_483_647
const BASELINE = 253
/** Kubernetes' policies come between the application tier and the baseline. */
const KUBERNETES = 251

const tierOf = ({ sourceRef, tierPriority = 250 }: WirePolicy): number =>
  sourceRef.type === 'K8sNetworkPolicy' ? KUBERNETES : tierPriority

export function createEvaluation(engine: Engine): (request: ServerRequest) => Promise<ServerResponse> {
  const holds = (store: SpanStore<ComputedGroup>, names: readonly string[], pod: PodName): boolean =>
    names.some((name) => {
      const group = store.get(name)?.object
      // Groups of ClusterGroups and Groups have a name of their own.
      if (group === undefined || group.uid !== group.name) return false
      return [...group.members.values()].some(
        ({ wire }) => wire.pod?.name === pod.name && wire.pod.namespace === pod.namespace,
      )
    })

  const candidatesOf = (policy: WirePolicy, source: PodName, destination: PodName): Candidate[] => {
    const rules = policy.rules ?? []
    const appliedTo = [
      ...(policy.appliedToGroups ?? []),
      ...rules.flatMap((rule) => rule.appliedToGroups ?? []),
    ]
    const direction = (which: 'In' | 'Out', subject: PodName, peer: PodName): Candidate[] => {
      const mine = rules.filter((rule) => rule.direction === which)
      if (mine.length === 0 || !holds(engine.appliedToGroups, appliedTo, subject)) return []
      const isKube = policy.sourceRef.type === 'K8sNetworkPolicy'
      const found = mine.flatMap((rule, index) =>
        holds(engine.addressGroups, peersOf(rule), peer)
          ? [{ policy, index: isKube ? index : (rule.priority ?? 0), rule: shown(rule) }]
          : [],
      )
      return isKube ? [...found, { policy, index: DEFAULT_INDEX, rule: { direction: which } }] : found
    }
    return [...direction('Out', source, destination), ...direction('In', destination, source)]
  }

  const decide = (source: PodName, destination: PodName): Candidate | undefined => {
    const isKnown = ({ namespace, name }: PodName) => {
      const pod = engine.world.pods.get(`${namespace}/${name}`)
      return pod !== undefined && isWorkload(pod)
    }
    if (!isKnown(source) || !isKnown(destination)) return undefined
    const candidates = [...engine.policies.entries()]
      .flatMap(([, { object }]) => candidatesOf(object, source, destination))
      .sort(
        (a, b) =>
          tierOf(a.policy) - tierOf(b.policy) ||
          (a.policy.priority ?? 0) - (b.policy.priority ?? 0) ||
          a.index - b.index,
      )
    const [first] = candidates
    if (first?.rule.action !== 'Pass') return first
    return (
      candidates.find(({ policy }) => tierOf(policy) === KUBERNETES || tierOf(policy) === BASELINE) ?? first
    )
  }

  return async (request) => {
    const body = await readBody(request, 'NetworkPolicyEvaluation')
    if (isRefusal(body)) return body
    const { request: asked } = body
    // The real handler follows a null pointer here, and the connection breaks.
    if (!isFields(asked)) throw new Error('stream error: INTERNAL_ERROR; received from peer')
    const [source, destination] = [podOf(asked['source']), podOf(asked['destination'])]
    if (source === undefined || destination === undefined)
      return internal('invalid NetworkPolicyEvaluation request entities')
    const found = decide(source, destination)
    const { metadata } = body
    return json(201, {
      kind: 'NetworkPolicyEvaluation',
      apiVersion: CONTROLPLANE,
      metadata: isFields(metadata) ? metadata : {},
      request: asked,
      ...(found === undefined
        ? {}
        : {
            response: {
              networkPolicy: found.policy.sourceRef,
              ...(found.index === 0 ? {} : { ruleIndex: found.index }),
              rule: found.rule,
            },
          }),
    })
  }
}

const peersOf = ({ direction, from, to }: WireRule): readonly string[] =>
  (direction === 'In' ? from : to).addressGroups ?? []

const shown = ({ direction, name, action }: WireRule): Candidate['rule'] => ({
  direction,
  ...(name === undefined ? {} : { name }),
  ...(action === undefined ? {} : { action }),
})

function podOf(entity: unknown): PodName | undefined {
  const pod = isFields(entity) ? entity['pod'] : undefined
  if (!isFields(pod)) return undefined
  const text = (field: string) => (typeof pod[field] === 'string' ? (pod[field] as string) : '')
  return { namespace: text('namespace'), name: text('name') }
}
