/** What changed, what is to be fetched and what is to be confirmed: from values alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { absorb } from '../../../../src/ccp/source/rest/absorb.ts'
import { bodyFrom, isBehind, kindAt } from '../../../../src/ccp/source/rest/bodies.ts'
import { decide, type Situation } from '../../../../src/ccp/source/rest/decide.ts'
import { assemble, complete, EMPTY, type Memory, noteView } from '../../../../src/ccp/source/rest/memory.ts'
import {
  isOwnSpan,
  keyAt,
  printFrom,
  type View,
  wholeView,
  withNewest,
} from '../../../../src/ccp/source/rest/prints.ts'
import { isInDoubt, toReadAgain } from '../../../../src/ccp/source/rest/steady.ts'
import { REST_BEHIND_MS, REST_BODY_AGE_MS, REST_LATE_MS, REST_OVERLAP_MS } from '../../../../src/limits.ts'

const P = '/infra/domains/default/security-policies/p'
const G = '/infra/domains/default/groups/g'
const R = `${P}/rules/r`

const base = (path: string, revision: number, more: object = {}) => ({
  path,
  unique_id: `id of ${path}`,
  _revision: revision,
  _create_time: 1_000,
  ...more,
})
const policyBody = (revision: number, ruleRevision = 0) =>
  base(P, revision, { rules: [base(R, ruleRevision, { source_groups: [G] })] })
const print = (path: string, revision: number, modifiedMs = 1) => {
  const made = printFrom({ ...base(path, revision), _last_modified_time: modifiedMs })
  assert.ok(made)
  return made
}
const viewOf = (prints: readonly ReturnType<typeof print>[], spanned: readonly string[] = [P]): View =>
  wholeView(new Set(spanned), prints, prints.length, undefined, 0)
const SHOWN = viewOf([print(P, 3), print(R, 0), print(G, 1)])

let reads = 0
const read = (nowMs = 0) => {
  reads += 2
  return { nowMs, began: reads - 1, ended: reads }
}
const body = (path: string, value: object, view = SHOWN) =>
  ({ ask: { what: 'body', path, key: keyAt(view, path) }, body: bodyFrom(path, value) }) as const

/** Policy and group are held as SHOWN has them, and were handed over. */
function held(): Memory {
  let memory = noteView(EMPTY, SHOWN, new Set([P]))
  memory = absorb(memory, body(P, policyBody(3)), read())
  memory = absorb(memory, body(G, base(G, 1)), read())
  return complete(memory, reads)
}
const names = (situation: Partial<Situation>): readonly string[] =>
  decide({ memory: EMPTY, view: SHOWN, owned: new Set(), nowMs: 0, asked: new Set(), ...situation }).map(
    ({ what, path }) => `${what} ${path}`,
  )

test('nothing is asked when search says what is held; a change of a rule alone asks for its policy', () => {
  const memory = held()
  assert.deepEqual(names({ memory }), [])
  assert.deepEqual(names({ memory, view: viewOf([print(P, 3), print(R, 1), print(G, 1)]) }), [`policy ${P}`])
  assert.deepEqual(
    names({ memory, view: viewOf([print(P, 3), print(G, 1)]) }),
    [`policy ${P}`],
    'a rule went',
  )
  assert.deepEqual(names({ memory, view: viewOf([print(P, 3), print(R, 0), print(G, 2)]) }), [`body ${G}`])
  const other = print('/infra/domains/default/groups/other', 9)
  assert.deepEqual(names({ memory, view: viewOf([print(P, 3), print(R, 0), print(G, 1), other]) }), [])
})

test('what search has not caught up with is asked for once, and then now and then', () => {
  const late = viewOf([print(P, 2), print(R, 0), print(G, 1)])
  const memory = absorb(held(), body(P, policyBody(3), late), read())
  assert.deepEqual(names({ memory, view: late }), [])
  assert.deepEqual(names({ memory, view: late, nowMs: REST_LATE_MS + 1 }), [`policy ${P}`])
})

