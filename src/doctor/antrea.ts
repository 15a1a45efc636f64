/** Antrea as this cluster has it: what it serves, what is switched on, whether it lives, and whose policy is there. */

import { parse } from 'yaml'
import { isRivalObject, ownershipOf } from '../ccp/ownership.ts'
import { DEFAULT_TIERS } from '../ccp/settings.ts'
import { missingField, specFieldsOf } from '../ccp/translate/facts.ts'
import type { AntreaAgentInfo, AntreaControllerInfo, KubeObject, Tier } from '../kube/index.ts'
import { discoverAntrea } from '../kube/index.ts'
import { RESOURCES, resourcePath } from '../kube/resources.ts'
import { ANTREA_NAMESPACE } from '../kube/rights.ts'
import { HEARTBEAT_FAILED_MS } from '../limits.ts'
import { failed, found, problemOf, skipped, warned } from './findings.ts'
import { getJson, postJson } from './kube.ts'
import type { Check, Facts, Problem } from './types.ts'

const group = 'antrea'

export const ANTREA_CHECKS: readonly Check[] = [
  {
    name: 'antrea-api',
    group,
    title: "Antrea's resources are served, with the fields that policies need",
    run: (facts, signal) => antreaApi(facts, signal),
  },
  {
    name: 'antrea-features',
    group,
    title: "Antrea's feature gates let policy, statistics and traceflow work",
    run: (facts, signal) => features(facts, signal),
  },
  {
    name: 'antrea-health',
    group,
    title: 'antrea-controller and the agents are heard',
    run: (facts, signal) => health(facts, signal),
  },
  {
    name: 'tiers',
    group,
    title: "the tiers of NSX's categories have their priorities to themselves",
    run: (facts, signal) => tiers(facts, signal),
  },
  {
    name: 'second-adapter',
    group,
    title: 'no other adapter keeps policy in this cluster',
    run: (facts, signal) => secondAdapter(facts, signal),
  },
  {
    name: 'admission-webhook',
    group,
    title: "Antrea's admission webhook answers (a trial that is not stored)",
    run: (facts, signal) => webhook(facts, signal),
  },
]

/** What the translation writes: with each of these, and with nothing else. */
const POLICY_SAMPLE = {
  tier: 't',
  priority: 1,
  ingress: [
    {
      name: 'n',
      action: 'Allow',
      enableLogging: true,
      logLabel: 'l',
      appliedTo: [{ group: 'g', podSelector: {}, namespaceSelector: {} }],
      from: [{ group: 'g', podSelector: {}, namespaceSelector: {}, ipBlock: { cidr: '10.0.0.0/8' } }],
      ports: [{ protocol: 'TCP', port: 1, endPort: 2 }],
    },
  ],
  egress: [{ to: [{ group: 'g', ipBlock: { cidr: '10.0.0.0/8' } }] }],
}
/** What only some policies need; without it those are held. */
const POLICY_EXTRAS = {
  'addresses with exceptions': {
    egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.1/32'] } }] }],
  },
  'source ports': { ingress: [{ ports: [{ sourcePort: 1, sourceEndPort: 2 }] }] },
  ICMP: { ingress: [{ protocols: [{ icmp: { icmpType: 8, icmpCode: 0 } }] }] },
  'domain names (ccp.fqdnProfiles)': { egress: [{ to: [{ fqdn: 'example.com' }] }] },
}
const GROUP_SAMPLE = {
  childGroups: ['g'],
  ipBlocks: [{ cidr: '10.0.0.0/8' }],
  podSelector: {},
  namespaceSelector: {},
}

const UPGRADE = 'upgrade Antrea (docs/operations.md names the versions)'

