/** The complete copy: whatever comes over the wire, it is whole or it is not taken. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readSnapshot, readWatch } from '../../../src/ccp/source/index.ts'
import { type DesiredObject, objectKey } from '../../../src/ccp/translate/index.ts'
import { AdapterError } from '../../../src/errors.ts'
import { jsonLine, jsonLines, setDigest } from '../../../src/protocol/index.ts'
import { group, object, policy, rule, tag } from './objects.ts'

const OBJECTS = [group('web', 1, [tag('app|web')]), policy('p', 10, [rule(1)]), policy('q', 11, [rule(2)])]
const put = ({ kind, path, hash, body }: DesiredObject) => ({ t: 'put', kind, path, hash, body })

function frames(objects: readonly DesiredObject[] = OBJECTS, version = 7): Record<string, unknown>[] {
  const counts: Record<string, number> = {}
  for (const { kind } of objects) counts[kind] = (counts[kind] ?? 0) + 1
  return [
    { t: 'begin', source: 's', epoch: 'e', version },
    ...objects.map(put),
    { t: 'end', version, counts, digest: setDigest(objects) },
  ]
}

async function* each(lines: readonly unknown[]): AsyncGenerator<unknown> {
  yield* lines
}
async function* bytes(text: Uint8Array, cuts: readonly number[] = []): AsyncGenerator<Uint8Array> {
  let start = 0
  for (const cut of [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b)) {
    yield text.subarray(start, cut)
    start = cut
  }
  yield text.subarray(start)
}
const snapshot = (lines: AsyncIterable<unknown>, limits?: { objects: number; bytes: number }) =>
  readSnapshot(lines, { snapshotMs: 5, onLine: () => {}, ...(limits === undefined ? {} : { limits }) })

/** The code it fails with; everything that fails is tried again. */
async function failure(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'none'
  } catch (error) {
    assert.ok(error instanceof AdapterError, String(error))
    assert.equal(error.kind, 'retry')
    return error.code
  }
}

test('a snapshot is read whatever the chunking, with pings and unknown lines between', async () => {
  const lines = frames()
  lines.splice(2, 0, { t: 'ping' }, { t: 'from-the-future', more: 1 })
  const text = Buffer.from(lines.map(jsonLine).join(''))
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(5_000), { maxLength: 20 }), async (cuts) => {
      const state = await snapshot(jsonLines(bytes(text, cuts), 100_000))
      assert.deepEqual([state.version, state.epoch, state.source, state.objects.size], [7, 'e', 's', 3])
      assert.equal(state.digest(), setDigest(OBJECTS))
    }),
    { numRuns: 50 },
  )
})

test('cut off anywhere it is not a snapshot', async () => {
  const text = Buffer.from(frames().map(jsonLine).join(''))
  for (let length = 0; length < text.length - 1; length += 7) {
    const code = await failure(snapshot(jsonLines(bytes(text.subarray(0, length)), 100_000)))
    assert.match(code, /^(SNAPSHOT_TRUNCATED|LINE_TRUNCATED)$/)
  }
})

test('what does not agree is thrown away', async () => {
  const broken = (change: (lines: Record<string, unknown>[]) => void) => {
    const lines = frames()
    change(lines)
    return failure(snapshot(each(lines)))
  }
  assert.equal(await broken((lines) => lines.splice(1, 1)), 'SNAPSHOT_COUNTS')
  assert.equal(
    await broken((lines) => Object.assign(lines.at(-1)!, { digest: 'sha256:0' })),
    'SNAPSHOT_DIGEST',
  )
  assert.equal(await broken((lines) => Object.assign(lines.at(-1)!, { version: 8 })), 'SNAPSHOT_MALFORMED')
  assert.equal(await broken((lines) => lines.splice(2, 0, lines[1]!)), 'SNAPSHOT_MALFORMED')
  assert.equal(await broken((lines) => lines.unshift(lines[0]!)), 'SNAPSHOT_MALFORMED')
  assert.equal(await broken((lines) => lines.shift()), 'SNAPSHOT_MALFORMED')
  assert.equal(await broken((lines) => Object.assign(lines[1]!, { hash: '0'.repeat(64) })), 'PROTOCOL_HASH')
  assert.equal(await broken((lines) => delete lines[1]!['body']), 'PROTOCOL_NO_BODY')
  assert.equal(await broken((lines) => delete lines[1]!['path']), 'PROTOCOL_FRAME')
  assert.equal(await broken((lines) => lines.splice(1, 0, { t: 'bye', retry_after_ms: 4 })), 'STREAM_BYE')
  for (const line of [null, 7, 'x', [], { t: 5 }, {}])
    assert.equal(
      await broken((lines) => lines.splice(1, 0, line as Record<string, unknown>)),
      'PROTOCOL_FRAME',
    )
  assert.equal(await failure(snapshot(each(frames()), { objects: 2, bytes: 1e9 })), 'SNAPSHOT_TOO_LARGE')
  assert.equal(await failure(snapshot(each(frames()), { objects: 9, bytes: 900 })), 'SNAPSHOT_TOO_LARGE')
})