test('a policy that search misses once is kept and not asked about; missed twice its own spans are asked for', () => {
  const without = viewOf([print(P, 3), print(R, 0), print(G, 1)], [])
  const once = noteView(held(), without, new Set())
  assert.deepEqual(names({ memory: once, view: without }), [])
  assert.ok(assemble(once).has(`SecurityPolicy ${P}`))
  const twice = noteView(once, without, new Set())
  assert.deepEqual(names({ memory: twice, view: without }), [`span ${P}`])
  assert.ok(assemble(twice).has(`SecurityPolicy ${P}`))
  const ask = { what: 'span', path: P } as const
  assert.ok(assemble(absorb(twice, { ask, isOurs: true }, read())).has(`SecurityPolicy ${P}`))
  assert.equal(assemble(absorb(twice, { ask, isOurs: false }, read())).size, 0)
})

test('404 in one cycle takes nothing away, in two in a row it does; an object that is back begins anew', () => {
  const gone = { ask: { what: 'body', path: G, key: '' }, body: undefined } as const
  const once = absorb(held(), gone, read())
  assert.ok(assemble(once).has(`Group ${G}`))
  assert.deepEqual(names({ memory: once }), [`body ${G}`], 'asked in the next cycle')
  assert.ok(assemble(absorb(once, gone, read())).has(`Group ${G}`), 'the same cycle counts once')
  const next = noteView(once, SHOWN, new Set())
  const twice = absorb(next, gone, read())
  assert.deepEqual([...assemble(twice).keys()], [`SecurityPolicy ${P}`], 'held for want of its group')
  const back = absorb(noteView(once, SHOWN, new Set()), body(G, base(G, 1)), read())
  assert.ok(assemble(absorb(noteView(back, SHOWN, new Set()), gone, read())).has(`Group ${G}`))
})

test('objects of the cluster whose policy nobody told of are asked about before the first set', () => {
  const none = viewOf([], [])
  const memory = noteView(EMPTY, none, new Set([P]))
  assert.deepEqual(names({ memory, view: none, owned: new Set([P]) }), [`span ${P}`])
  const told = absorb(memory, { ask: { what: 'span', path: P }, isOurs: false }, read())
  assert.deepEqual(names({ memory: told, view: none, owned: new Set([P]) }), [], 'asked once')
  const kept = absorb(memory, { ask: { what: 'span', path: P }, isOurs: true }, read())
  assert.deepEqual(names({ memory: kept, view: none, owned: new Set([P]) }), [`policy ${P}`])
})

test('an older revision is no news, unless it stays: then NSX is another store', () => {
  const memory = held()
  const older = body(P, policyBody(2))
  const once = absorb(memory, older, read(1_000))
  assert.equal(assemble(once).get(`SecurityPolicy ${P}`)?.body?.['_revision'], 3)
  assert.equal(once.restores, 0)
  assert.deepEqual(names({ memory: once }), [`policy ${P}`], 'asked again')
  const late = absorb(once, older, read(1_001 + REST_BEHIND_MS))
  assert.equal(assemble(late).get(`SecurityPolicy ${P}`)?.body?.['_revision'], 2)
  assert.equal(late.restores, 1)
})

test('an object made anew at the same path is newer although its revision is 0; one made earlier is not', () => {
  const of = (changes: object) => {
    const read = bodyFrom(P, { ...policyBody(5), ...changes })
    assert.ok(read)
    return read.revision
  }
  const now = of({})
  assert.equal(isBehind(of({ unique_id: 'x', _revision: 0, _create_time: 2_000 }), now), false)
  assert.equal(isBehind(of({ unique_id: 'x', _revision: 9, _create_time: 500 }), now), true)
  assert.equal(isBehind(of({ rules: [base(R, 1)] }), of({ rules: [base(R, 2)] })), true)
  assert.equal(isBehind(of({ rules: [] }), of({ rules: [base(R, 2)] })), false)
})

