/** A group of NSX's: what it says, the ClusterGroups it became, which Pods these hold, and who names it. Pure. */
import { annotationOf, ownershipOf } from '../ccp/ownership.ts'
import { isComputed, isGroupAsWritten } from '../ccp/plan/index.ts'
import { objectKey } from '../ccp/translate/index.ts'
import type { ClusterGroup, ClusterGroupSpec } from '../kube/index.ts'
import { EXPLAIN_ITEMS_MAX } from '../limits.ts'
import type { Steps } from '../world/index.ts'
import { membershipOf, podFacts } from './explain-members.ts'
import { changedBy, explained, moreOf, nextOf, rulePathOf, rulesOf } from './explain-policy.ts'
import type { ExplainedGroup, ExplainedStored, ExplainedUsed, Scene } from './explain-types.ts'
import { expressionWords, listOf, selectorsWords, serviceWords, some, textOf } from './explain-words.ts'

/** Objects and Pods looked at in one step. */
const OBJECTS_A_STEP = 100
const PODS_A_STEP = 50

/** `path` must be of a group that NSX wants. */
export function* explainGroup(scene: Scene, path: string): Steps<ExplainedGroup> {
  const { state, translation, sight, clusterId } = scene
  const object = state.objects.get(objectKey('Group', path))
  const translated = [...translation.groups.values()].find((group) => group.path === path)
  const found = translated === undefined ? undefined : sight.ccp?.cluster.groups.get(translated.name)
  const stored = found !== undefined && ownershipOf(found, clusterId) === 'ours' ? found : undefined
  const problems = translation.held
    .flatMap((held) => held.problems)
    .filter((problem) => problem.group_path === path)
  const users = yield* usersOf(scene, path)
  const children = [...(translated?.children ?? [])]
  const pods = stored === undefined ? undefined : yield* podsOf(scene, stored.metadata.name)
  return {
    kind: 'Group',
    path,
    display_name: textOf(object?.body?.['display_name']) || (path.split('/').at(-1) ?? path),
    hash: object?.hash ?? '',
    version: state.version,
    words: wordsOf(scene, path),
    state: translated === undefined ? 'held' : 'translated',
    problems: unique(problems).map(explained),
    ...(translated === undefined
      ? {}
      : {
          object: {
            kind: 'ClusterGroup',
            name: translated.name,
            children: children.slice(0, EXPLAIN_ITEMS_MAX).map(([name, spec]) => ({
              name,
              words: specWords(spec),
              stored: sight.ccp?.cluster.groups.get(name) !== undefined,
            })),
            ...moreOf('more_children', children),
          },
        }),
    stored: storedGroup(scene, stored, translated),
    ...(stored === undefined ? {} : { computed: isComputed(stored) }),
    ...(pods === undefined ? {} : { pods: pods.slice(0, EXPLAIN_ITEMS_MAX), ...moreOf('more_pods', pods) }),
    used_by: users.slice(0, EXPLAIN_ITEMS_MAX),
    ...moreOf('more_users', users),
  }
}

/** A service, a context profile or the members of a group: what it says, and which rules name it. */
export function* explainUsed(scene: Scene, kind: ExplainedUsed['kind'], path: string): Steps<ExplainedUsed> {
  const object = scene.state.objects.get(objectKey(kind, path))
  const users = yield* usersOf(scene, path)
  const entries = listOf(object?.body?.['attributes'])
  return {
    kind,
    path,
    display_name: textOf(object?.body?.['display_name']) || (path.split('/').at(-1) ?? path),
    hash: object?.hash ?? '',
    version: scene.state.version,
    words: kind === 'Service' ? serviceWords(object?.body) : `${entries.length} attributes`,
    used_by: users.slice(0, EXPLAIN_ITEMS_MAX),
    ...moreOf('more_users', users),
  }
}

function wordsOf({ state }: Scene, path: string): string {
  const words = expressionWords(state.objects.get(objectKey('Group', path))?.body)
  const members = state.objects.get(objectKey('GroupMembers', path))?.body
  const addresses = listOf(members?.['ip_addresses']).length
  return members === undefined ? words : `${words}; NSX told ${addresses} addresses of its members`
}

/** A spec of a ClusterGroup in words. */
export function specWords(spec: ClusterGroupSpec): string {
  if (spec.childGroups !== undefined) return `the members of ${some(spec.childGroups)}`
  if (spec.ipBlocks !== undefined) return `addresses ${some(spec.ipBlocks.map(({ cidr }) => cidr))}`
  if (spec.serviceReference !== undefined)
    return `the Pods of Service ${spec.serviceReference.namespace}/${spec.serviceReference.name}`
  return selectorsWords(spec)
}

/** `path/rules/x: source_groups` of each rule, and of each policy, that names it. */
function* usersOf({ state }: Scene, path: string): Steps<string[]> {
  const found: string[] = []
  let looked = 0
  const names = (value: unknown) => listOf(value).includes(path)
  for (const object of state.objects.values()) {
    looked += 1
    if (looked % OBJECTS_A_STEP === 0) yield
    if (object.kind === 'Group') {
      if (
        listOf(object.body?.['expression']).some((one) => names((one as { paths?: unknown } | null)?.paths))
      )
        found.push(`${object.path}: expression`)
      continue
    }
    if (object.kind !== 'SecurityPolicy') continue
    if (names(object.body?.['scope'])) found.push(`${object.path}: scope`)
    for (const rule of rulesOf(object.body))
      for (const field of ['source_groups', 'destination_groups', 'scope', 'services', 'profiles'] as const)
        if (names(rule[field])) found.push(`${rulePathOf(object.path, rule)}: ${field}`)
  }
  return found.sort()
}

function storedGroup(
  { plan, sight, clusterId }: Scene,
  stored: ClusterGroup | undefined,
  translated: { readonly name: string; readonly children: ReadonlyMap<string, ClusterGroupSpec> } | undefined,
): ExplainedStored {
  const next = nextOf(plan, 'group', translated?.name, translated === undefined)
  if (stored === undefined) {
    const foreign = translated === undefined ? undefined : sight.ccp?.cluster.groups.get(translated.name)
    const isTaken = foreign !== undefined && ownershipOf(foreign, clusterId) !== 'ours'
    return {
      exists: false,
      next: isTaken ? 'nothing: an object that is not ours has its name (NAME_CONFLICT)' : next,
    }
  }
  const wanted = [...(translated?.children.keys() ?? [])].sort().join()
  const has = [...(stored.spec.childGroups ?? [])].sort().join()
  const hash = annotationOf(stored, 'appliedHash')
  return {
    exists: true,
    equal: wanted === has,
    ...changedBy(stored, isGroupAsWritten(stored)),
    ...(stored.metadata.generation === undefined ? {} : { generation: stored.metadata.generation }),
    ...(hash === undefined ? {} : { applied_hash: hash }),
    next,
  }
}

function* podsOf({ sight }: Scene, group: string): Steps<string[]> {
  const groupOf = (name: string) => sight.ccp?.cluster.groups.get(name)
  const found: string[] = []
  let looked = 0
  for (const pod of sight.stores.pods.values()) {
    looked += 1
    if (looked % PODS_A_STEP === 0) yield
    const facts = podFacts(pod, sight.stores.namespaces)
    if (membershipOf(facts, groupOf).holds(group)) found.push(`${facts.namespace}/${facts.name}`)
  }
  return found.sort()
}

const unique = <T extends { readonly code: string; readonly message: string }>(all: readonly T[]): T[] => [
  ...new Map(all.map((one) => [`${one.code} ${one.message}`, one])).values(),
]
