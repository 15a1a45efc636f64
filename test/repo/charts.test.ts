/** The drawings of the charts are what runs: drawn from the definitions, the same each time, and nothing is left out. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type AnyStateMachine, createMachine } from 'xstate'
import { CHARTS_FILE, drawCharts, MACHINES } from '../../build/charts.ts'
import { graphOf } from '../../build/charts-graph.ts'
import { operationMachine } from '../../machines/operation.ts'
import type { Chart, ChartPiece } from '../../src/serve/ui/index.ts'

const read = (text: string) => JSON.parse(text) as Chart[]
const statesOf = ({ pieces }: Chart) => pieces.flatMap(({ states }) => states)

test('the file is what the charts are, byte for byte', async () => {
  assert.ok(
    (await drawCharts()) === readFileSync(CHARTS_FILE, 'utf8'),
    'a chart has changed since it was drawn: npm run charts',
  )
})

test('a changed chart is another drawing', async () => {
  const [before] = read(await drawCharts([operationMachine]))
  const changed = structuredClone(plainConfig(operationMachine)) as {
    states: { work: { states: Record<string, object>; initial: string } }
  }
  changed.states.work.states['forgotten'] = { after: { 5000: 'accepted' } }
  changed.states.work.states['accepted'] = { on: { LOSE: 'forgotten' } }
  const [after] = read(await drawCharts([createMachine(changed as never)]))
  assert.ok(before && after)
  const names = (chart: Chart) => statesOf(chart).map(({ path }) => path)
  assert.ok(!names(before).includes('work.forgotten'))
  assert.ok(names(after).includes('work.forgotten'))
  const texts = (chart: Chart) => statesOf(chart).flatMap(({ ways }) => ways.map(({ text }) => text))
  assert.ok(texts(after).includes('LOSE') && texts(after).includes('after 5 s'))
  const drawn = after.pieces.flatMap(({ edges }) => edges).find(({ from }) => from === 'work.accepted')
  assert.deepEqual([drawn?.to, drawn?.label.lines], ['work.forgotten', ['LOSE']])
})

/** The definition without what are functions: those are not drawn. */
const plainConfig = ({ config }: AnyStateMachine): unknown =>
  JSON.parse(
    JSON.stringify(config, (key, value) =>
      ['actions', 'entry', 'exit', 'invoke', 'guard'].includes(key) ? undefined : value,
    ),
  )

type Node = AnyStateMachine['root']
const nodesBelow = (node: Node): Node[] =>
  Object.values(node.states).flatMap((child) => [child, ...nodesBelow(child)])

test('every state, every way and every actor that is invoked is on its drawing', () => {
  const charts = read(readFileSync(CHARTS_FILE, 'utf8'))
  assert.deepEqual(
    charts.map(({ name }) => name),
    MACHINES.map(({ id }) => id),
  )
  for (const machine of MACHINES) {
    const chart = charts.find(({ name }) => name === machine.id)
    assert.ok(chart)
    const drawn = new Map(statesOf(chart).map((state) => [state.path, state]))
    let count = 0
    for (const node of nodesBelow(machine.root)) {
      count += 1
      const state = drawn.get(node.path.join('.'))
      assert.ok(state, `${machine.id}: ${node.path.join('.')}`)
      assert.equal(state.kind, node.type)
      assert.equal(state.invokes.length, node.invoke.length)
      const ways = [...node.transitions.values()].flat().length + (node.always?.length ?? 0)
      assert.equal(state.ways.length, ways, `${machine.id}: ways of ${state.path}`)
      const edges: ChartPiece['edges'] = chart.pieces.flatMap((piece) =>
        piece.edges.filter(({ from }) => from === state.path),
      )
      const targets = new Set(state.ways.flatMap(({ to }) => to))
      assert.deepEqual(new Set(edges.map(({ to }) => to)), targets, `${machine.id}: lines from ${state.path}`)
    }
    assert.equal(drawn.size, count)
  }
})

test('states lie within what surrounds them, beside each other, and labels within the drawing', () => {
  for (const chart of read(readFileSync(CHARTS_FILE, 'utf8')))
    for (const piece of chart.pieces) {
      for (const state of piece.states) {
        const parent = piece.states.find(({ path }) => path === state.path.split('.').slice(0, -1).join('.'))
        if (parent !== undefined) assert.ok(isInside(state.box, parent.box), `${chart.name}: ${state.path}`)
        for (const other of siblingsOf(state.path, piece))
          assert.ok(!overlap(state.box, other.box), `${chart.name}: ${state.path} over ${other.path}`)
      }
      for (const { label, points } of piece.edges) {
        assert.ok(
          label.x >= 0 && label.x + label.width <= piece.width,
          `${chart.name}: ${label.lines.join()}`,
        )
        assert.ok(points.every(([x, y]) => x >= 0 && y >= 0 && x <= piece.width && y <= piece.height))
      }
    }
})

type Box = { x: number; y: number; width: number; height: number }
const isInside = (a: Box, b: Box) =>
  a.x >= b.x && a.y >= b.y && a.x + a.width <= b.x + b.width && a.y + a.height <= b.y + b.height
const overlap = (a: Box, b: Box) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
const siblingsOf = (path: string, { states }: ChartPiece) => {
  const parent = path.split('.').slice(0, -1).join('.')
  return states.filter(
    (other) => other.path !== path && other.path.split('.').slice(0, -1).join('.') === parent,
  )
}

test('words of ways say what they are', () => {
  const ways = (machine: AnyStateMachine, path: string) =>
    graphOf(machine)
      .states.find((state) => state.path === path)
      ?.ways.map(({ text, to }) => `${text} → ${to.join()}`)
  const machine = createMachine({
    id: 'm',
    initial: 'a',
    states: {
      a: {
        on: { GO: [{ guard: 'isOpen', target: 'b' }, { target: 'c' }], STAY: {} },
        after: { 90000: 'b', slow: 'c' },
        always: { guard: 'isOver', target: 'c' },
      },
      b: { invoke: { src: 'work', onDone: 'c', onError: 'a' } },
      c: { type: 'final' },
    },
  }).provide({ delays: { slow: 250 } })
  assert.deepEqual(ways(machine, 'a'), [
    'GO [isOpen] → b',
    'GO else → c',
    'STAY → ',
    'after 90 s → b',
    'after slow 250 ms → c',
    '[isOver] → c',
  ])
  assert.deepEqual(ways(machine, 'b'), ['work done → c', 'work failed → a'])
})
