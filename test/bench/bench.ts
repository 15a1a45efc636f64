/** `npm run bench`: the sandbox's start, and the way of a policy from NSX into the cluster. Prints and writes docs/benchmarks.md. */
import { measureDelivery } from './delivery.ts'
import { rowOf, table, writeSection } from './report.ts'
import { startSandboxProcess } from './sandbox.ts'

const STARTS = 7
const POLICIES = 200

const say = (line: string) => process.stdout.write(`${line}\n`)

const startsMs: number[] = []
for (let round = 1; round <= STARTS; round += 1) {
  const sandbox = await startSandboxProcess()
  startsMs.push(sandbox.startMs)
  say(`start ${round} of ${STARTS}: ready after ${sandbox.startMs.toFixed(0)} ms`)
  await sandbox.stop()
}

const sandbox = await startSandboxProcess()
say(`pushing ${POLICIES} policies, then changing each`)
const { createMs, updateMs } = await measureDelivery(sandbox, POLICIES)
await sandbox.stop()

const text = table([
  rowOf('`npm start` to ready', startsMs, '< 3 s'),
  rowOf('policy pushed → accepted by the API server', createMs, 'median ≤ 50 ms'),
  rowOf('policy changed → accepted by the API server', updateMs, 'median ≤ 50 ms'),
])
say(`\n${text}`)
await writeSection('sandbox', text)
