/** The discovery chart, walked; what came counts at once, what is missing only at the second look. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createActor, fromCallback, fromPromise } from 'xstate'
import { type DiscoveryEvent, discoveryMachine } from '../../machines/discovery.ts'
import { retry } from '../../src/errors.ts'
import { createFakeClock } from '../fakes/clock.ts'
import { next, restingStates, syntheticEvents, walk } from './walk.ts'

const events = [
  { type: 'STOP' },
  { type: 'DOUBT' },
  ...syntheticEvents(discoveryMachine).flatMap((event) => {
    if (event.type.startsWith('xstate.error.')) return [{ ...event, error: retry('KUBE_SILENT', 'x') }]
    if (event.type.startsWith('xstate.done.'))
      return [
        { ...event, output: new Set(['a']) },
        { ...event, output: new Set() },
      ]
    return [event]
  }),
]
const alone = discoveryMachine.provide({ actors: { doubts: fromCallback(() => {}) } })
const walked = walk(alone, events, ({ context }) => [...((context as { served?: Set<string> }).served ?? [])])

test('every state is reached, and STOP ends it from each', () => {
  assert.deepEqual(
    [...restingStates(discoveryMachine)].filter((id) => !walked.reached.has(id)),
    [],
  )
  for (const snapshot of walked.snapshots)
    if (snapshot.status === 'active') assert.equal(next(alone, snapshot, { type: 'STOP' }).status, 'done')
})

function world() {
  const clock = createFakeClock()
  const told: string[] = []
  let answer: (() => ReadonlySet<string>) | undefined = () => new Set(['a', 'b'])
  let doubt = () => {}
  const actor = createActor(
    discoveryMachine.provide({
      actors: {
        reachable: fromPromise(async () => {}),
        look: fromPromise(async () => {
          if (answer === undefined) throw retry('KUBE_SILENT', 'no')
          return answer()
        }),
        doubts: fromCallback<DiscoveryEvent>(({ sendBack }) => {
          doubt = () => sendBack({ type: 'DOUBT' })
        }),
      },
      actions: {
        tell: ({ context }) => void told.push([...(context.served ?? [])].sort().join('')),
        reportProblem: () => void told.push('problem'),
      },
      delays: { backoff: 1_000 },
    }),
    { clock },
  )
  return {
    clock,
    told,
    actor,
    doubt: () => doubt(),
    answers: (next: typeof answer) => {
      answer = next
    },
  }
}

test('what is missing is looked for again within seconds, and only then counts as gone', async () => {
  const w = world()
  w.actor.start()
  await w.clock.advance(0)
  w.answers(() => new Set(['b', 'c']))
  w.doubt()
  await w.clock.advance(100)
  assert.deepEqual(w.told, ['ab', 'abc'])
  await w.clock.advance(5_000)
  assert.deepEqual(w.told, ['ab', 'abc', 'bc'])
  w.answers(() => new Set(['b']))
  await w.clock.advance(31_000)
  w.answers(() => new Set(['b', 'c']))
  await w.clock.advance(6_000)
  assert.deepEqual(w.told.slice(3), ['bc', 'bc'])
})

test('a failure takes nothing away', async () => {
  const w = world()
  w.actor.start()
  await w.clock.advance(0)
  w.answers(undefined)
  await w.clock.advance(32_500)
  w.answers(() => new Set(['a', 'b']))
  await w.clock.advance(2_000)
  assert.deepEqual([...new Set(w.told)], ['ab', 'problem'])
  assert.equal(w.told.at(-1), 'ab')
})
