/** `npm run bench [-- SECTION …]`: measures, prints, and writes the sections of docs/benchmarks.md. */
import { benchApiServer } from './apiserver.ts'
import { benchCcp } from './ccp.ts'
import { measureDelivery } from './delivery.ts'
import { benchDiagnostics } from './diagnostics.ts'
import { benchExecutable } from './executable.ts'
import { benchInventory } from './inventory.ts'
import { benchKube } from './kube.ts'
import { benchManager } from './manager.ts'
import { rowOf, table, writeSection } from './report.ts'
import { benchRest } from './rest.ts'
import { startSandboxProcess } from './sandbox.ts'

const STARTS = 7
const POLICIES = 200

const say = (line: string) => process.stdout.write(`${line}\n`)

/** The sandbox's start, and the way of a policy from NSX into the cluster. */
async function benchSandbox(): Promise<string> {
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
  return table([
    rowOf('`npm start` to ready', startsMs, '< 3 s'),
    rowOf('policy pushed → accepted by the API server', createMs, 'median ≤ 50 ms'),
    rowOf('policy changed → accepted by the API server', updateMs, 'median ≤ 50 ms'),
  ])
}

const SECTIONS: Readonly<Record<string, () => Promise<string>>> = {
  sandbox: benchSandbox,
  apiserver: () => benchApiServer(say),
  kube: () => benchKube(say),
  inventory: () => benchInventory(say),
  ccp: () => benchCcp(say),
  manager: () => benchManager(say),
  rest: () => benchRest(say),
  diagnostics: () => benchDiagnostics(say),
  executable: () => benchExecutable(say),
}
/** Measured when nothing is named. */
const USUAL = ['sandbox']

const named = process.argv.slice(2)
const unknown = named.filter((name) => !Object.hasOwn(SECTIONS, name))
if (unknown.length > 0) {
  process.stderr.write(
    `no such section: ${unknown.join(', ')}; there are ${Object.keys(SECTIONS).join(', ')}\n`,
  )
  process.exit(2)
}
for (const name of named.length > 0 ? named : USUAL) {
  const text = await SECTIONS[name]!()
  say(`\n${text}`)
  await writeSection(name, text)
}
