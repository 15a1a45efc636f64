/** From what a person wrote to what is meant; where nothing is, what it resembles. Pure. */
import { objectKey } from '../ccp/translate/index.ts'
import { EXPLAIN_NAMES_MAX, EXPLAIN_NEAREST_MAX } from '../limits.ts'
import type { Steps } from '../world/index.ts'
import { rulePathOf, rulesOf } from './explain-policy.ts'
import type { Scene } from './explain-types.ts'
import { textOf } from './explain-words.ts'

export type Subject =
  | { readonly kind: 'policy'; readonly path: string; readonly rulePath?: string }
  | { readonly kind: 'group'; readonly path: string }
  | { readonly kind: 'used'; readonly as: 'Service' | 'ContextProfile'; readonly path: string }
  | { readonly kind: 'kube-policy' | 'kube-group' | 'tier'; readonly name: string }
  | { readonly kind: 'pod'; readonly key: string }

const KUBE_KINDS: Readonly<Record<string, 'kube-policy' | 'kube-group' | 'tier'>> = {
  clusternetworkpolicy: 'kube-policy',
  clusternetworkpolicies: 'kube-policy',
  acnp: 'kube-policy',
  cnp: 'kube-policy',
  clustergroup: 'kube-group',
  clustergroups: 'kube-group',
  cg: 'kube-group',
  tier: 'tier',
  tiers: 'tier',
}

/** What of the scene is called so; several where a display name is there more than once. Empty: nothing is. */
export function* subjectsOf(scene: Scene, word: string): Steps<Subject[]> {
  const { sight } = scene
  if (word.startsWith('/')) return yield* byPath(scene, word)
  const [kind = '', name = '', ...more] = word.split('/')
  const kube = KUBE_KINDS[kind.toLowerCase()]
  if (kube !== undefined && name !== '' && more.length === 0)
    return isKnown(scene, kube, name) ? [{ kind: kube, name }] : []
  if (/^pods?$/i.test(kind)) {
    const key = more.length === 0 ? `default/${name}` : `${name}/${more.join('/')}`
    return sight.stores.pods.get(key) === undefined ? [] : [{ kind: 'pod', key }]
  }
  if (/^\d+$/.test(word)) {
    const found = yield* rulesWhere(scene, ({ ruleId }) => ruleId === word)
    if (found.length > 0) return found
  }
  return yield* byName(scene, word)
}

function* byPath(scene: Scene, word: string): Steps<Subject[]> {
  const { objects } = scene.state
  if (objects.has(objectKey('SecurityPolicy', word))) return [{ kind: 'policy', path: word }]
  if (objects.has(objectKey('Group', word))) return [{ kind: 'group', path: word }]
  for (const as of ['Service', 'ContextProfile'] as const)
    if (objects.has(objectKey(as, word))) return [{ kind: 'used', as, path: word }]
  return (yield* rulesWhere(scene, ({ rulePath }) => rulePath === word)).slice(0, 1)
}

/** By unique_id, by the last part of the path, by display name, by the name in the cluster. */
function* byName(scene: Scene, word: string): Steps<Subject[]> {
  const found: Subject[] = []
  let looked = 0
  for (const { kind, path, body } of scene.state.objects.values()) {
    looked += 1
    if (looked % OBJECTS_A_STEP === 0) yield
    const names = [
      textOf(body?.['unique_id']).toLowerCase(),
      textOf(body?.['display_name']),
      path.split('/').at(-1),
    ]
    if (!names.includes(word) && names[0] !== word.toLowerCase()) continue
    if (kind === 'SecurityPolicy') found.push({ kind: 'policy', path })
    if (kind === 'Group') found.push({ kind: 'group', path })
    if (kind === 'Service' || kind === 'ContextProfile') found.push({ kind: 'used', as: kind, path })
  }
  if (found.length > 0) return found
  found.push(...(yield* rulesWhere(scene, ({ name }) => name === word)))
  if (found.length > 0) return found
  for (const kind of ['kube-policy', 'kube-group', 'tier'] as const)
    if (isKnown(scene, kind, word)) found.push({ kind, name: word })
  return found
}

function isKnown(
  { sight, translation }: Scene,
  kind: 'kube-policy' | 'kube-group' | 'tier',
  name: string,
): boolean {
  const cluster = sight.ccp?.cluster
  if (kind === 'tier')
    return (
      cluster?.tiers.get(name) !== undefined ||
      Object.values(sight.ccp?.tiers ?? {}).some((setting) => setting.name === name)
    )
  if (kind === 'kube-group') return cluster?.groups.get(name) !== undefined || translation.groups.has(name)
  return (
    cluster?.policies.get(name) !== undefined || translation.policies.some((policy) => policy.name === name)
  )
}

