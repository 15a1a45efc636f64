/**
 * Older versions of Antrea, made from v2.7 by leaving out what came later (CHANGELOG). What their schemas do not list is
 * pruned. Versions of kinds that were deprecated already are not there.
 */
import { WEBHOOKS, type Webhook } from './admission/index.ts'
import { DEFINITIONS, type Definition, type Schema } from './crds/index.ts'
import type { ProfileName } from './types.ts'

export interface Profile {
  /** As it is in AntreaControllerInfo and AntreaAgentInfo. */
  readonly version: string
  readonly definitions: readonly Definition[]
  readonly webhooks: readonly Webhook[]
  /** Resources of the aggregated APIs that are not served. */
  readonly lacks: ReadonlySet<string>
  /** A group may not be its own child (v2.7). */
  readonly refusesSelfChild: boolean
  /** Who names a Secret in a SupportBundleCollection must be able to read it (v2.7). */
  readonly reviewsSecrets: boolean
  readonly ipPoolVersion: string
}

/** When a kind came; those not named have been there since before v1.13. */
const KINDS_SINCE: Readonly<Record<string, readonly [major: number, minor: number]>> = {
  NodeLatencyMonitor: [2, 1],
  BGPPolicy: [2, 1],
  PacketCapture: [2, 2],
  FlowExporterDestination: [2, 6],
  AntreaNodeConfig: [2, 7],
}

type Version = readonly [major: number, minor: number]
const isSince = ([major, minor]: Version, [sinceMajor, sinceMinor]: Version): boolean =>
  major > sinceMajor || (major === sinceMajor && minor >= sinceMinor)

/** The schema without a field, wherever `path` leads; `*` is the items of a list. */
function without(schema: Schema, [key = '', ...rest]: readonly string[]): Schema {
  const { properties, items } = schema
  if (key === '*') return items === undefined ? schema : { ...schema, items: without(items, rest) }
  const inner = properties?.[key]
  if (properties === undefined || inner === undefined) return schema
  const { [key]: _, ...others } = properties
  return {
    ...schema,
    properties: rest.length === 0 ? others : { ...properties, [key]: without(inner, rest) },
  }
}

/** Exceptions of blocks (v2.2). */
function withoutExcept(schema: Schema): Schema {
  const { properties, items } = schema
  if (properties?.['cidr'] !== undefined) return without(schema, ['except'])
  return {
    ...schema,
    ...(items === undefined ? {} : { items: withoutExcept(items) }),
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([key, inner]) => [key, withoutExcept(inner)]),
          ),
        }),
  }
}

const FIELDS_SINCE: readonly (readonly [since: Version, kind: string, cut: (schema: Schema) => Schema])[] = [
  ...['ClusterNetworkPolicy', 'NetworkPolicy', 'ClusterGroup', 'Group'].map(
    (kind) => [[2, 2], kind, withoutExcept] as const,
  ),
  [[2, 4], 'SupportBundleCollection', (schema) => without(schema, ['spec', 'fileServer', 'hostPublicKey'])],
  [[2, 6], 'ClusterGroup', (schema) => without(schema, ['spec', 'nodeSelector'])],
  [[2, 6], 'AntreaAgentInfo', (schema) => without(schema, ['networkInfo'])],
]

/** IPPool was v1alpha2 alone before v2.0. */
function versionsOf(definition: Definition, version: Version): Definition {
  const { older, ...rest } = definition
  if (older === undefined || isSince(version, [2, 0])) return definition
  return { ...rest, version: older.name, schema: older.schema }
}

function definitionsOf(version: Version): Definition[] {
  return DEFINITIONS.filter(({ kind }) => isSince(version, KINDS_SINCE[kind] ?? [0, 0])).map((definition) => {
    const schema = FIELDS_SINCE.filter(
      ([since, kind]) => kind === definition.kind && !isSince(version, since),
    ).reduce((cutSoFar, [, , cut]) => cut(cutSoFar), definition.schema)
    return versionsOf({ ...definition, schema }, version)
  })
}

function profileOf(version: Version): Profile {
  const ipPoolVersion = isSince(version, [2, 0]) ? 'v1beta1' : 'v1alpha2'
  const hasTraceflowHook = isSince(version, [1, 15])
  return {
    version: `v${version.join('.')}.0`,
    definitions: definitionsOf(version),
    webhooks: WEBHOOKS.filter(({ resource }) => resource !== 'traceflows' || hasTraceflowHook).map((hook) =>
      hook.resource === 'ippools' ? { ...hook, version: ipPoolVersion } : hook,
    ),
    lacks: new Set([
      ...(isSince(version, [2, 0]) ? [] : ['networkpolicyevaluation']),
      ...(isSince(version, [2, 1]) ? [] : ['nodelatencystats']),
    ]),
    refusesSelfChild: isSince(version, [2, 7]),
    reviewsSecrets: isSince(version, [2, 7]),
    ipPoolVersion,
  }
}

const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  'v2.7': profileOf([2, 7]),
  'v2.1': profileOf([2, 1]),
  'v1.13': profileOf([1, 13]),
}

export const profileNamed = (name: ProfileName = 'v2.7'): Profile => PROFILES[name]
