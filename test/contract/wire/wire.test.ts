/** What is read in protobuf from the embedded API server is what is read as JSON. */
import { createApiServer } from '../../../src/sandbox/apiserver/index.ts'
import { connectInProcess } from '../../../src/world/link.ts'
import { createRealClock, createRealRandom } from '../../../src/world/real.ts'
import { runWire } from './run.ts'

runWire('the embedded API server', async () => {
  const clock = createRealClock()
  const server = createApiServer({ clock, random: createRealRandom() })
  const peer = { address: 'test', commonName: 'admin', organizations: ['system:masters'], verified: true }
  const { client } = connectInProcess(server.handler, { origin: 'https://embedded', peer, clock })
  return {
    client,
    clock,
    finalizesNamespaces: true,
    allocatesHealthCheckPorts: false,
    compact: async () => server.compact(),
    close: async () => server.close(),
  }
})
