/** A statechart as it is drawn: what build/charts.ts makes of a chart's definition, and what the page and `inspect --chart` show. */

/** One way out of a state. */
export interface ChartWay {
  /** As it is written on the drawing: `STOP`, `after 30 s`, `connect failed [needsPerson]`. */
  readonly text: string
  /** The event's type as the inspection tells it; empty for a way that is taken by itself. */
  readonly event: string
  /** Paths of states; none where the state stays. */
  readonly to: readonly string[]
  readonly actions: readonly string[]
}

export interface ChartState {
  /** As in a state's words: `link.open.phase.syncing`. */
  readonly path: string
  readonly name: string
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final'
  /** Names of the actors that run while the state is taken. */
  readonly invokes: readonly string[]
  readonly entry: readonly string[]
  readonly exit: readonly string[]
  /** In the order in which they are tried, one event's together. */
  readonly ways: readonly ChartWay[]
  readonly box: Box
}

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** All ways from one state to another, as one line with a label. */
export interface ChartEdge {
  readonly from: string
  readonly to: string
  /** Indices into the state's ways. */
  readonly ways: readonly number[]
  readonly label: Box & { readonly lines: readonly string[] }
  /** Corners; the last is the arrow's point. */
  readonly points: readonly (readonly [number, number])[]
}

/** `initial`: the dot where a region begins. `any`: from wherever the surrounding state stands. */
export interface ChartMark extends Box {
  readonly kind: 'initial' | 'any'
  readonly of: string
}

/** A drawing of its own: the whole chart, or one of its regions beside each other. */
export interface ChartPiece {
  readonly width: number
  readonly height: number
  /** Outer states before those within. */
  readonly states: readonly ChartState[]
  readonly marks: readonly ChartMark[]
  readonly edges: readonly ChartEdge[]
}

export interface Chart {
  /** The machine's id: `ccp`. */
  readonly name: string
  readonly pieces: readonly ChartPiece[]
  /** Of the whole machine, wherever it stands. */
  readonly ways: readonly ChartWay[]
  readonly invokes: readonly string[]
}
