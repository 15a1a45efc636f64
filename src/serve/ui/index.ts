/**
 * The page at /inspect and the drawings of the charts. `assets/` is what a browser is given, as it lies there; `charts.json`
 * among it is drawn from the charts' definitions (build/charts.ts). Types of what is told are in view.ts and chart.ts. For
 * the endpoint and the command line.
 */

import type { Chart } from './chart.ts'
import { readUiFiles } from './files.ts'

export type { Chart, ChartPiece, ChartState, ChartWay } from './chart.ts'
export { pageAnswer } from './page.ts'
export type * from './view.ts'

/** Every chart, as the page draws it. */
export const readCharts = (): readonly Chart[] =>
  JSON.parse(readUiFiles().get('charts.json') ?? '[]') as Chart[]
