/** An object of the cluster, backwards: whose it is, what of NSX it was made from, in which revision, and why it is there. Pure. */
import { annotationOf, ownershipOf } from '../ccp/ownership.ts'
import { isComputed, isTemporaryName, parentName } from '../ccp/plan/index.ts'
import { objectKey } from '../ccp/translate/index.ts'
import type { KubeObject, Tier } from '../kube/index.ts'
import type { Steps } from '../world/index.ts'
import { explainGroup, specWords } from './explain-group.ts'
import { explainPolicy, nextOf } from './explain-policy.ts'
import type { ExplainedObject, Scene } from './explain-types.ts'

const OWNERSHIP: Readonly<Record<ReturnType<typeof ownershipOf>, string>> = {
  ours: 'the adapter keeps it for this cluster',
  'looks-like-ours':
    "it has the adapter's label, but not its other marks: it is left alone (LOOKS_LIKE_OURS)",
  'foreign-cluster':
    'it was made for another cluster id: it is left alone until a person adopts it (FOREIGN_CLUSTER_ID)',
  'other-adapter': 'another adapter keeps it: it is left alone until a person adopts it (SECOND_ADAPTER)',
  foreign: 'somebody else made it: the adapter never changes it',
}

export function explainKubePolicy(scene: Scene, name: string): ExplainedObject {
  const { sight, translation, state, clusterId, plan } = scene
  const stored = sight.ccp?.cluster.policies.get(name)
  const translated = translation.policies.find((one) => one.name === name)
  const held = translation.held.find((one) => one.name === name)
  const path = translated?.path ?? held?.path ?? intentOf(stored)
  const isWanted = path !== undefined && state.objects.has(objectKey('SecurityPolicy', path))
  const next = nextOf(plan, 'policy', name, held !== undefined)
  return {
    kind: 'ClusterNetworkPolicy',
    name,
    exists: stored !== undefined,
    ownership: ownershipWords(stored, clusterId),
    why: isTemporaryName(name)
      ? 'it stands in for a policy that is on its way to another place, so that no flow is let through meanwhile'
      : whyOf(scene, stored, isWanted, translated !== undefined, path, next),
    ...origin(stored, path),
    ...(translated === undefined ? {} : { wanted_hash: translated.hash }),
    facts:
      stored === undefined
        ? {}
        : {
            tier: stored.spec.tier,
            priority: stored.spec.priority,
            ingress_rules: stored.spec.ingress?.length ?? 0,
            egress_rules: stored.spec.egress?.length ?? 0,
            ...(stored.status?.phase === undefined ? {} : { phase: stored.status.phase }),
            nodes: `${stored.status?.currentNodesRealized ?? 0} of ${stored.status?.desiredNodesRealized ?? 0}`,
          },
    ...(isWanted && path !== undefined ? { from: explainPolicy(scene, path) } : {}),
  }
}

export function* explainKubeGroup(scene: Scene, name: string): Steps<ExplainedObject> {
  const { sight, translation, state, clusterId, plan } = scene
  const stored = sight.ccp?.cluster.groups.get(name)
  const translated = translation.groups.get(name) ?? translation.groups.get(parentName(name))
  const path = translated?.path ?? intentOf(stored)
  const isWanted = path !== undefined && state.objects.has(objectKey('Group', path))
  const isPart = translated !== undefined && translated.name !== name
  const isStill = translated?.name === name || translated?.children.has(name) === true
  const next = nextOf(plan, 'group', name, false)
  return {
    kind: 'ClusterGroup',
    name,
    exists: stored !== undefined,
    ownership: ownershipWords(stored, clusterId),
    why: isPart
      ? isStill
        ? `it is a part of the group ${path}`
        : `it was a part of the group ${path}; the group has other parts now, and it goes when nobody names it (${next})`
      : whyOf(scene, stored, isWanted, isStill, path, next),
    ...origin(stored, path),
    ...(translated === undefined ? {} : { wanted_hash: translated.hash }),
    facts:
      stored === undefined ? {} : { selects: specWords(stored.spec), members_computed: isComputed(stored) },
    ...(isWanted && path !== undefined ? { from: yield* explainGroup(scene, path) } : {}),
  }
}

export function explainTier(scene: Scene, name: string): ExplainedObject {
  const { sight } = scene
  const stored: Tier | undefined = sight.ccp?.cluster.tiers.get(name)
  const settings = Object.entries(sight.ccp?.tiers ?? {})
  const own = settings.find(([, setting]) => setting.name === name)
  const policies = (sight.ccp?.cluster.policies.values() ?? []).filter(({ spec }) => spec.tier === name)
  const clash = (sight.ccp?.cluster.tiers.values() ?? []).find(
    (tier) =>
      tier.metadata.name !== name && tier.spec.priority === (own?.[1].priority ?? stored?.spec.priority),
  )
  return {
    kind: 'Tier',
    name,
    exists: stored !== undefined,
    ownership:
      own === undefined
        ? 'the adapter does not use it'
        : 'the adapter uses it whoever made it, and never changes or deletes it',
    why:
      own === undefined
        ? 'no category of NSX stands for it'
        : `NSX's category ${own[0]} is evaluated here${stored === undefined ? '; it is made with the first policy of that category' : ''}`,
    facts: {
      ...(stored === undefined ? {} : { priority: stored.spec.priority }),
      ...(own === undefined ? {} : { category: own[0], configured_priority: own[1].priority }),
      policies: policies.length,
      ...(clash === undefined ? {} : { same_priority_as: clash.metadata.name }),
    },
  }
}

const intentOf = (object: KubeObject | undefined): string | undefined => {
  const path = object === undefined ? undefined : annotationOf(object, 'intentPath')
  return path === '' ? undefined : path
}

const ownershipWords = (object: KubeObject | undefined, clusterId: string): string =>
  object === undefined ? 'it is not in the cluster' : OWNERSHIP[ownershipOf(object, clusterId)]

function origin(object: KubeObject | undefined, path: string | undefined) {
  const hash = object === undefined ? undefined : annotationOf(object, 'appliedHash')
  const source = object === undefined ? undefined : annotationOf(object, 'source')
  return {
    ...(path === undefined ? {} : { intent_path: path }),
    ...(hash === undefined || hash === '' ? {} : { applied_hash: hash }),
    ...(source === undefined || source === '' ? {} : { source }),
  }
}

function whyOf(
  { isBlind }: Scene,
  stored: KubeObject | undefined,
  isWanted: boolean,
  isTranslated: boolean,
  path: string | undefined,
  next: string,
): string {
  if (path === undefined) return 'nothing of NSX stands behind it'
  if (isBlind === true)
    return `it was made from ${path}; what NSX wants of it now knows the instance that leads`
  if (!isWanted) return `NSX does not want ${path} in this cluster any more; next: ${next}`
  if (!isTranslated) return `NSX wants ${path}, which cannot be translated exactly: it stays as it last was`
  return stored === undefined ? `NSX wants ${path}; next: ${next}` : `NSX wants ${path}`
}
