/** The watch opened before the snapshot, after two 410s in a row: the same states as one opened after it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readAhead } from '../../../src/ccp/source/ahead.ts'
import { type DesiredState, desiredState, followPolicy, readWatch } from '../../../src/ccp/source/index.ts'
import type { DesiredObject } from '../../../src/ccp/translate/index.ts'
import { retry } from '../../../src/errors.ts'
import type { NsxManager } from '../../../src/nsx/index.ts'
import { type Session, setDigest } from '../../../src/protocol/index.ts'
import { createFakeClock } from '../../fakes/clock.ts'
import { group, policy, rule, setOf, tag } from './objects.ts'

const put = ({ kind, path, hash, body }: DesiredObject) => ({ t: 'put', kind, path, hash, body })
const versionOf = (n: number) => policy('p', 10, [rule(1)], { sequence_number: n })
const stateAt = (version: number): DesiredState =>
  desiredState({ source: 's', epoch: 'e', version, objects: setOf(versionOf(version)), snapshotMs: 0 })
/** Commits `from`+1 … `to`, each a change of the one policy. */
const commits = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => [
    put(versionOf(from + n + 1)),
    { t: 'commit', version: from + n + 1, prev: from + n },
  ]).flat()

async function* each(lines: readonly unknown[]): AsyncGenerator<unknown> {
  yield* lines
}
const options = { onLine: () => {}, onOpen: () => {} }
const never = new AbortController().signal

/** Versions and digests until the stream ends, and the code it ends with. */
async function readAll(lines: AsyncIterable<unknown>, from: DesiredState): Promise<unknown[]> {
  const seen: unknown[] = []
  try {
    for await (const state of readWatch(lines, from, options)) seen.push([state.version, state.digest()])
  } catch (error) {
    seen.push((error as { code: string }).code)
  }
  return seen
}

test('whichever version the snapshot has, the same states follow it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(6), fc.nat(6), fc.nat(6), async (start, more, rest) => {
      const snapshot = stateAt(start + more)
      const end = start + more + rest
      const early = readAhead(
        each([{ t: 'open', epoch: 'e', from: start }, { t: 'ping' }, ...commits(start, end)]),
        () => {},
        never,
      )
      const late = each([{ t: 'open', epoch: 'e', from: start + more }, ...commits(start + more, end)])
      assert.deepEqual(await readAll(early.after(snapshot), snapshot), await readAll(late, snapshot))
    }),
  )
})

test('a watch that began after the snapshot, or in another epoch, is a gap', async () => {
  for (const open of [
    { t: 'open', epoch: 'e', from: 9 },
    { t: 'open', epoch: 'other', from: 3 },
  ]) {
    const early = readAhead(each([open]), () => {}, never)
    assert.deepEqual(await readAll(early.after(stateAt(5)), stateAt(5)), ['STREAM_GAP'])
  }
})

test('a commit that leads past the snapshot in one step is a gap', async () => {
  const early = readAhead(
    each([{ t: 'open', epoch: 'e', from: 3 }, put(versionOf(8)), { t: 'commit', version: 8, prev: 3 }]),
    () => {},
    never,
  )
  assert.deepEqual(await readAll(early.after(stateAt(5)), stateAt(5)), ['STREAM_GAP'])
})

test('what waits for the snapshot is bounded', async () => {
  const early = readAhead(
    each([{ t: 'open', epoch: 'e', from: 0 }, ...commits(0, 50)]),
    () => {},
    never,
    2_000,
  )
  for (let turn = 0; turn < 200; turn += 1) await Promise.resolve()
  const seen = await readAll(early.after(stateAt(0)), stateAt(0))
  assert.equal(seen.at(-1), 'WATCH_AHEAD_TOO_LARGE')
})

test('after two 410s in a row the watch is opened first, with from=begin; then as before', async () => {
  const asked: string[] = []
  const web = group('web', 1, [tag('app|web')])
  let isGone = true
  const nsx = {
    origin: 'https://nsx',
    async stream({ path }: { path: string }) {
      const [, kind = '', from] = /\/(snapshot|watch)\?.*?(?:from=(\w+))?$/.exec(path) ?? []
      asked.push(from === undefined ? kind : `${kind} ${from}`)
      const frames =
        kind === 'snapshot'
          ? [
              { t: 'begin', source: 's', epoch: 'e', version: 7 },
              put(web),
              { t: 'end', version: 7, counts: { Group: 1 }, digest: setDigest([web]) },
            ]
          : [{ t: 'open', epoch: 'e', from: from === 'begin' ? 6 : Number(from) }]
      if (kind === 'watch' && from !== 'begin' && isGone) throw retry('NSX_GONE', 'history is gone')
      return { status: 200, headers: {}, lines: each(frames) }
    },
  } as unknown as NsxManager
  const session = { session: 'x', epoch: 'e', source: 's' } as Session
  const history = { gone: 0 }
  let opened = 0
  const handlers = {
    onSeen() {},
    onSnapshot() {},
    onOpen() {
      opened += 1
    },
    onCommit() {},
  }
  const deps = { nsx, clock: createFakeClock(), clusterId: 'c', history }
  const follow = async () => {
    asked.length = 0
    const error = await followPolicy(deps, session, undefined, handlers, never).catch((one) => one)
    return [error.code, ...asked]
  }
  assert.deepEqual(await follow(), ['NSX_GONE', 'snapshot', 'watch 7'])
  assert.deepEqual(await follow(), ['NSX_GONE', 'snapshot', 'watch 7'])
  assert.deepEqual(await follow(), ['STREAM_ENDED', 'watch begin', 'snapshot'])
  assert.equal(opened, 1)
  isGone = false
  assert.deepEqual(await follow(), ['STREAM_ENDED', 'snapshot', 'watch 7'])
})
