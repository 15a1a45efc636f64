/**
 * Places for what a chart holds, by ELK's layered layout (https://eclipse.dev/elk/reference/algorithms/org-eclipse-elk-layered.html).
 * The same graph gives the same places: ELK draws lots from a seed, and lengths of texts come from a table, not from a font.
 */
import ElkModule, { type ELK, type ElkExtendedEdge, type ElkNode } from 'elkjs/lib/elk.bundled.js'
import type { Box, Chart, ChartEdge, ChartMark, ChartPiece } from '../src/serve/ui/chart.ts'
import type { Graph, GraphState } from './charts-graph.ts'

/** Sizes the page's sheet draws with. */
const NAME_CHAR = 7.6
const LABEL_CHAR = 6.1
const LABEL_LINE = 14
const LINE = 15
const HEAD = 26

const OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.randomSeed': '1',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.edgeLabels.inline': 'false',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.spacing.nodeNodeBetweenLayers': '16',
  'elk.layered.spacing.edgeNodeBetweenLayers': '10',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '8',
  'elk.spacing.nodeNode': '18',
  'elk.spacing.edgeNode': '12',
  'elk.spacing.edgeEdge': '9',
  'elk.spacing.edgeLabel': '4',
  'elk.spacing.labelLabel': '4',
  'elk.layered.edgeLabels.sideSelection': 'SMART_DOWN',
  'elk.layered.thoroughness': '10',
}

interface DrawnEdge extends ElkExtendedEdge {
  readonly from: string
  readonly to: string
  readonly ways: readonly number[]
  /** Given to ELK the other way round, so that the order of the definition goes downwards. */
  readonly isReversed: boolean
}

/** Regions that no way joins are pieces of their own, and can be shown beside or below each other. */
export async function layOut(graph: Graph): Promise<Chart> {
  const elk: ELK = new (ElkModule as unknown as new () => ELK)()
  const outer = graph.states.filter(({ parent }) => parent === '')
  const edges = edgesOf(graph)
  const isApart = graph.kind === 'parallel' && edges.every(({ from, to }) => regionOf(from) === regionOf(to))
  const groups = isApart ? outer.map((state) => [state]) : [outer]
  const pieces: ChartPiece[] = []
  for (const states of groups) {
    const own = edges.filter(({ from }) => states.some(({ path }) => path === regionOf(from)))
    const root: ElkNode = {
      id: '',
      layoutOptions: { ...OPTIONS, 'elk.padding': '[top=4,left=4,bottom=4,right=4]' },
      children: [
        ...(isApart ? [] : marksOf(graph, '', graph.initial)),
        ...states.map((state) => nodeOf(graph, state)),
      ],
      edges: [
        ...own,
        ...(isApart ? [] : markEdges('', graph.initial)),
        ...states.flatMap((state) => markEdgesBelow(graph, state)),
      ],
    }
    pieces.push(drawn(graph, states, await elk.layout(root), own))
  }
  return { name: graph.name, pieces, ways: graph.ways, invokes: graph.invokes }
}

const regionOf = (path: string): string => path.split('.')[0] ?? ''

const isInside = (path: string, outer: string): boolean => path.startsWith(`${outer}.`)

/** Ways with the same ends are one line. From a state into itself it begins at the mark `any`. */
function edgesOf(graph: Graph): DrawnEdge[] {
  return graph.states.flatMap((state) => {
    const byTarget = new Map<string, number[]>()
    for (const [at, way] of state.ways.entries())
      for (const to of way.to) byTarget.set(to, [...(byTarget.get(to) ?? []), at])
    return [...byTarget].map(([to, ways]) => {
      const source = isInside(to, state.path) ? anyOf(state.path) : state.path
      return {
        id: `${state.path}>${to}`,
        from: state.path,
        to,
        ways,
        ...(isBack(graph, source, to)
          ? { sources: [to], targets: [source], isReversed: true }
          : { sources: [source], targets: [to], isReversed: false }),
        labels: [labelOf(ways.map((at) => state.ways[at]?.text ?? ''))],
      }
    })
  })
}

/** Whether the way leads to what the definition names before. A mark stands before all states. */
function isBack(graph: Graph, from: string, to: string): boolean {
  const order = (path: string) => graph.states.findIndex((state) => state.path === path)
  const ends = [from.split('.'), to.split('.')] as const
  const split = ends[0].findIndex((name, at) => name !== ends[1][at])
  if (from.includes(':') || split === -1 || split >= ends[1].length) return false
  return order(ends[0].slice(0, split + 1).join('.')) > order(ends[1].slice(0, split + 1).join('.'))
}

function labelOf(lines: readonly string[]) {
  return {
    text: lines.join('\n'),
    width: Math.ceil(Math.max(...lines.map((line) => line.length)) * LABEL_CHAR) + 6,
    height: lines.length * LABEL_LINE + 2,
  }
}

const anyOf = (path: string): string => `any:${path}`
const initialOf = (path: string): string => `initial:${path}`