async function antreaApi(facts: Facts, signal: AbortSignal) {
  const peer = await facts.kube()
  const served = await discoverAntrea(peer.http, facts.world.clock, 'antrea-nsx-adapter-doctor', signal)
  if (!served.served)
    return found(
      'crd.antrea.io/v1beta1',
      failed(
        'ANTREA_API_ABSENT',
        `crd.antrea.io/v1beta1 is not served with ${served.missing.join(', ')}`,
        `install Antrea, or ${UPGRADE}; see: kubectl get crd | grep antrea.io`,
      ),
    )
  const problems: Problem[] = []
  const look = async (
    type: (typeof RESOURCES)['clusterNetworkPolicies' | 'clusterGroups'],
    sample: object,
  ) => {
    const path = resourcePath(RESOURCES.customResourceDefinitions, undefined, `${type.plural}.${type.group}`)
    const crd = await getJson(facts, peer, path, signal)
    const fields = specFieldsOf(crd, type.version)
    const missing = missingField(fields, sample)
    if (missing !== undefined)
      problems.push(
        failed(
          'ANTREA_LACKS_FIELD',
          `the CRD of ${type.kind} has no ${missing}: nothing can be written exactly`,
          UPGRADE,
        ),
      )
    return fields
  }
  const fields = await look(RESOURCES.clusterNetworkPolicies, POLICY_SAMPLE)
  await look(RESOURCES.clusterGroups, GROUP_SAMPLE)
  for (const [what, sample] of Object.entries(POLICY_EXTRAS)) {
    const missing = problems.length > 0 ? undefined : missingField(fields, sample)
    if (missing !== undefined)
      problems.push(
        warned(
          'ANTREA_LACKS_FIELD',
          `the CRD of ClusterNetworkPolicy has no ${missing}: policies with ${what} are held`,
          UPGRADE,
        ),
      )
  }
  return found('crd.antrea.io/v1beta1 with all kinds and fields', ...problems)
}

/** Name, what is lost without it, whether it is needed. All are on by default in the versions that the adapter takes. */
const GATES: readonly (readonly [name: string, loss: string, isNeeded: boolean])[] = [
  ['AntreaPolicy', 'no policy of NSX is enforced', true],
  ['NetworkPolicyStats', 'nobody counts what rules match', false],
  ['Traceflow', 'NSX cannot have a packet traced', false],
  ['EndpointSlice', 'Services may be seen late', false],
]

async function features(facts: Facts, signal: AbortSignal) {
  const peer = await facts.kube()
  const path = resourcePath(RESOURCES.configMaps, ANTREA_NAMESPACE, 'antrea-config')
  let config: unknown
  try {
    config = await getJson(facts, peer, path, signal)
  } catch (error) {
    const { code } = error as { readonly code?: string }
    if (code === 'KUBE_NOT_FOUND') return skipped('there is no ConfigMap kube-system/antrea-config')
    if (code === 'KUBE_FORBIDDEN')
      return skipped(
        'ConfigMap kube-system/antrea-config may not be read; kube-rights says how to grant that',
      )
    throw error
  }
  const data = (config as { readonly data?: Readonly<Record<string, string>> }).data ?? {}
  const problems: Problem[] = []
  const seen: string[] = []
  for (const [process, key] of [
    ['antrea-controller', 'antrea-controller.conf'],
    ['antrea-agent', 'antrea-agent.conf'],
  ] as const) {
    const gates = gatesOf(data[key])
    if (gates === undefined) {
      problems.push(
        warned(
          'DOCTOR_ANTREA_CONFIG',
          `${key} in kube-system/antrea-config is not YAML`,
          'kubectl -n kube-system get configmap antrea-config -o yaml',
        ),
      )
      continue
    }
    seen.push(process)
    for (const [gate, loss, isNeeded] of GATES)
      if (gates[gate] === false)
        problems.push(
          (isNeeded ? failed : warned)(
            'DOCTOR_ANTREA_FEATURE',
            `${gate} is switched off for ${process}: ${loss}`,
            `kubectl -n kube-system edit configmap antrea-config (featureGates.${gate}: true in ${key}), then restart ${process}`,
          ),
        )
  }
  return found(seen.length === 0 ? 'nothing is told' : `as told to ${seen.join(' and ')}`, ...problems)
}

