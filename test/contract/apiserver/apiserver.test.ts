/** The embedded API server answers the contract cases as kube-apiserver does. */
import { createApiServer } from '../../../src/sandbox/apiserver/index.ts'
import { connectInProcess } from '../../../src/world/link.ts'
import { createRealClock, createRealRandom } from '../../../src/world/real.ts'
import { CASES } from './cases.ts'
import { runCases } from './run.ts'

runCases('the embedded API server', CASES, async () => {
  const clock = createRealClock()
  const server = createApiServer({ clock, random: createRealRandom() })
  const peer = { address: 'test', commonName: 'admin', organizations: ['system:masters'], verified: true }
  const { client } = connectInProcess(server.handler, { origin: 'https://embedded', peer, clock })
  return { client, close: async () => server.close() }
})