function nodeOf(graph: Graph, state: GraphState): ElkNode {
  const inner = graph.states.filter(({ parent }) => parent === state.path)
  const width = Math.max(
    Math.ceil(state.name.length * NAME_CHAR) + 24,
    ...state.invokes.map((name) => Math.ceil((name.length + 5) * LABEL_CHAR) + 16),
  )
  const height = HEAD + state.invokes.length * LINE + (state.invokes.length > 0 ? 4 : 0)
  if (inner.length === 0) return { id: state.path, width: Math.max(width, 64), height: Math.max(height, 30) }
  return {
    id: state.path,
    layoutOptions: {
      ...OPTIONS,
      'elk.padding': `[top=${height + 12},left=16,bottom=16,right=16]`,
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${width + 16},${height + 30})`,
    },
    children: [...marksOf(graph, state.path, state.initial), ...inner.map((child) => nodeOf(graph, child))],
  }
}

const DOT = { width: 10, height: 10 }
const ANY = { width: 62, height: 22 }

function marksOf(graph: Graph, path: string, initial: string | undefined): ElkNode[] {
  const hasAny = graph.states.some(
    (state) =>
      state.path === path && state.ways.some(({ to }) => to.some((target) => isInside(target, path))),
  )
  return [
    ...(initial === undefined ? [] : [{ id: initialOf(path), ...DOT }]),
    ...(hasAny ? [{ id: anyOf(path), ...ANY }] : []),
  ]
}

const markEdges = (path: string, initial: string | undefined): ElkExtendedEdge[] =>
  initial === undefined
    ? []
    : [
        {
          id: `${initialOf(path)}>${initial}`,
          sources: [initialOf(path)],
          targets: [initial],
          layoutOptions: {
            'elk.layered.priority.direction': '10',
            'elk.layered.priority.straightness': '10',
          },
        },
      ]

const markEdgesBelow = (graph: Graph, state: GraphState): ElkExtendedEdge[] => [
  ...markEdges(state.path, state.initial),
  ...graph.states
    .filter(({ parent }) => parent === state.path)
    .flatMap((child) => markEdgesBelow(graph, child)),
]

function drawn(
  graph: Graph,
  outer: readonly GraphState[],
  root: ElkNode,
  own: readonly DrawnEdge[],
): ChartPiece {
  const boxes = new Map<string, Box>()
  placeBoxes(root, 0, 0, boxes)
  const edges = placedEdges(root, own, boxes)
  const right = edges.flatMap(({ label, points }) => [label.x + label.width, ...points.map(([x]) => x)])
  const bottom = edges.flatMap(({ label, points }) => [label.y + label.height, ...points.map(([, y]) => y)])
  return {
    width: Math.ceil(Math.max(root.width!, ...right.map((x) => x + 4))),
    height: Math.ceil(Math.max(root.height!, ...bottom.map((y) => y + 4))),
    states: graph.states
      .filter(({ path }) => outer.some((state) => state.path === regionOf(path)))
      .map(({ parent: _parent, initial: _initial, ...state }) => ({ ...state, box: boxes.get(state.path)! })),
    marks: [...boxes].flatMap(([id, box]): ChartMark[] => {
      const [kind, of] = id.split(':')
      return of === undefined ? [] : [{ kind: kind === 'any' ? 'any' : 'initial', of, ...box }]
    }),
    edges,
  }
}

const round = (value: number): number => Math.round(value * 2) / 2

function placeBoxes(node: ElkNode, x: number, y: number, boxes: Map<string, Box>): void {
  for (const child of node.children ?? []) {
    const left = x + child.x!
    const top = y + child.y!
    boxes.set(child.id, {
      x: round(left),
      y: round(top),
      width: round(child.width!),
      height: round(child.height!),
    })
    placeBoxes(child, left, top, boxes)
  }
}

/** ELK gives an edge's places relative to the innermost state around both ends. */
function placedEdges(root: ElkNode, own: readonly DrawnEdge[], boxes: ReadonlyMap<string, Box>): ChartEdge[] {
  const ids = new Map(own.map((edge) => [edge.id, edge]))
  return (root.edges ?? []).map((edge) => {
    const { container = '' } = edge as { container?: string }
    const around = boxes.get(container)
    const [left, top] = around === undefined ? [0, 0] : [around.x, around.y]
    const drawn = ids.get(edge.id)
    const [section] = edge.sections ?? []
    if (section === undefined) throw new Error(`ELK gave no line for ${edge.id}`)
    const { startPoint, bendPoints = [], endPoint } = section
    const label = edge.labels?.[0]
    const points = [startPoint, ...bendPoints, endPoint].map((point): [number, number] => [
      round(left + point.x),
      round(top + point.y),
    ])
    return {
      from: drawn?.from ?? '',
      to: drawn?.to ?? edge.targets[0]!,
      ways: drawn?.ways ?? [],
      label: {
        x: round(left + (label?.x ?? 0)),
        y: round(top + (label?.y ?? 0)),
        width: label?.width ?? 0,
        height: label?.height ?? 0,
        lines: label?.text?.split('\n') ?? [],
      },
      points: drawn?.isReversed === true ? points.reverse() : points,
    }
  })
}
