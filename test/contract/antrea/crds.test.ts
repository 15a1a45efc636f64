/** The project's own CustomResourceDefinitions beside Antrea's, where those are at hand. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'
import { customResourceDefinitions } from '../../../src/sandbox/antrea/crds/index.ts'
import { stable } from './picture.ts'

/** Antrea's definitions (build/charts/antrea/crds of v2.7), beside a checkout and not part of it. */
const THEIRS = new URL('../../../../shared/data/antrea-crds/', import.meta.url)

interface Definition {
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly names: { readonly kind: string; readonly shortNames?: readonly string[] }
    readonly scope: string
    readonly versions: readonly {
      readonly name: string
      readonly additionalPrinterColumns?: readonly { description?: string }[]
    }[]
  }
}

/** What decides what is accepted, pruned and shown; descriptions are words. */
function essence({ spec, metadata }: Definition): unknown {
  const versions = spec.versions.map((version) => ({
    ...version,
    additionalPrinterColumns: (version.additionalPrinterColumns ?? []).map(
      ({ description, ...rest }) => rest,
    ),
  }))
  return withoutOrder(stable({ name: metadata.name, ...spec, versions }))
}

/** `required` is a set, and a description is words; a property of that name is not. */
const withoutOrder = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutOrder)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, inner]) => key !== 'description' || typeof inner !== 'string')
      .map(([key, inner]) => [
        key,
        key === 'required' && Array.isArray(inner) ? [...inner].sort() : withoutOrder(inner),
      ]),
  )
}

test('every definition accepts, prunes and shows what Antrea’s does', {
  skip: existsSync(THEIRS) ? false : 'the definitions of Antrea are not at hand',
}, async (t) => {
  const ours = customResourceDefinitions() as unknown as Definition[]
  assert.equal(ours.length, 20)
  for (const definition of ours)
    await t.test(definition.metadata.name, () => {
      const file = new URL(`${definition.spec.names.kind.toLowerCase()}.yaml`, THEIRS)
      assert.deepEqual(essence(definition), essence(parse(readFileSync(file, 'utf8')) as Definition))
    })
})

test('names and scopes are those that kubectl users know', () => {
  assert.deepEqual(
    customResourceDefinitions().map(({ spec }) => [
      spec.names.kind,
      spec.scope,
      ...(spec.names.shortNames ?? []),
    ]),
    [
      ['ClusterNetworkPolicy', 'Cluster', 'acnp'],
      ['NetworkPolicy', 'Namespaced', 'annp', 'anp'],
      ['ClusterGroup', 'Cluster', 'cg'],
      ['Group', 'Namespaced', 'grp'],
      ['Tier', 'Cluster', 'tr'],
      ['AntreaAgentInfo', 'Cluster', 'aai'],
      ['AntreaControllerInfo', 'Cluster', 'aci'],
      ['Traceflow', 'Cluster', 'tf'],
      ['Egress', 'Cluster', 'eg'],
      ['ExternalIPPool', 'Cluster', 'eip'],
      ['IPPool', 'Cluster', 'ipp'],
      ['SupportBundleCollection', 'Cluster', 'sbc'],
      ['PacketCapture', 'Cluster', 'pcap'],
      ['ExternalEntity', 'Namespaced', 'ee'],
      ['ExternalNode', 'Namespaced', 'en'],
      ['NodeLatencyMonitor', 'Cluster', 'nlm'],
      ['BGPPolicy', 'Cluster'],
      ['AntreaNodeConfig', 'Cluster', 'anc'],
      ['FlowExporterDestination', 'Cluster', 'flowexporterdest'],
      ['TrafficControl', 'Cluster', 'tc'],
    ],
  )
})
