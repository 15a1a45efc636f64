/** Discovery: groups, versions and resources, in the plain and in the aggregated form, and the OpenAPI kubectl asks. */
import type { Core } from './core.ts'
import type { Fields } from './json.ts'
import { readAccept } from './negotiate.ts'
import { apiVersionOf, type Resource, type Version } from './resource.ts'
import { REVIEWS } from './reviews.ts'
import { noSuchResource } from './status.ts'
import type { AggregatedResource } from './types.ts'

export const GIT_VERSION = 'v1.36.3'

export const versionInfo: Fields = {
  major: '1',
  minor: '36',
  gitVersion: GIT_VERSION,
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: '',
  platform: 'sandbox',
}

/** A resource as one group version offers it. */
interface Offered {
  readonly name: string
  readonly singularName: string
  readonly namespaced: boolean
  readonly kind: string
  readonly verbs: readonly string[]
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
}

interface GroupVersion {
  readonly group: string
  readonly version: string
  readonly resources: readonly Offered[]
}

const isShown = (version: Version): boolean => version.served && version.refusal === undefined

function offered(resource: Resource): readonly Offered[] {
  const { plural, singular, namespaced, kind, verbs, shortNames, categories } = resource
  const main: Offered = {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    // Custom resources keep their own order in kube-apiserver's answer.
    verbs: resource.custom ? verbs : [...verbs].sort(),
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
  }
  const sub = (name: string, subVerbs: readonly string[]): Offered => ({
    name: `${plural}/${name}`,
    singularName: '',
    namespaced,
    kind,
    verbs: subVerbs,
  })
  return [
    main,
    ...(plural === 'pods' && resource.group === '' ? [sub('log', ['get'])] : []),
    ...(resource.hasStatus && verbs.includes('update') ? [sub('status', ['get', 'patch', 'update'])] : []),
  ]
}

const fromAggregated = (one: AggregatedResource): Offered => ({
  name: one.name,
  singularName: one.singularName ?? '',
  namespaced: one.namespaced,
  kind: one.kind,
  verbs: one.verbs,
  ...(one.shortNames === undefined ? {} : { shortNames: one.shortNames }),
})

function groupVersions(core: Core): readonly GroupVersion[] {
  const found = new Map<string, { group: string; version: string; resources: Offered[] }>()
  const at = (group: string, version: string) => {
    const key = `${group}/${version}`
    const known = found.get(key) ?? { group, version, resources: [] }
    found.set(key, known)
    return known.resources
  }
  for (const resource of core.registry.all())
    for (const version of resource.versions)
      if (isShown(version)) at(resource.group, version.name).push(...offered(resource))
  for (const { group, plural, kind } of REVIEWS)
    at(group, 'v1').push({
      name: plural,
      singularName: kind.toLowerCase(),
      namespaced: false,
      kind,
      verbs: ['create'],
    })
  for (const api of core.aggregated) at(api.group, api.version).push(...api.resources.map(fromAggregated))
  return [...found.values()]
}

/** v1 before v1beta1 before v1alpha1, higher numbers first (apimachinery's version priority). */
function versionRank(version: string): readonly number[] {
  const found = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
  if (found === null) return [3, 0, 0]
  const [, major = '0', stage, minor = '0'] = found
  return [stage === undefined ? 0 : stage === 'beta' ? 1 : 2, -Number(major), -Number(minor)]
}

function byPriority(one: GroupVersion, other: GroupVersion): number {
  const [a, b] = [versionRank(one.version), versionRank(other.version)]
  for (const [at, rank] of a.entries()) if (rank !== b[at]) return rank - (b[at] ?? 0)
  return 0
}

const groupNames = (versions: readonly GroupVersion[]): readonly string[] => [
  ...new Set(versions.map(({ group }) => group).filter((group) => group !== '')),
]

function groupEntry(group: string, versions: readonly GroupVersion[]): Fields {
  const list = versions
    .filter((one) => one.group === group)
    .sort(byPriority)
    .map(({ version }) => ({ groupVersion: `${group}/${version}`, version }))
  return { name: group, versions: list, preferredVersion: list[0] }
}

const AGGREGATED = 'APIGroupDiscoveryList'

/** The version of the aggregated form that is accepted, if any. */
function aggregatedVersion(accept: string | undefined): string | undefined {
  for (const { parameters } of readAccept(accept)) {
    const version = parameters.get('v')
    if (parameters.get('as') !== AGGREGATED || parameters.get('g') !== 'apidiscovery.k8s.io') continue
    if (version === 'v2' || version === 'v2beta1') return version
  }
  return undefined
}

export interface DiscoveryAnswer {
  readonly body: Fields
  readonly contentType?: string
  readonly isAcceptable: boolean
}

/** Answers /api, /apis, /apis/GROUP, /api/v1 and /apis/GROUP/VERSION; undefined for other paths. */
export function discover(core: Core, path: string, accept: string | undefined): DiscoveryAnswer | undefined {
  const found = discovered(core, path, accept)
  return found === undefined ? undefined : { ...found, isAcceptable: isDiscoveryAccepted(accept) }
}

/** Plain JSON, or a form of discovery there is. */
function isDiscoveryAccepted(accept: string | undefined): boolean {
  const clauses = readAccept(accept)
  if (clauses.length === 0 || aggregatedVersion(accept) !== undefined) return true
  return clauses.some(
    ({ type, parameters }) =>
      (type === 'application/json' || type === '*/*' || type === 'application/*') && !parameters.has('as'),
  )
}

type Found = Omit<DiscoveryAnswer, 'isAcceptable'>

