/**
 * Draws the charts from their definitions into the file that the console shows: `npm run charts`. The build draws them
 * anew, and a test holds the file to what the charts are.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AnyStateMachine } from 'xstate'
import { adapterMachine } from '../machines/adapter.ts'
import { ccpMachine } from '../machines/ccp.ts'
import { discoveryMachine } from '../machines/discovery.ts'
import { createWatchesMachine } from '../machines/index.ts'
import { instancesMachine } from '../machines/instances.ts'
import { leaseMachine } from '../machines/lease.ts'
import { mpMachine } from '../machines/mp.ts'
import { operationMachine } from '../machines/operation.ts'
import { outageMachine } from '../machines/outage.ts'
import { turnstileMachine } from '../machines/turnstile.ts'
import { watchMachine } from '../machines/watch.ts'
import { WATCHED } from '../src/adapter/index.ts'
import { graphOf } from './charts-graph.ts'
import { layOut } from './charts-layout.ts'

export const CHARTS_FILE = join(import.meta.dirname, '../src/serve/ui/assets/charts.json')

/** One region a resource, and discovery's, as src/adapter.ts composes it. */
const watches = createWatchesMachine(
  Object.fromEntries([...WATCHED, 'discovery'].map((name) => [name, watchMachine])),
)

export const MACHINES: readonly AnyStateMachine[] = [
  adapterMachine,
  leaseMachine,
  instancesMachine,
  ccpMachine,
  mpMachine,
  operationMachine,
  watches,
  watchMachine,
  discoveryMachine,
  outageMachine,
  turnstileMachine,
]

/** The file's text, a chart a line. The same definitions give the same bytes. */
export async function drawCharts(machines: readonly AnyStateMachine[] = MACHINES): Promise<string> {
  const charts: string[] = []
  for (const machine of machines) charts.push(JSON.stringify(await layOut(graphOf(machine))))
  return `[\n${charts.join(',\n')}\n]\n`
}

if (import.meta.main) writeFileSync(CHARTS_FILE, await drawCharts())
