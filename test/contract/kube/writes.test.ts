/** The embedded API server answers writes so that the client takes them as it takes kube-apiserver's. */
import { createApiServer } from '../../../src/sandbox/apiserver/index.ts'
import type { Peer } from '../../../src/world/index.ts'
import { connectInProcess } from '../../../src/world/link.ts'
import { createRealClock, createRealRandom } from '../../../src/world/real.ts'
import { type Hook, runWrites } from './run.ts'

runWrites('the embedded API server', async () => {
  const clock = createRealClock()
  const does = new Map<string, Hook>()
  const hook = (name: string) => ({
    name,
    mutating: false,
    match: ({ resource }: { resource: string }) => resource === 'tiers',
    review: async () => {
      // The embedded server calls its hooks in process: what ends the wait is theirs.
      if (does.get(name) === 'hang')
        throw new Error('Post "https://127.0.0.1/?timeout=1s": context deadline exceeded')
      return { allowed: does.get(name) !== 'deny', status: { message: 'not today', code: 403 } }
    },
  })
  const server = createApiServer({
    clock,
    random: createRealRandom(),
    admission: [hook('tiers.example.com'), hook('tiers.antrea.io')],
    authorize: ({ groups }) => groups.includes('system:masters'),
  })
  const as = (commonName: string, organizations: string[]) => {
    const peer: Peer = { address: 'test', commonName, organizations, verified: true }
    return connectInProcess(server.handler, { origin: 'https://embedded', peer, clock }).client
  }
  return {
    client: as('admin', ['system:masters']),
    nobody: as('nobody', []),
    clock,
    hook: async (name, next) => void does.set(name, next),
    without: {
      policies: 'the embedded API server has no ValidatingAdmissionPolicies',
      quota: 'the embedded API server has no quotas',
    },
    close: async () => server.close(),
  }
})
