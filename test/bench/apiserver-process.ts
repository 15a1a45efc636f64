/** The embedded API server alone in a process, on TLS: its files are `ca`, `cert` and `key` in the folder it is given. */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createApiServer } from '../../src/sandbox/apiserver/index.ts'
import type { Clock } from '../../src/world/index.ts'
import { serve } from '../../src/world/real-server.ts'

// Not by way of real.ts: an HTTP client, which a server has no use for, would be loaded with it.
const clock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  bootMs: () => performance.now(),
  setTimeout: (act, delayMs) => setTimeout(act, delayMs),
  clearTimeout,
}
const [, , folder = '.'] = process.argv
const file = (name: string) => readFileSync(join(folder, name), 'utf8')

const api = createApiServer({ clock, random: { next: Math.random, uuid: randomUUID } })
const server = await serve({
  handler: api.handler,
  tls: { cert: file('cert'), key: file('key'), ca: file('ca'), requestCert: true },
})
process.stdout.write(`${server.port}\n`)
// A line asks for the processor time so far, in milliseconds; the end of the input ends the process.
process.stdin
  .on('data', () => {
    const { user, system } = process.cpuUsage()
    process.stdout.write(`${(user + system) / 1_000}\n`)
  })
  .on('end', () => process.exit(0))