interface NamedRule {
  readonly rulePath: string
  readonly ruleId: string
  readonly name: string
}

/** Objects looked at in one step: a policy has some ten rules, a few have a thousand. */
const OBJECTS_A_STEP = 100

function* rulesWhere({ state }: Scene, isWanted: (rule: NamedRule) => boolean): Steps<Subject[]> {
  const found: Subject[] = []
  let looked = 0
  for (const { kind, path, body } of state.objects.values()) {
    looked += 1
    if (looked % OBJECTS_A_STEP === 0) yield
    if (kind !== 'SecurityPolicy') continue
    for (const rule of rulesOf(body)) {
      const named = namedRule(path, rule)
      if (isWanted(named)) found.push({ kind: 'policy', path, rulePath: named.rulePath })
    }
  }
  return found
}

const namedRule = (path: string, rule: Readonly<Record<string, unknown>>): NamedRule => ({
  rulePath: rulePathOf(path, rule),
  ruleId: textOf(rule['rule_id']),
  name: textOf(rule['display_name']),
})

/** As a person would write it. */
export const subjectWords = (subject: Subject): string => {
  switch (subject.kind) {
    case 'policy':
      return subject.rulePath ?? subject.path
    case 'group':
    case 'used':
      return subject.path
    case 'kube-policy':
      return `clusternetworkpolicy/${subject.name}`
    case 'kube-group':
      return `clustergroup/${subject.name}`
    case 'tier':
      return `tier/${subject.name}`
    case 'pod':
      return `pod/${subject.key}`
  }
}

/** What resembles the word most; what holds it comes first. Looks at EXPLAIN_NAMES_MAX names at most. */
export function* nearestNames(scene: Scene, word: string): Steps<string[]> {
  const wanted = word.toLowerCase()
  const last = wanted.split('/').at(-1) ?? wanted
  const rated: { readonly name: string; readonly distance: number }[] = []
  let looked = 0
  for (const { name, keys } of names(scene)) {
    looked += 1
    if (looked > EXPLAIN_NAMES_MAX) break
    if (looked % NAMES_A_STEP === 0) yield
    const distance = Math.min(
      ...keys.filter((key) => key !== '').map((key) => farOff(key.toLowerCase(), last, wanted)),
    )
    if (distance <= Math.max(2, Math.floor(last.length / 3))) rated.push({ name, distance })
  }
  return rated
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, EXPLAIN_NEAREST_MAX)
    .map(({ name }) => name)
}

function farOff(key: string, last: string, wanted: string): number {
  if (key === wanted || key === last) return 0
  if (last.length >= 3 && key.includes(last)) return 1
  return edits(key.slice(0, KEY_CHARS_MAX), last.slice(0, KEY_CHARS_MAX))
}

/** A comparison takes some 10 µs. */
const NAMES_A_STEP = 50
/** Names are compared up to here: the work is the product of both lengths. */
const KEY_CHARS_MAX = 64

function* names({
  state,
  sight,
}: Scene): Generator<{ readonly name: string; readonly keys: readonly string[] }> {
  for (const { kind, path, body } of state.objects.values()) {
    if (kind === 'GroupMembers') continue
    yield { name: path, keys: [path.split('/').at(-1) ?? '', textOf(body?.['display_name'])] }
    if (kind !== 'SecurityPolicy') continue
    for (const rule of rulesOf(body)) {
      const rulePath = rulePathOf(path, rule)
      yield {
        name: rulePath,
        keys: [rulePath.split('/').at(-1) ?? '', textOf(rule['rule_id']), textOf(rule['display_name'])],
      }
    }
  }
  for (const { metadata } of sight.ccp?.cluster.policies.values() ?? [])
    yield { name: `clusternetworkpolicy/${metadata.name}`, keys: [metadata.name] }
  for (const { metadata } of sight.ccp?.cluster.tiers.values() ?? [])
    yield { name: `tier/${metadata.name}`, keys: [metadata.name] }
  for (const key of sight.stores.pods.keys())
    yield { name: `pod/${key}`, keys: [key.split('/').at(-1) ?? '', key] }
}

/** Levenshtein's distance. */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1)
      next.push(
        Math.min(
          (row[j] ?? 0) + 1,
          (next[j - 1] ?? 0) + 1,
          (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
        ),
      )
    row = next
  }
  return row[b.length] ?? 0
}
