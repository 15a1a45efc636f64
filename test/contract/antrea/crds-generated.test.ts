/**
 * Objects of every kind, made at random from Antrea's own schemas and around their edges, put to two API servers: one with
 * the project's definitions and one with Antrea's, where those are at hand. Both accept, refuse, prune and default the same.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { parse } from 'yaml'
import { customResourceDefinitions } from '../../../src/sandbox/antrea/crds/index.ts'
import { createApiServer } from '../../../src/sandbox/apiserver/index.ts'
import type { Handler } from '../../../src/world/index.ts'
import { connectInProcess } from '../../../src/world/link.ts'
import { createFakeClock, createSeededRandom } from '../../fakes/clock.ts'

const THEIRS = new URL('../../../../shared/data/antrea-crds/', import.meta.url)
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const RUNS = 60

interface Schema {
  readonly type?: string
  readonly format?: string
  readonly enum?: readonly unknown[]
  readonly minimum?: number
  readonly maximum?: number
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly oneOf?: readonly Schema[]
}

interface Definition {
  readonly spec: {
    readonly names: { readonly plural: string; readonly kind: string }
    readonly scope: string
    readonly versions: readonly {
      readonly name: string
      readonly storage: boolean
      readonly schema: { readonly openAPIV3Schema: Schema }
    }[]
  }
}

const TEXTS = [
  'x',
  '',
  'default',
  'a b',
  '10.0.0.1',
  '2001:db8::1',
  '10.0.0.0/8',
  'QUJD',
  '2h',
  'h:80',
  '100-200',
]
const anything: fc.Arbitrary<unknown> = fc.oneof(
  fc.constant(null),
  fc.integer(),
  fc.constantFrom(...TEXTS),
  fc.boolean(),
  fc.constant([]),
  fc.constant({}),
)

/** Mostly what the schema asks for, sometimes just beside it. */
function around(schema: Schema): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 30, arbitrary: fitting(schema) }, { weight: 1, arbitrary: anything })
}

function fitting(schema: Schema): fc.Arbitrary<unknown> {
  const { type, format, minimum = 0, maximum = 100, items, properties } = schema
  if (schema.enum !== undefined)
    return fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...schema.enum) },
      { weight: 1, arbitrary: anything },
    )
  if (type === 'integer' || type === 'number')
    return fc.constantFrom(minimum, maximum, minimum, maximum, minimum + 1, minimum - 1, maximum + 1)
  if (type === 'boolean') return fc.boolean()
  if (type === 'array') return fc.array(around(items ?? {}), { maxLength: 2 })
  if (format !== undefined) return fc.constantFrom('10.0.0.0/8', '2h', 'QUJD', '2026-01-01T00:00:00Z', 'x')
  if (schema.oneOf?.some((one) => one.format === 'ipv4') === true)
    return fc.constantFrom('10.0.0.1', '2001:db8::1', '10.0.0.1', 'x')
  if (type === 'string') return fc.constantFrom(...TEXTS)
  if (type !== 'object') return anything
  const entries = Object.entries(properties ?? {})
  const known = fc.record(Object.fromEntries(entries.map(([key, inner]) => [key, around(inner)])), {
    requiredKeys: [],
  })
  return fc
    .tuple(known, fc.dictionary(fc.constantFrom('hue', 'a'), anything, { maxKeys: 1 }))
    .map(([fields, others]) => ({ ...others, ...fields }))
}

function serverOf(definitions: readonly object[]) {
  const clock = createFakeClock()
  const server = createApiServer({ clock, random: createSeededRandom(1) })
  const peer = {
    address: '127.0.0.1',
    commonName: 'admin',
    organizations: ['system:masters'],
    verified: true,
  }
  const { client } = connectInProcess(server.handler as Handler, { origin: 'https://x', peer, clock })
  const post = async (path: string, body: unknown) => {
    const answer = await client.request({
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(body),
      headersTimeoutMs: 5_000,
    })
    const chunks: Uint8Array[] = []
    for await (const chunk of answer.body) chunks.push(chunk)
    return { status: answer.status, body: JSON.parse(Buffer.concat(chunks).toString()) }
  }
  return {
    post,
    async install() {
      for (const definition of definitions) assert.equal((await post(CRDS, definition)).status, 201)
    },
    async close() {
      await client.close()
      server.close()
    },
  }
}

test('generated objects fare the same with Antrea’s definitions', {
  skip: existsSync(THEIRS) ? false : 'the definitions of Antrea are not at hand',
}, async (t) => {
  const ours = customResourceDefinitions() as unknown as Definition[]
  const theirs = ours.map(
    ({ spec }) =>
      parse(readFileSync(new URL(`${spec.names.kind.toLowerCase()}.yaml`, THEIRS), 'utf8')) as Definition,
  )
  const [mine, real] = [serverOf(ours), serverOf(theirs)]
  try {
    await mine.install()
    await real.install()
    const codes = new Set<number>()
    for (const { spec } of theirs)
      await t.test(spec.names.kind, async () => {
        const { name, schema } = spec.versions.find(({ storage }) => storage) ?? assert.fail()
        const scope = spec.scope === 'Cluster' ? '' : '/namespaces/default'
        const path = `/apis/crd.antrea.io/${name}${scope}/${spec.names.plural}?dryRun=All`
        await fc.assert(
          fc.asyncProperty(fitting(schema.openAPIV3Schema), async (value) => {
            const object = {
              ...(value as object),
              apiVersion: `crd.antrea.io/${name}`,
              kind: spec.names.kind,
              metadata: { name: 'default' },
            }
            const [a, b] = [await mine.post(path, object), await real.post(path, object)]
            assert.equal(a.status, b.status, JSON.stringify([a.body, b.body]))
            codes.add(a.status)
            if (a.status !== 201) return
            const { metadata: _, ...left } = a.body
            const { metadata: __, ...right } = b.body
            assert.deepEqual(left, right)
          }),
          { numRuns: RUNS, seed: 11 },
        )
      })
    assert.deepEqual([...codes].sort(), [201, 422], 'some are taken, some are not')
  } finally {
    await mine.close()
    await real.close()
  }
})