test('a body nested too deep is a named error, not a crash', async () => {
  let deep: Record<string, unknown> = {}
  for (let n = 0; n < 50_000; n += 1) deep = { deep }
  const lines = [frames()[0], { t: 'put', kind: 'Group', path: '/x', hash: '0', body: deep }]
  assert.equal(await failure(snapshot(each(lines))), 'PROTOCOL_HASH')
})

test('an oversize object is held without its body', async () => {
  const big = object('Group', '/infra/big', undefined)
  const lines = frames([big])
  lines[1] = { t: 'put', kind: 'Group', path: '/infra/big', hash: 'none', oversize: true }
  const state = await snapshot(each(lines))
  assert.equal(state.objects.get(objectKey('Group', '/infra/big'))?.body, undefined)
})

/** The versions and sizes that a watch yields, and the code it ends with. */
async function watched(lines: readonly unknown[], limits = { transactionBytes: 1e6, objects: 100 }) {
  const from = await snapshot(each(frames()))
  const seen: [number, number][] = []
  const work = async () => {
    for await (const state of readWatch(each(lines), from, { onLine: () => {}, onOpen: () => {}, limits }))
      seen.push([state.version, state.objects.size])
  }
  return { code: await failure(work()), seen }
}
const OPEN = { t: 'open', epoch: 'e', from: 7 }
const NEW = put(policy('n', 20, [rule(3)]))
const GONE = { t: 'del', kind: 'Group', path: OBJECTS[0]!.path }

test('changes are seen at their commit, and what has none is thrown away', async () => {
  const commit = { t: 'commit', version: 9, prev: 7 }
  assert.deepEqual(await watched([OPEN, NEW, { t: 'ping' }, GONE, commit, NEW]), {
    code: 'STREAM_ENDED',
    seen: [[9, 3]],
  })
  assert.deepEqual(
    (
      await watched([
        OPEN,
        GONE,
        commit,
        { t: 'bookmark', version: 12 },
        NEW,
        { t: 'commit', version: 13, prev: 12 },
      ])
    ).seen,
    [
      [9, 2],
      [13, 3],
    ],
  )
})

test('a watch that breaks a rule ends with its name', async () => {
  const cases: [string, unknown[]][] = [
    ['STREAM_GAP', [{ ...OPEN, from: 6 }]],
    ['STREAM_GAP', [{ ...OPEN, epoch: 'other' }]],
    ['STREAM_GAP', [OPEN, OPEN]],
    ['STREAM_GAP', [OPEN, NEW, { t: 'commit', version: 9, prev: 8 }]],
    ['MANAGER_BEHIND', [OPEN, NEW, { t: 'commit', version: 7, prev: 7 }]],
    ['MANAGER_BEHIND', [OPEN, { t: 'bookmark', version: 3 }]],
    ['TRANSACTION_OPEN', [OPEN, NEW, { t: 'bookmark', version: 9 }]],
    ['TRANSACTION_UNKNOWN', [OPEN, NEW, { t: 'patch' }]],
    ['PROTOCOL_FRAME', [NEW]],
    ['PROTOCOL_FRAME', [OPEN, { t: 'del', kind: 'Group' }]],
    ['PROTOCOL_HASH', [OPEN, { ...NEW, hash: 'x' }]],
    ['STREAM_RESET', [OPEN, NEW, { t: 'reset', reason: 'slow' }]],
    ['STREAM_BYE', [OPEN, { t: 'bye' }]],
  ]
  for (const [code, lines] of cases) assert.deepEqual(await watched(lines), { code, seen: [] }, code)
  assert.deepEqual((await watched([OPEN, { t: 'patch' }, GONE, { t: 'commit', version: 9, prev: 7 }])).seen, [
    [9, 2],
  ])
  assert.equal(
    (await watched([OPEN, NEW], { transactionBytes: 100, objects: 9 })).code,
    'TRANSACTION_TOO_LARGE',
  )
  const commit = { t: 'commit', version: 9, prev: 7 }
  assert.equal(
    (await watched([OPEN, NEW, commit], { transactionBytes: 1e6, objects: 3 })).code,
    'TRANSACTION_TOO_LARGE',
  )
})

test('no bytes break the reader in another way than by a named error', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.jsonValue(), fc.constantFrom(...frames(), OPEN, NEW, GONE))),
      async (lines) => {
        assert.match(await failure(snapshot(each(lines))), /^(none|SNAPSHOT_|PROTOCOL_|STREAM_)/)
        assert.match((await watched(lines)).code, /^(TRANSACTION_|PROTOCOL_|STREAM_|MANAGER_)/)
      },
    ),
    { numRuns: 300 },
  )
})