function gatesOf(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const read: unknown = parse(text ?? '', { maxAliasCount: 10 })
    const gates = (read as { readonly featureGates?: unknown } | null)?.featureGates
    return typeof gates === 'object' && gates !== null ? (gates as Readonly<Record<string, unknown>>) : {}
  } catch {
    return undefined
  }
}

const itemsOf = <T>(list: unknown): readonly T[] => (list as { readonly items?: readonly T[] }).items ?? []

async function health(facts: Facts, signal: AbortSignal) {
  const peer = await facts.kube()
  const [controllers, agents] = await Promise.all([
    getJson(facts, peer, resourcePath(RESOURCES.antreaControllerInfos), signal),
    getJson(facts, peer, `${resourcePath(RESOURCES.antreaAgentInfos)}?limit=5000`, signal),
  ])
  const [controller] = itemsOf<AntreaControllerInfo>(controllers)
  const all = itemsOf<AntreaAgentInfo>(agents)
  const nowMs = facts.world.clock.now()
  const isOld = (beat: string | undefined) => !(nowMs - Date.parse(beat ?? '') < HEARTBEAT_FAILED_MS)
  const problems: Problem[] = []
  const logs =
    'kubectl -n kube-system get pods -l app=antrea; kubectl -n kube-system logs deploy/antrea-controller'
  if (controller === undefined)
    problems.push(
      failed(
        'ANTREA_CONTROLLER_DOWN',
        'there is no AntreaControllerInfo: antrea-controller never ran here',
        logs,
      ),
    )
  else {
    const conditions = controller.controllerConditions ?? []
    if (conditions.every(({ lastHeartbeatTime }) => isOld(lastHeartbeatTime)))
      problems.push(
        failed('ANTREA_CONTROLLER_DOWN', 'antrea-controller has not been heard for 5 minutes', logs),
      )
    else
      for (const { type, status, message = '' } of conditions)
        if (status === 'False')
          problems.push(
            warned('ANTREA_CONTROLLER_DOWN', `antrea-controller says ${type}=False ${message}`.trim(), logs),
          )
  }
  const silent = all
    .filter(({ agentConditions = [] }) =>
      agentConditions.every(({ lastHeartbeatTime }) => isOld(lastHeartbeatTime)),
    )
    .map(({ metadata }) => metadata.name)
  if (silent.length > 0)
    problems.push(
      warned(
        'DOCTOR_AGENTS_SILENT',
        `${silent.length} of ${all.length} agents have not been heard for 5 minutes: ${silent.sort().slice(0, 5).join(', ')}`,
        'kubectl -n kube-system get pods -l app=antrea,component=antrea-agent -o wide',
      ),
    )
  return found(
    `antrea-controller ${controller?.version ?? 'not there'}, ${all.length - silent.length} of ${all.length} agents`,
    ...problems,
  )
}

/** Antrea takes fewer than 20 tiers in all, its own six counted (pkg/controller/networkpolicy/validate.go). */
const TIERS_MAX = 20

async function tiers(facts: Facts, signal: AbortSignal) {
  const peer = await facts.kube()
  const wanted = Object.entries(configuredTiers(facts))
  const all = itemsOf<Tier>(await getJson(facts, peer, resourcePath(RESOURCES.tiers), signal))
  const problems: Problem[] = []
  let there = 0
  for (const [category, { name, priority }] of wanted) {
    const own = all.find(({ metadata }) => metadata.name === name)
    if (own !== undefined) there += 1
    if (own !== undefined && own.spec.priority !== priority)
      problems.push(
        failed(
          'TIER_CONFLICT',
          `tier ${name} has priority ${own.spec.priority}, and ${category} is configured for ${priority}`,
          `set tiers.${category}.priority to ${own.spec.priority}, or tiers.${category}.name to another one`,
        ),
      )
    const other = all.find(({ metadata, spec }) => metadata.name !== name && spec.priority === priority)
    if (own === undefined && other !== undefined)
      problems.push(
        failed(
          'TIER_CONFLICT',
          `tier ${other.metadata.name} has priority ${priority}, which ${category} needs`,
          `set other priorities in tiers (all four together), or use it: tiers.${category}.name: ${other.metadata.name}`,
        ),
      )
  }
  const missing = wanted.length - there
  if (all.length + missing > TIERS_MAX)
    problems.push(
      failed(
        'DOCTOR_TIER_LIMIT',
        `there are ${all.length} tiers, Antrea takes ${TIERS_MAX}, and ${missing} are still to be made`,
        'kubectl get tiers; delete those that no policy uses',
      ),
    )
  return found(`${there} of ${wanted.length} are there, ${all.length} tiers in all`, ...problems)
}

