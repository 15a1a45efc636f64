/** Protobuf of the API server, written here byte by byte: read as it is meant, or refused with a code; never a crash, never growth. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AdapterError } from '../../../src/errors.ts'
import { RESOURCES } from '../../../src/kube/index.ts'
import { keptOf } from '../../../src/kube/projections.ts'
import { createReader } from '../../../src/kube/reader.ts'
import type { WireEvent } from '../../../src/kube/wire.ts'
import { createProtobufReader, refusalText } from '../../../src/kube/wire-protobuf.ts'
import { KUBE_OBJECT_VALUES_MAX, KUBE_WATCH_LINE_BYTES_MAX } from '../../../src/limits.ts'
import { createFakeClock } from '../../fakes/clock.ts'

type Bytes = Uint8Array

const varint = (value: number): Bytes => {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest])
    bytes.push((rest % 128) | 128)
  }
}
const join = (...parts: Bytes[]): Buffer => Buffer.concat(parts)
const bytes = (number: number, value: Bytes | string): Buffer => {
  const content = typeof value === 'string' ? Buffer.from(value) : value
  return join(varint(number * 8 + 2), varint(content.length), content)
}
const number = (field: number, value: number): Buffer => join(varint(field * 8), varint(value))

const MAGIC = Buffer.from('k8s\0')
const wrapped = (kind: string, raw: Bytes): Buffer =>
  join(MAGIC, bytes(1, join(bytes(1, 'v1'), bytes(2, kind))), bytes(2, raw), bytes(3, ''), bytes(4, ''))
const framed = (event: Bytes): Buffer => {
  const head = Buffer.alloc(4)
  head.writeUInt32BE(event.length)
  return join(head, event)
}
const eventOf = (type: string, kind: string, raw: Bytes): Buffer =>
  framed(join(bytes(1, type), bytes(2, bytes(1, wrapped(kind, raw)))))

const meta = (name: string, ...more: Bytes[]): Buffer =>
  bytes(1, join(bytes(1, name), bytes(3, 'demo'), bytes(5, 'u1'), bytes(6, '7'), ...more))
const pod = (name: string, ...more: Bytes[]): Buffer => join(meta(name), ...more)

const kept = keptOf('pods')
assert.ok(kept)
const reader = createProtobufReader(RESOURCES.pods, kept, createFakeClock())

async function* stream(...parts: Bytes[]) {
  for (const part of parts) yield part
}
async function* byteByByte(whole: Bytes) {
  for (let at = 0; at < whole.length; at += 1) yield whole.subarray(at, at + 1)
}
const events = async (body: AsyncIterable<Bytes>) => {
  const all: WireEvent[] = []
  for await (const batch of reader.readEvents(body)) all.push(...batch)
  return all
}
const refused = (code: string, words?: RegExp) => (error: unknown) =>
  error instanceof AdapterError && error.code === code && (words === undefined || words.test(error.message))

const LIST = wrapped(
  'PodList',
  join(bytes(1, join(bytes(2, '9'), bytes(3, 'next'))), bytes(2, pod('a')), bytes(2, pod('b'))),
)
const STREAM = join(
  eventOf('ADDED', 'Pod', pod('a', bytes(3, bytes(1, 'Running')))),
  eventOf(
    'BOOKMARK',
    'Pod',
    bytes(1, join(bytes(6, '8'), bytes(12, join(bytes(1, 'k8s.io/initial-events-end'), bytes(2, 'true'))))),
  ),
  eventOf('DELETED', 'Pod', pod('a')),
)

test('a list and a stream, whole or a byte at a time', async () => {
  for (const body of [() => stream(LIST), () => byteByByte(LIST)]) {
    const page = await reader.readPage(body())
    assert.deepEqual([page.resourceVersion, page.next], ['9', 'next'])
    assert.deepEqual(
      page.items.map(({ apiVersion, kind, metadata }) => [apiVersion, kind, metadata]),
      ['a', 'b'].map((name) => ['v1', 'Pod', { name, namespace: 'demo', uid: 'u1', resourceVersion: '7' }]),
    )
  }
  for (const body of [() => stream(STREAM), () => byteByByte(STREAM)]) {
    const [added, bookmark, deleted, ...rest] = await events(body())
    assert.equal(added?.type === 'ADDED' && (added.object.status as { phase: string }).phase, 'Running')
    assert.deepEqual(bookmark, { type: 'BOOKMARK', resourceVersion: '8', endsList: true })
    assert.equal(deleted?.type, 'DELETED')
    assert.deepEqual(rest, [])
  }
})

test('an expired version within the stream', async () => {
  const status = join(
    bytes(1, ''),
    bytes(2, 'Failure'),
    bytes(3, 'too old'),
    bytes(4, 'Expired'),
    number(6, 410),
  )
  assert.deepEqual(await events(stream(eventOf('ERROR', 'Status', status))), [
    { type: 'ERROR', status: { status: 'Failure', message: 'too old', reason: 'Expired', code: 410 } },
  ])
  const body = wrapped('Status', status)
  assert.equal(JSON.parse(refusalText(body, 'application/vnd.kubernetes.protobuf') ?? '').code, 410)
  assert.equal(refusalText(body, 'application/json'), undefined)
  assert.equal(refusalText(body.subarray(0, 9), 'application/vnd.kubernetes.protobuf'), undefined)
})

test('fields nobody knows, of every wire type, are stepped over', async () => {
  const unknown = join(
    number(100, 2 ** 40),
    join(varint(101 * 8 + 1), Buffer.alloc(8)),
    bytes(102, 'anything'),
    join(varint(103 * 8 + 5), Buffer.alloc(4)),
  )
  const [event] = await events(stream(eventOf('ADDED', 'Pod', pod('a', unknown))))
  assert.equal(event?.type === 'ADDED' && event.object.metadata.name, 'a')
})

test('a key like __proto__ is a key like others', async () => {
  const label = bytes(11, join(bytes(1, '__proto__'), bytes(2, 'x')))
  const [event] = await events(stream(eventOf('ADDED', 'Pod', meta('a', label))))
  const labels = event?.type === 'ADDED' ? event.object.metadata.labels : undefined
  assert.deepEqual(Object.entries(labels ?? {}), [['__proto__', 'x']])
  assert.equal(Object.getPrototypeOf(labels), Object.prototype)
})

test('what is cut short anywhere is refused', async () => {
  for (let length = 1; length < LIST.length - 4; length += 1)
    await assert.rejects(
      reader.readPage(stream(LIST.subarray(0, length))),
      (error) => error instanceof AdapterError,
    )
  const first = STREAM.readUInt32BE(0) + 4
  for (let length = 1; length < first; length += 1)
    await assert.rejects(events(stream(STREAM.subarray(0, length))), refused('KUBE_FRAME_TRUNCATED'))
})

test('malformed bytes, each with its reason', async () => {
  const endless = Buffer.alloc(11, 0xff)
  const cases: readonly [Bytes, RegExp][] = [
    [framed(Buffer.alloc(0)), /without an object/],
    [eventOf('ADDED', 'Node', pod('a')), /no Pod/],
    [eventOf('ERROR', 'Pod', pod('a')), /no Status/],
    [eventOf('MOVED', 'Pod', pod('a')), /unknown type/],
    [eventOf('ADDED', 'Pod', bytes(2, '')), /without metadata/],
    [eventOf('ADDED', 'Pod', bytes(1, bytes(1, 'a'))), /without name or resourceVersion/],
    [eventOf('ADDED', 'Pod', bytes(1, join(bytes(1, 'a'), bytes(6, '7')))), /without namespace/],
    [eventOf('ADDED', 'Pod', join(pod('a'), varint(2 * 8 + 2), varint(1_000))), /beyond its message/],
    [eventOf('ADDED', 'Pod', join(pod('a'), varint(50 * 8), endless)), /too long/],
    [eventOf('ADDED', 'Pod', join(pod('a'), endless)), /too long/],
    [eventOf('ADDED', 'Pod', join(pod('a'), varint(50 * 8 + 3))), /wire type 3/],
    [eventOf('ADDED', 'Pod', join(pod('a'), number(3, 1))), /another wire type/],
    [eventOf('ADDED', 'Pod', join(pod('a'), varint(2), varint(0))), /without a number/],
    [
      eventOf('ADDED', 'Pod', meta('a', bytes(11, join(bytes(1, 'k'), bytes(2, Uint8Array.of(0xff)))))),
      /UTF-8/,
    ],
    [eventOf('ADDED', 'Pod', meta('a', bytes(9, number(1, 2 ** 50)))), /out of range/],
    [framed(join(bytes(1, 'ADDED'), bytes(2, bytes(1, Buffer.from('json{}'))))), /not Kubernetes/],
    [
      framed(join(bytes(1, 'ADDED'), bytes(2, bytes(1, join(wrapped('Pod', pod('a')), bytes(3, 'gzip')))))),
      /encoding/,
    ],
  ]
  for (const [body, words] of cases)
    await assert.rejects(events(stream(body)), refused('KUBE_MALFORMED', words), String(words))
  for (const body of [
    Buffer.from('{"kind":"PodList"}'),
    wrapped('NodeList', bytes(2, pod('a'))),
    wrapped('PodList', bytes(2, pod('a'))),
  ])
    await assert.rejects(reader.readPage(stream(body)), refused('KUBE_MALFORMED'))
})

test('announced lengths take no memory, and those over the limit are refused at once', async () => {
  const head = Buffer.alloc(4)
  head.writeUInt32BE(KUBE_WATCH_LINE_BYTES_MAX + 1)
  await assert.rejects(events(stream(head)), refused('KUBE_FRAME_TOO_LONG'))
  head.writeUInt32BE(KUBE_WATCH_LINE_BYTES_MAX)
  const before = process.memoryUsage().arrayBuffers
  let highest = 0
  async function* drip() {
    yield head
    for (let at = 0; at < 1_000; at += 1) {
      highest = Math.max(highest, process.memoryUsage().arrayBuffers)
      yield Uint8Array.of(0)
    }
  }
  await assert.rejects(events(drip()), refused('KUBE_FRAME_TRUNCATED'))
  assert.ok(highest - before < 1024 * 1024, `${highest - before} bytes were taken`)
  const listOf = (length: number) =>
    join(MAGIC, bytes(1, bytes(2, 'PodList')), varint(2 * 8 + 2), varint(length))
  await assert.rejects(reader.readPage(stream(listOf(4_000_000_000))), refused('KUBE_FRAME_TOO_LONG'))
  const item = join(
    listOf(1_000_000_000),
    varint(2 * 8 + 2),
    varint(KUBE_WATCH_LINE_BYTES_MAX + 1),
    Buffer.alloc(20),
  )
  await assert.rejects(reader.readPage(stream(item)), refused('KUBE_FRAME_TOO_LONG'))
})

test('an object of very many parts is refused', async () => {
  const conditions = bytes(
    3,
    Buffer.concat(Array.from({ length: KUBE_OBJECT_VALUES_MAX }, () => bytes(2, ''))),
  )
  await assert.rejects(
    events(stream(eventOf('ADDED', 'Pod', pod('a', conditions)))),
    refused('KUBE_MALFORMED', /too many/),
  )
})

test('the body of an answer is let go when its reader leaves or fails', async () => {
  for (const second of [STREAM, framed(Buffer.from('nonsense'))]) {
    let isLeft = false
    async function* body() {
      try {
        yield STREAM
        while (true) yield second
      } finally {
        isLeft = true
      }
    }
    await (async () => {
      let seen = 0
      for await (const batch of reader.readEvents(body())) {
        seen += batch.length
        if (seen > 20) return
      }
    })().catch((error: unknown) => assert.ok(refused('KUBE_MALFORMED')(error)))
    assert.ok(isLeft)
  }
})

test('any bytes, and any damage to good ones, give events or an error with a code', async () => {
  const damaged = fc
    .tuple(fc.nat(STREAM.length - 1), fc.nat(255), fc.nat(STREAM.length))
    .map(([at, byte, length]) => {
      const copy = Buffer.from(STREAM)
      copy[at] = byte
      return copy.subarray(0, Math.max(length, at + 1))
    })
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged), async (body) => {
      for (const read of [() => events(stream(body)), () => reader.readPage(stream(body))])
        await read().catch((error: unknown) => assert.ok(error instanceof AdapterError, String(error)))
    }),
    { numRuns: 3_000 },
  )
})

test('equal labels and conditions of objects are one, and cannot be changed', async () => {
  const labels = bytes(11, join(bytes(1, 'app'), bytes(2, 'web')))
  const one = eventOf(
    'ADDED',
    'Pod',
    join(meta('a', labels), bytes(3, bytes(2, join(bytes(1, 'Ready'), bytes(2, 'True'))))),
  )
  const [a, b] = await events(stream(one, one))
  assert.ok(a?.type === 'ADDED' && b?.type === 'ADDED')
  assert.equal(a.object.metadata.labels, b.object.metadata.labels)
  const conditions = ({ status }: { status?: unknown }) => (status as { conditions: object }).conditions
  assert.equal(conditions(a.object), conditions(b.object))
  assert.ok(Object.isFrozen(conditions(a.object)) && Object.isFrozen(a.object.metadata.labels))
})

test('what is asked for: protobuf with JSON behind it, or JSON alone; what is read: what the answer says it is', async () => {
  const clock = createFakeClock()
  const pods = createReader('pods', clock)
  assert.match(pods.watchAccept, /^application\/vnd\.kubernetes\.protobuf;stream=watch, ?application\/json/)
  assert.equal(createReader('clusterGroups', clock).listAccept, 'application/json')
  const json = JSON.stringify({ metadata: { resourceVersion: '9' }, items: [] })
  assert.equal((await pods.readPage(stream(Buffer.from(json)), 'application/json')).resourceVersion, '9')
  assert.equal((await pods.readPage(stream(LIST), 'application/vnd.kubernetes.protobuf')).items.length, 2)
})
