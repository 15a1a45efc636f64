/** Every recorded write request, put to the embedded API server with the stand-in's webhooks. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Called, TestCluster } from './cluster.ts'
import { startCluster } from './cluster.ts'
import { collectionOf, type Fields, Names, put, readLines, readObjects, type Thing } from './objects.ts'

interface Case {
  readonly id: string
  readonly about: string
  readonly given?: readonly (string | Thing)[]
  readonly verb: 'create' | 'update' | 'delete' | 'patch' | 'jsonpatch' | 'apply'
  readonly user?: { readonly name: string; readonly groups?: readonly string[] }
  readonly after_ms?: number
  readonly request: {
    readonly object?: string | Thing
    readonly target?: { apiVersion: string; kind: string; name: string; namespace?: string }
    readonly patch?: unknown
    readonly query?: string
    readonly raw?: string
    readonly subresource?: string
    readonly resourceVersion?: string
  }
  readonly answer: Fields
}

/** Where the embedded API server, not the stand-in, answers otherwise. */
const DIFFERENT: Readonly<Record<string, string>> = {
  'acnp-111': 'a null is a wrong type, not an absent value',
  'acnp-153': 'its CIDR format does not take leading zeros',
  'acnp-208': 'numbers of an enumeration are shown without quotes',
  'acnp-213': 'no warning beside a refusal',
  'acnp-216': 'numbers of an enumeration are shown without quotes',
  'acnp-279': 'it does not see duplicate fields',
  'acnp-280': 'it does not see duplicate fields',
  'acnp-281': "the JSON parser's own words",
  'acnp-282': 'no warning beside a refusal',
  'acnp-284': 'a null is a wrong type, not an absent value',
  'acnp-286': 'a null is a wrong type, not an absent value',
  'acnp-290': 'it looks at the kind before the webhooks',
  'sbc-021': 'it has no rules of access, and does not review it',
  'sbc-022': 'it has no rules of access',
  'sbc-023': 'it has no rules of access',
}

const objects = readObjects()
const expand = (given: string | Thing): Thing =>
  structuredClone(typeof given === 'string' ? (objects[given] as Thing) : given)

const PATCH_TYPES = {
  patch: 'application/merge-patch+json',
  jsonpatch: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
}

async function send(
  cluster: TestCluster,
  names: Names,
  recorded: Case,
): Promise<{ answer: Called; one: string }> {
  const { request, verb } = recorded
  const object = request.object === undefined ? undefined : (names.out(expand(request.object)) as Thing)
  const target = request.target ?? { ...(object as Thing), ...(object as Thing).metadata }
  const collection = collectionOf(target.apiVersion, target.kind, target.namespace)
  const one = `${collection}/${target.name}${request.subresource === undefined ? '' : `/${request.subresource}`}`
  const query = request.query === undefined ? '' : `?${request.query}`
  const as = recorded.user === undefined ? {} : { user: recorded.user }
  if (verb === 'create')
    return { one, answer: await cluster.call('POST', collection + query, request.raw ?? object, as) }
  if (verb === 'delete') return { one, answer: await cluster.call('DELETE', one + query, undefined, as) }
  if (verb !== 'update') {
    const type = PATCH_TYPES[verb]
    return { one, answer: await cluster.call('PATCH', one + query, request.patch ?? object, { ...as, type }) }
  }
  const live = (await cluster.call('GET', `${collection}/${target.name}`)).body as Thing
  const resourceVersion = request.resourceVersion ?? live.metadata['resourceVersion']
  const body = { ...(object as Thing), metadata: { ...(object as Thing).metadata, resourceVersion } }
  return { one, answer: await cluster.call('PUT', one + query, body, as) }
}

function pick(names: Names, { code, body, warnings }: Called): Fields {
  names.learn(body)
  const common = {
    code,
    ...(warnings.length === 0 ? {} : { warnings: warnings.map((text) => names.text(text)) }),
  }
  if (typeof body !== 'object' || body === null) return { ...common, text: body }
  const { kind, reason, message, status, details } = body as Readonly<Record<string, string>> & {
    details?: { causes?: unknown }
  }
  if (kind === 'Status')
    return {
      ...common,
      status: {
        ...(reason === undefined || reason === '' ? {} : { reason }),
        ...(message === undefined ? {} : { message: names.text(message) }),
        ...(status === undefined ? {} : { status }),
        ...(details?.causes === undefined ? {} : { causes: names.in(details.causes) }),
      },
    }
  const { metadata, spec, status: written } = names.in(body) as unknown as Thing & { spec?: unknown }
  return {
    ...common,
    object: {
      ...(metadata['generation'] ? { generation: metadata['generation'] } : {}),
      ...(metadata['labels'] ? { labels: metadata['labels'] } : {}),
      ...(spec ? { spec } : {}),
      ...(written ? { status: written } : {}),
    },
  }
}

async function play(recorded: Case): Promise<Fields> {
  const cluster = await startCluster()
  const names = new Names()
  try {
    for (const given of recorded.given ?? []) {
      const made = await put(cluster.call, names.out(expand(given)) as Thing)
      assert.ok(made.code < 300, `given: ${JSON.stringify(made.body)}`)
      names.learn(made.body)
      await cluster.rest()
    }
    const { answer, one } = await send(cluster, names, recorded)
    const picked = { ...pick(names, answer) }
    if (recorded.verb === 'delete') delete (picked as { object?: unknown }).object
    if (recorded.after_ms === undefined) return picked
    await cluster.rest(recorded.after_ms)
    return { ...picked, later: pick(names, await cluster.call('GET', one)) }
  } finally {
    await cluster.stop()
  }
}

const cases = readLines<Case>('admission.jsonl')

for (const group of ['tier', 'acnp', 'annp', 'cg', 'group', 'tf', 'egress', 'eip', 'ippool', 'sbc'])
  test(`admission of ${group}`, async (t) => {
    const mine = cases.filter(({ id }) => id.startsWith(`${group}-`))
    assert.ok(mine.length > 10, 'the corpus is there')
    for (const recorded of mine)
      await t.test(
        `${recorded.id} ${recorded.about}`,
        { skip: DIFFERENT[recorded.id] ?? false },
        async () => {
          assert.deepEqual(JSON.parse(JSON.stringify(await play(recorded))), recorded.answer)
        },
      )
  })