function configuredTiers({ rawConfig }: Facts) {
  try {
    return rawConfig().config.tiers ?? DEFAULT_TIERS
  } catch {
    return DEFAULT_TIERS
  }
}

async function secondAdapter(facts: Facts, signal: AbortSignal) {
  const { client } = await facts.kube()
  const clusterId = facts.config().config.cluster.id
  const rivals: string[] = []
  const similar: string[] = []
  let ours = 0
  for (const type of [RESOURCES.clusterNetworkPolicies, RESOURCES.clusterGroups])
    for (const object of await client.listMetadata(type, signal)) {
      const ownership = ownershipOf(object, clusterId)
      const name = `${type.kind} ${object.metadata.name}`
      if (ownership === 'ours') ours += 1
      if (isRivalObject(object, ownership)) rivals.push(`${name}${clusterOf(object)}`)
      else if (ownership === 'looks-like-ours') similar.push(name)
    }
  const few = (names: readonly string[]) =>
    `${[...names].sort().slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`
  return found(
    `${ours} objects are this adapter's`,
    rivals.length === 0
      ? undefined
      : failed(
          'SECOND_ADAPTER',
          `another adapter keeps ${few(rivals)}: nothing is written while it does`,
          'stop the other one, then: antrea-nsx-adapter adopt; where it is this cluster under an old id, set cluster.id',
        ),
    similar.length === 0
      ? undefined
      : warned(
          'LOOKS_LIKE_OURS',
          `${few(similar)} carry the adapter's label and not its other marks: they are left alone`,
          'kubectl label OBJECT app.kubernetes.io/managed-by-',
        ),
  )
}

const clusterOf = ({ metadata }: KubeObject): string => {
  const id = metadata.annotations?.['antrea-nsx-adapter/cluster-id']
  return id === undefined ? '' : ` (cluster id ${id})`
}

const TRIAL = 'antrea-nsx-adapter-doctor'

/** A write that the API server carries to the end and does not store (kubernetes.io, "Dry-run"). */
async function webhook(facts: Facts, signal: AbortSignal) {
  const peer = await facts.kube()
  const { group: apiGroup, version, kind } = RESOURCES.clusterGroups
  const object = {
    apiVersion: `${apiGroup}/${version}`,
    kind,
    metadata: { name: TRIAL },
    spec: { podSelector: { matchLabels: { [TRIAL]: 'never' } } },
  }
  const startMs = facts.world.clock.monotonicMs()
  try {
    const path = `${resourcePath(RESOURCES.clusterGroups)}?dryRun=All&fieldManager=${TRIAL}&fieldValidation=Strict&timeout=5s`
    await postJson(facts, peer, path, object, signal)
  } catch (error) {
    const { code } = error as { readonly code?: string }
    if (code === 'KUBE_FORBIDDEN')
      return skipped('it may not write ClusterGroups; kube-rights says how to grant that')
    if (code === 'KUBE_ALREADY_EXISTS') return found('it answers')
    return found(
      'ClusterGroup, as a dry run',
      problemOf(
        error,
        'kubectl -n kube-system get pods,endpoints -l app=antrea; kubectl get validatingwebhookconfigurations crdvalidator.antrea.io -o yaml',
      ),
    )
  }
  return found(`a trial was taken in ${Math.round(facts.world.clock.monotonicMs() - startMs)} ms`)
}
