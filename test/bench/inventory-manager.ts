/** The manager alone in a process, on TLS, with one cluster registered; a second argument is its requests a second. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createManager } from '../../src/manager/index.ts'
import { createRealClock, createRealRandom, serve } from '../../src/world/real.ts'

const [, , folder = '.', perSecond = '0'] = process.argv
const file = (name: string) => readFileSync(join(folder, name), 'utf8')
const manager = createManager({
  clock: createRealClock(),
  random: createRealRandom(),
  users: [],
  rateLimits: { clientRequestsPerSecond: Number(perSecond) },
})
manager.register({ nodeId: 'bench', name: 'bench', certificatePem: file('client.cert') })
const { port } = await serve({
  handler: manager.handler,
  host: '127.0.0.1',
  tls: { cert: file('server.cert'), key: file('server.key'), ca: file('ca'), requestCert: true },
})
writeFileSync(
  join(folder, 'manager.json'),
  JSON.stringify({ url: `https://127.0.0.1:${port}`, clusterId: 'bench' }),
)
process.stdout.write('ready\n')
process.stdin.resume().on('end', () => process.exit(0))
