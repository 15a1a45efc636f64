/**
 * Random objects of every resource that is read in protobuf are written to an API server, and read both as protobuf and
 * as JSON, listed and watched: what is kept of them must be the same. And every field of the tables must have been met.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { refusalOf } from '../../../src/kube/call.ts'
import { RESOURCES, resourcePath } from '../../../src/kube/index.ts'
import type { Message, Shape } from '../../../src/kube/kept/index.ts'
import { keptOf } from '../../../src/kube/projections.ts'
import { createReader } from '../../../src/kube/reader.ts'
import type { KubeObject } from '../../../src/kube/types.ts'
import type { WireEvent } from '../../../src/kube/wire.ts'
import type { Clock, HttpClient } from '../../../src/world/index.ts'
import { createSeededRandom } from '../../fakes/clock.ts'
import { createDice, MAKERS, type Made, NAMESPACE, type WireResource } from './objects.ts'

export interface WireLink {
  /** As cluster administrator. */
  readonly client: HttpClient
  readonly clock: Clock
  /** Namespaces go by themselves when they are deleted. */
  readonly finalizesNamespaces: boolean
  /** Whether LoadBalancers of externalTrafficPolicy Local get a port for their health check. */
  readonly allocatesHealthCheckPorts: boolean
  /** Forgets the history of changes, also for watches. Absent: no way to make the server do so. */
  readonly compact?: () => Promise<void>
  close(): Promise<void>
}

const OBJECTS = 30
const TIMEOUT_MS = 10_000

