/** The embedded API server answers the contract cases as kube-apiserver does. */
import { createApiServer } from '../../../src/sandbox/apiserver/index.ts'
import type { Peer } from '../../../src/world/index.ts'
import { connectInProcess } from '../../../src/world/link.ts'
import { createRealClock, createRealRandom } from '../../../src/world/real.ts'
import { CASES } from './cases.ts'
import { runCases } from './run.ts'

const ADMINISTRATORS = 'system:masters'

runCases('the embedded API server', CASES, async () => {
  const clock = createRealClock()
  const server = createApiServer({
    clock,
    random: createRealRandom(),
    authorize: ({ groups }) => groups.includes(ADMINISTRATORS),
  })
  const as = (peer: Peer) =>
    connectInProcess(server.handler, { origin: 'https://embedded', peer, clock }).client
  return {
    client: as({ address: 'test', commonName: 'admin', organizations: [ADMINISTRATORS], verified: true }),
    anonymous: as({ address: 'test' }),
    compact: async () => server.compact(),
    hasControllers: true,
    close: async () => server.close(),
  }
})
