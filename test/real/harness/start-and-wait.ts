/** Starts a control plane, prints its process ids and folder and waits to be ended; for the test of that end. */
import { startControlPlane } from './controlplane.ts'
import { programs } from './tier.ts'

const plane = await startControlPlane({ programs: await programs() })
const pids = plane.processes.map(({ pid }) => pid)
process.stdout.write(`${JSON.stringify({ pids, folder: plane.folder })}\n`)
setInterval(() => {}, 60_000)