async function send(
  client: HttpClient,
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body: unknown,
) {
  const answer = await client.request({
    method,
    path,
    headers: {
      'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
      accept: 'application/json',
    },
    body: JSON.stringify(body),
    headersTimeoutMs: TIMEOUT_MS,
  })
  const chunks: Uint8Array[] = []
  for await (const chunk of answer.body) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${text}\n${JSON.stringify(body)}`)
  return JSON.parse(text) as Record<string, unknown>
}

async function write(client: HttpClient, made: Made): Promise<void> {
  const stored = await send(client, 'POST', made.path, made.body)
  if (made.status === undefined) return
  const { name } = stored['metadata'] as { name: string }
  await send(client, 'PUT', `${made.path}/${name}/status`, { ...stored, status: made.status })
}

/** A reader that is answered in the format it is asked in, or else fails. */
async function ask(link: WireLink, name: WireResource, format: Format, query: string, isWatch: boolean) {
  const reader = createReader(name, link.clock)
  const accept = isWatch ? reader.watchAccept : reader.listAccept
  const stop = new AbortController()
  const answer = await link.client.request({
    method: 'GET',
    path: `${resourcePath(RESOURCES[name])}?${query}`,
    headers: { accept: format === 'json' ? 'application/json' : accept },
    headersTimeoutMs: TIMEOUT_MS,
    lane: 'stream',
    signal: stop.signal,
  })
  const contentType = answer.headers['content-type'] ?? ''
  assert.equal(answer.status, 200)
  assert.equal(contentType.includes('protobuf'), format === 'protobuf', `${name} came as ${contentType}`)
  return { reader, body: answer.body, contentType, stop: () => stop.abort(new Error('enough was read')) }
}

type Format = 'protobuf' | 'json'

const byName = (objects: readonly KubeObject[]) =>
  new Map(objects.map((object) => [`${object.metadata.namespace}/${object.metadata.name}`, object]))

async function list(link: WireLink, name: WireResource, format: Format) {
  const items: KubeObject[] = []
  const versions: string[] = []
  let next = ''
  do {
    const query = `limit=17${next === '' ? '' : `&continue=${encodeURIComponent(next)}`}`
    const { reader, body, contentType } = await ask(link, name, format, query, false)
    const page = await reader.readPage(body, contentType)
    items.push(...page.items)
    versions.push(page.resourceVersion)
    next = page.next ?? ''
  } while (next !== '')
  return { objects: byName(items), versions }
}

/** The events of a streamed list, which is told when it is complete, and then up to the deletion of `last`. */
async function watch(
  link: WireLink,
  name: WireResource,
  format: Format,
  last: string,
  onListed: () => void,
): Promise<WireEvent[]> {
  const query =
    'watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=20'
  const { reader, body, contentType, stop } = await ask(link, name, format, query, true)
  const events: WireEvent[] = []
  for await (const batch of reader.readEvents(body, contentType))
    for (const event of batch) {
      events.push(event)
      if (event.type === 'BOOKMARK' && event.endsList) onListed()
      if (event.type === 'DELETED' && event.object.metadata.name === last) {
        stop()
        return events
      }
    }
  throw new Error(`the watch of ${name} ended before ${last} was deleted`)
}

/** Paths of the fields that some object has. */
function* present(shape: Shape, value: unknown, path: string): Generator<string, void> {
  if (value === undefined) return
  yield path
  if (shape.kind === 'list')
    for (const item of value as unknown[]) yield* present(shape.items, item, `${path}[]`)
  if (shape.kind === 'message') yield* presentIn(shape, value, path)
}

function* presentIn(message: Message, value: unknown, path: string): Generator<string, void> {
  for (const [field, [, shape]] of Object.entries(message.fields))
    if (field === '+' && shape.kind === 'message') yield* presentIn(shape, value, path)
    else yield* present(shape, (value as Record<string, unknown>)[field], `${path}.${field}`)
}

function* declared(shape: Shape, path: string): Generator<string, void> {
  if (shape.kind === 'list') yield* declared(shape.items, `${path}[]`)
  else if (shape.kind !== 'message') yield path
  else
    for (const [field, [, inner]] of Object.entries(shape.fields))
      yield* declared(inner, field === '+' ? path : `${path}.${field}`)
}

/** Fields of the common metadata that objects of a kind do not have. */
function hasNever(resource: WireResource): readonly string[] {
  const counted = ['namespaces', 'nodes', 'services'].includes(resource) ? ['.metadata.generation'] : []
  return RESOURCES[resource].namespaced ? counted : [...counted, '.metadata.namespace']
}

/** Declares the tests. `connect` gives a link to a server that is the suite's own. */
export function runWire(name: string, connect: () => Promise<WireLink>): void {
  describe(`both formats of ${name}`, () => {
    let link: WireLink
    const dice = createDice(createSeededRandom(20))
    before(async () => {
      link = await connect()
      await send(link.client, 'POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } })
    })
    after(() => link.close())
    for (const resource of Object.keys(MAKERS) as WireResource[])
      test(`${resource}: what is kept is the same`, async () => {
        for (let at = 0; at < OBJECTS; at += 1) await write(link.client, MAKERS[resource](dice, at))
        await checkLists(link, resource)
        await checkWatches(link, resource)
      })
    test('an expired version: 410 in both', async (t) => {
      if (link.compact === undefined) return t.skip('its watch cache cannot be made to forget')
      await link.compact()
      const { watchAccept } = createReader('pods', link.clock)
      const fields = (status: unknown) => {
        const { code, reason, message } = status as Record<string, unknown>
        return { code, reason, message }
      }
      const protobuf = fields(await expired(link, watchAccept))
      assert.deepEqual(protobuf, fields(await expired(link, 'application/json')))
      assert.deepEqual([protobuf.code, protobuf.reason], [410, 'Expired'])
    })
    test('refusals: the same error of both', async () => {
      const { listAccept } = createReader('pods', link.clock)
      for (const query of ['continue=nonsense', 'resourceVersion=x', 'resourceVersionMatch=Exact']) {
        const protobuf = await refused(link, listAccept, query)
        const json = await refused(link, 'application/json', query)
        assert.match(protobuf.contentType ?? '', /protobuf/)
        assert.deepEqual({ ...protobuf, contentType: '' }, { ...json, contentType: '' })
      }
    })
  })
}

/** A watch from a version that is compacted gets 410, in the stream or as the answer's own status. */
async function expired(link: WireLink, accept: string): Promise<unknown> {
  const reader = createReader('pods', link.clock)
  const answer = await link.client.request({
    method: 'GET',
    path: `${resourcePath(RESOURCES.pods)}?watch=true&resourceVersion=1&timeoutSeconds=5`,
    headers: { accept },
    headersTimeoutMs: TIMEOUT_MS,
    lane: 'stream',
  })
  if (answer.status !== 200) return (await refusalOf(answer, 'WATCH pods', link.clock)).code
  for await (const batch of reader.readEvents(answer.body, answer.headers['content-type']))
    for (const event of batch) return event.type === 'ERROR' ? event.status : event
  return 'nothing came'
}

/** A refusal, as the error it becomes. */
async function refused(link: WireLink, accept: string, query: string) {
  const answer = await link.client.request({
    method: 'GET',
    path: `${resourcePath(RESOURCES.pods)}?${query}`,
    headers: { accept },
    headersTimeoutMs: TIMEOUT_MS,
  })
  const { code, message, retryAfterMs } = await refusalOf(answer, 'LIST pods', link.clock)
  return { contentType: answer.headers['content-type'], code, message, retryAfterMs }
}

async function checkLists(link: WireLink, resource: WireResource): Promise<void> {
  const protobuf = await list(link, resource, 'protobuf')
  const json = await list(link, resource, 'json')
  assert.ok(protobuf.objects.size >= OBJECTS)
  assert.deepEqual(protobuf.objects, json.objects)
  assert.deepEqual(protobuf.versions.length, json.versions.length)
  const kept = keptOf(resource)
  assert.ok(kept)
  const met = new Set([...protobuf.objects.values()].flatMap((object) => [...present(kept, object, '')]))
  // A deletionTimestamp is met by the watches.
  const excused = new Set(['.metadata.deletionTimestamp', ...hasNever(resource)])
  if (!link.allocatesHealthCheckPorts) excused.add('.spec.healthCheckNodePort')
  const missing = [...declared(kept, '')].filter((path) => !met.has(path) && !excused.has(path))
  assert.deepEqual(missing, [], 'fields of the table that no object had')
}

/** One object is changed and one deleted while both watches read. */
async function checkWatches(link: WireLink, resource: WireResource): Promise<void> {
  const last = MAKERS[resource](createDice(createSeededRandom(1)), 200)
  const { name } = last.body['metadata'] as { name: string }
  await send(link.client, 'POST', last.path, {
    ...last.body,
    metadata: { ...(last.body['metadata'] as object), finalizers: ['example.com/hold'] },
  })
  const both = (['protobuf', 'json'] as const).map((format) => {
    const listed = Promise.withResolvers<void>()
    const events = watch(link, resource, format, name, listed.resolve)
    events.catch(listed.reject)
    return { events, listed: listed.promise }
  })
  await Promise.all(both.map(({ listed }) => listed))
  const target = `${last.path}/${name}`
  await send(link.client, 'PATCH', target, { metadata: { labels: { changed: 'yes' } } })
  // Two steps: the first one shows a deletionTimestamp.
  await send(link.client, 'DELETE', target, { gracePeriodSeconds: 0 })
  await send(link.client, 'PATCH', target, { metadata: { finalizers: null } })
  // A namespace stays until its own finalizer is taken, which a controller or this does.
  if (resource === 'namespaces' && !link.finalizesNamespaces)
    await send(link.client, 'PUT', `${target}/finalize`, {
      kind: 'Namespace',
      apiVersion: 'v1',
      metadata: { name },
      spec: {},
    })
  const [protobuf, json] = await Promise.all(both.map(({ events }) => events))
  const wanted = (events: readonly WireEvent[] | undefined) => settled(events ?? [], name)
  assert.deepEqual(wanted(protobuf), wanted(json))
  assert.ok(
    wanted(protobuf).some(({ object }) => object.metadata.deletionTimestamp !== undefined),
    'no event showed a deletionTimestamp',
  )
  const marks = (protobuf ?? []).filter((event) => event.type === 'BOOKMARK' && event.endsList)
  assert.equal(marks.length, 1)
}

/** Events of one object after the watch saw it first: where the list ends and the changes begin is a matter of time. */
const settled = (events: readonly WireEvent[], name: string) =>
  events.filter(
    (event): event is Extract<WireEvent, { object: KubeObject }> =>
      'object' in event && event.object.metadata.name === name && event.type !== 'ADDED',
  )