test('bodies are read again within a day, the oldest first', () => {
  assert.deepEqual(names({ memory: held(), nowMs: REST_BODY_AGE_MS }), [])
  assert.equal(names({ memory: held(), nowMs: REST_BODY_AGE_MS + 1 }).length, 1)
})

test('after a change of a group its policy is read again, and what it refers to: all are of one moment then', () => {
  const memory = held()
  assert.deepEqual(toReadAgain(memory, 0), [])
  const changed = absorb(memory, body(G, base(G, 2)), read())
  assert.deepEqual(
    toReadAgain(changed, 0).map(({ path }) => path),
    [P],
  )
  const ask = { what: 'policy', path: P, key: keyAt(SHOWN, P), after: reads } as const
  const again = absorb(changed, { ask, body: bodyFrom(P, policyBody(3)), isOurs: true }, read())
  assert.deepEqual(toReadAgain(again, 0), [])
  assert.equal(isInDoubt(again), false)
  const denied = absorb(changed, { ask, body: bodyFrom(P, policyBody(3)), isOurs: false }, read())
  assert.equal(isInDoubt(denied), true, 'the policy may be gone: not handed over with the new group')
})

test('the newest changes tell all, or that they do not', () => {
  const view = viewOf([print(P, 1, 100), print(G, 1, 200_000)])
  const ours = new Set([P])
  const newest = (page: readonly ReturnType<typeof print>[], count: number, nowMs = 0) =>
    withNewest(view, ours, page, count, nowMs)
  const changed = newest([print(G, 2, 300_000), print(P, 1, 100)], 2)
  assert.equal(changed?.prints.get(G)?.mark, print(G, 2).mark)
  assert.equal(changed?.isWhole, false)
  assert.equal(newest([print(G, 2, 300_000)], 1), undefined, 'one is gone')
  assert.equal(newest([print(P, 1, 100), print(G, 1, 200_000)], 2), undefined, 'not sorted as asked')
  assert.equal(newest([print(G, 2, 300_000)], 2), undefined, 'more changes may lie behind the page')
  assert.ok(newest([print(G, 2, 300_000), print(P, 1, 200_000 - REST_OVERLAP_MS - 1)], 2))
  assert.ok(newest([print(G, 1, 200_000)], 2, REST_OVERLAP_MS + 1), 'nothing new for long')
})

test('own spans by the last segment, in both collections; kinds by path', () => {
  const point = '/infra/sites/default/enforcement-points/default'
  const span = (path: string, more = {}) => isOwnSpan({ container_cluster_path: path, ...more }, 'c')
  assert.ok(span(`${point}/cluster-control-planes/c`))
  assert.ok(span(`${point}/antrea-nodes/c`))
  assert.equal(span(`${point}/cluster-control-planes/cc`), false)
  assert.equal(span(`${point}/edge-clusters/c`), false)
  assert.equal(span(`${point}/cluster-control-planes/c`, { marked_for_delete: true }), false)
  assert.equal(isOwnSpan('x', 'c'), false)
  assert.deepEqual(
    [P, G, '/infra/services/s', '/infra/context-profiles/c', '/infra/segments/s', R].map(kindAt),
    ['SecurityPolicy', 'Group', 'Service', 'ContextProfile', undefined, undefined],
  )
})

test('an answer that is not the object asked for is refused, one marked for deletion is none', () => {
  for (const value of [undefined, 1, [], 'html', {}, base(G, 1)])
    assert.throws(() => bodyFrom(P, value), /NSX_PROTOCOL|not the object/)
  assert.equal(bodyFrom(P, { ...policyBody(1), marked_for_delete: true }), undefined)
  for (const rules of [1, [1], [{ source_groups: 'x' }], [{ source_groups: [1, null] }], null])
    assert.deepEqual(bodyFrom(P, { ...base(P, 1), rules })?.references, [])
})