function discovered(core: Core, path: string, accept: string | undefined): Found | undefined {
  const parts = path.split('/').filter((part) => part !== '')
  if (parts[0] !== 'api' && parts[0] !== 'apis') return undefined
  const isCore = parts[0] === 'api'
  const versions = groupVersions(core).filter(({ group }) => (group === '') === isCore)
  if (parts.length === 1) return roots(isCore, versions, aggregatedVersion(accept))
  if (!isCore && parts.length === 2) {
    const group = parts[1] ?? ''
    if (!versions.some((one) => one.group === group)) return undefined
    return { body: { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(group, versions) } }
  }
  const [group, version] = isCore ? ['', parts[1]] : [parts[1], parts[2]]
  const found = versions.find((one) => one.group === group && one.version === version)
  if (parts.length > (isCore ? 2 : 3)) return undefined
  // A group that is built in says so when it has no such version.
  const isBuiltin = core.registry.all().some((one) => one.group === group && !one.custom)
  if (found === undefined && isBuiltin) throw noSuchResource()
  if (found === undefined) return undefined
  const { resources } = found
  return {
    body: {
      kind: 'APIResourceList',
      ...(isCore ? {} : { apiVersion: 'v1' }),
      groupVersion: isCore ? found.version : `${found.group}/${found.version}`,
      resources,
    },
  }
}

function roots(isCore: boolean, versions: readonly GroupVersion[], aggregated: string | undefined): Found {
  if (aggregated !== undefined) {
    const items = (isCore ? [''] : groupNames(versions)).map((group) => aggregatedGroup(group, versions))
    return {
      body: { kind: AGGREGATED, apiVersion: `apidiscovery.k8s.io/${aggregated}`, metadata: {}, items },
      contentType: `application/json;g=apidiscovery.k8s.io;v=${aggregated};as=${AGGREGATED}`,
    }
  }
  if (isCore)
    return {
      body: {
        kind: 'APIVersions',
        versions: ['v1'],
        serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '127.0.0.1' }],
      },
    }
  return {
    body: {
      kind: 'APIGroupList',
      apiVersion: 'v1',
      groups: groupNames(versions).map((group) => groupEntry(group, versions)),
    },
  }
}

function aggregatedGroup(group: string, versions: readonly GroupVersion[]): Fields {
  return {
    metadata: { ...(group === '' ? {} : { name: group }), creationTimestamp: null },
    versions: versions
      .filter((one) => one.group === group)
      .sort(byPriority)
      .map(({ version, resources }) => ({
        version,
        resources: resources
          .filter(({ name }) => !name.includes('/'))
          .map((one) => aggregatedResource(one, group, version, resources)),
        freshness: 'Current',
      })),
  }
}

function aggregatedResource(one: Offered, group: string, version: string, all: readonly Offered[]): Fields {
  const responseKind = (kind: string) => ({ group, version, kind })
  const subresources = all
    .filter(({ name }) => name.startsWith(`${one.name}/`))
    .map(({ name, kind, verbs }) => ({
      subresource: name.slice(one.name.length + 1),
      responseKind: responseKind(kind),
      verbs,
    }))
  return {
    resource: one.name,
    responseKind: responseKind(one.kind),
    scope: one.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: one.singularName,
    verbs: one.verbs,
    ...(one.shortNames === undefined ? {} : { shortNames: one.shortNames }),
    ...(one.categories === undefined ? {} : { categories: one.categories }),
    ...(subresources.length === 0 ? {} : { subresources }),
  }
}

const PATCH_PARAMETERS = ['dryRun', 'fieldManager', 'fieldValidation', 'force'].map((name) => ({
  name,
  in: 'query',
  schema: { type: 'string', uniqueItems: true },
}))

/**
 * /openapi/v3: the index, and for each group version the PATCH operations with their parameters. kubectl asks for no
 * more before it leaves validation to the server; schemas for `kubectl explain` are not served.
 */
export function openApi(core: Core, path: string): Fields | undefined {
  if (path === '/openapi/v3' || path === '/openapi/v3/') {
    const paths = groupVersions(core).map(({ group, version }) => {
      const name = group === '' ? `api/${version}` : `apis/${group}/${version}`
      return [name, { serverRelativeURL: `/openapi/v3/${name}` }] as const
    })
    return { paths: Object.fromEntries(paths) }
  }
  const found = /^\/openapi\/v3\/(?:api\/([^/]+)|apis\/([^/]+)\/([^/]+))$/.exec(path)
  if (found === null) return undefined
  const [, coreVersion, group = '', version = coreVersion ?? ''] = found
  const resources = core.registry
    .all()
    .filter((one) => one.group === group && one.versions.some((at) => at.name === version && isShown(at)))
  if (resources.length === 0) throw noSuchResource()
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: GIT_VERSION },
    paths: Object.fromEntries(resources.map((resource) => patchPath(resource, version))),
    components: { schemas: {} },
  }
}

function patchPath(resource: Resource, version: string): readonly [string, Fields] {
  const { group, kind, plural, namespaced } = resource
  const root = `/${group === '' ? 'api' : 'apis'}/${apiVersionOf(resource, version)}`
  const scope = namespaced ? '/namespaces/{namespace}' : ''
  return [
    `${root}${scope}/${plural}/{name}`,
    {
      patch: {
        parameters: PATCH_PARAMETERS,
        responses: { 200: { description: 'OK' } },
        'x-kubernetes-action': 'patch',
        'x-kubernetes-group-version-kind': { group, version, kind },
      },
    },
  ]
}
