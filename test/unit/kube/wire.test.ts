/** Bytes of the API server: read as they are meant, or refused with a code; never a crash. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AdapterError } from '../../../src/errors.ts'
import { projectionOf, RESOURCES } from '../../../src/kube/index.ts'
import { createJsonReader } from '../../../src/kube/wire-json.ts'
import { KUBE_WATCH_LINE_BYTES_MAX } from '../../../src/limits.ts'

const reader = createJsonReader(RESOURCES.pods, projectionOf('pods'))

async function* chunks(...parts: (string | Uint8Array)[]) {
  for (const part of parts) yield typeof part === 'string' ? Buffer.from(part) : part
}

const events = async (...parts: (string | Uint8Array)[]) => {
  const all = []
  for await (const batch of reader.readEvents(chunks(...parts))) all.push(...batch)
  return all
}

const pod = { metadata: { name: 'a', namespace: 'demo', resourceVersion: '7' } }
const code = (wanted: string) => (error: unknown) => error instanceof AdapterError && error.code === wanted

test('items of a list get the kind they come without', async () => {
  const page = await reader.readPage(
    chunks(JSON.stringify({ metadata: { resourceVersion: '9', continue: 'x' }, items: [pod] })),
  )
  assert.equal(page.next, 'x')
  assert.equal(page.resourceVersion, '9')
  assert.deepEqual([page.items[0]?.apiVersion, page.items[0]?.kind], ['v1', 'Pod'])
  const empty = await reader.readPage(
    chunks('{"metadata":{"resourceVersion":"9","continue":""},"items":null}'),
  )
  assert.deepEqual([empty.items, empty.next], [[], undefined])
})

test('a resourceVersion is never a number', async () => {
  const big = '99999999999999999999999'
  const [event] = await events(
    `${JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: big } } })}\n`,
  )
  assert.deepEqual(event, { type: 'BOOKMARK', resourceVersion: big, endsList: false })
  await assert.rejects(
    events('{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":7}}}\n'),
    code('KUBE_MALFORMED'),
  )
})

test('only the marked bookmark ends a streamed list', async () => {
  const ends = async (annotations: object | undefined) => {
    const [event] = await events(
      `${JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '7', annotations } } })}\n`,
    )
    return event?.type === 'BOOKMARK' && event.endsList
  }
  assert.equal(await ends({ 'k8s.io/initial-events-end': 'true' }), true)
  for (const other of [undefined, {}, { 'k8s.io/initial-events-end': 'false' }, { other: 'true' }])
    assert.equal(await ends(other), false)
})

test('a line over the limit and one cut short are named', async () => {
  const part = Buffer.alloc(1_024 * 1_024, 32)
  const parts = Array(KUBE_WATCH_LINE_BYTES_MAX / part.length + 1).fill(part) as Buffer[]
  await assert.rejects(events(...parts), code('LINE_TOO_LONG'))
  await assert.rejects(events('{"type":"ADDED"'), code('LINE_TRUNCATED'))
})

test('names of prototypes are fields like others', async () => {
  const [event] = await events(
    `{"type":"ADDED","object":{"__proto__":{"x":1},"metadata":{"name":"a","namespace":"d","resourceVersion":"1","labels":{"__proto__":"v","constructor":"w"}}}}\n`,
  )
  assert.ok(event?.type === 'ADDED')
  assert.deepEqual(Object.entries(event.object.metadata.labels ?? {}), [
    ['__proto__', 'v'],
    ['constructor', 'w'],
  ])
  assert.equal(({} as { x?: number }).x, undefined)
})

test('any JSON and any bytes end in events or in an error with a code', async () => {
  const isNamed = (error: unknown) =>
    assert.ok(error instanceof AdapterError && /^(KUBE|LINE)_/.test(error.code), String(error))
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.json().map((text) => Buffer.from(text)),
        fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
        fc.json().map((text) => Buffer.from(`{"type":"ADDED","object":${text}}\n`)),
        fc.json().map((text) => Buffer.from(`{"metadata":{"resourceVersion":"1"},"items":${text}}`)),
      ),
      async (bytes) => {
        await events(bytes, '\n').catch(isNamed)
        await reader.readPage(chunks(bytes)).catch(isNamed)
      },
    ),
    { numRuns: 500 },
  )
})

test('a depth bomb is read or refused, not crashed on', async () => {
  const deep = `${'['.repeat(500_000)}${']'.repeat(500_000)}`
  await assert.rejects(events(`${deep}\n`), AdapterError)
})

test('a list is read item by item, whatever the chunks and whatever its strings hold', async () => {
  const hard = { ...pod, spec: { text: '"items":[{}],\\" ]}[', more: [[{ deep: '}' }]] } }
  const list = {
    items: [hard, pod],
    metadata: { resourceVersion: '9', note: { items: [1] }, x: '{"items":[' },
  }
  for (const text of [JSON.stringify(list), JSON.stringify(list, undefined, 2), ` ${JSON.stringify(list)}\n`])
    for (const parts of [[text], [...Buffer.from(text)].map((byte) => Uint8Array.of(byte))]) {
      const whole = createJsonReader(RESOURCES.pods, (object) => object)
      const page = await whole.readPage(chunks(...parts))
      assert.deepEqual(
        page.items,
        [hard, pod].map((object) => ({ ...object, apiVersion: 'v1', kind: 'Pod' })),
      )
    }
})

test('a list that is no list is refused', async () => {
  const meta = '"metadata":{"resourceVersion":"9"}'
  for (const text of [
    `{${meta},"items":[1]}`,
    `{${meta},"items":["{}"]}`,
    `{${meta},"items":[{}{}]}`,
    `{${meta},"items":[,]}`,
    `{${meta},"items":{}}`,
    `{${meta},"items":[`,
    `{${meta},"items":[${JSON.stringify(pod)}`,
    `{${meta}`,
    `[${JSON.stringify(pod)}]`,
    '',
  ])
    await assert.rejects(reader.readPage(chunks(text)), code('KUBE_MALFORMED'), text)
})

test('of a list over the limit no more is read than the limit', async () => {
  const part = Buffer.alloc(1_024 * 1_024, 0x61)
  for (const start of ['{"x":"', '{"items":[{"x":"']) {
    let read = 0
    async function* endless() {
      yield Buffer.from(start)
      for (; ; read += part.length) yield part
    }
    await assert.rejects(reader.readPage(endless()), code('KUBE_FRAME_TOO_LONG'))
    assert.ok(read < KUBE_WATCH_LINE_BYTES_MAX * 2)
  }
})
