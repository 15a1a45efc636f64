/** An agent's support bundle by its own API, on a real TLS socket: collected, downloaded whole over broken links, taken away. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { TransportError } from '../../../src/errors.ts'
import { type AgentClient, createAgentClient } from '../../../src/kube/agents/index.ts'
import { SILENT } from '../../../src/log/index.ts'
import { agentSource, collect } from '../../../src/operations/bundle/antrea.ts'
import { wholeOf } from '../../../src/operations/bundle/whole.ts'
import { agentSockets } from '../../../src/sandbox/agent-sockets.ts'
import { createEmbeddedCluster } from '../../../src/sandbox/cluster.ts'
import { createAuthority } from '../../../src/sandbox/pki.ts'
import { type HttpClient, sleep } from '../../../src/world/index.ts'
import { createHttpClient, createRealClock, createRealRandom } from '../../../src/world/real.ts'

const TOKEN = 'the-token-of-agents'
const NODE = 'node-1'
const clock = createRealClock()
const gate = { check: () => {} } as Parameters<typeof agentSource>[2]

interface Info {
  readonly metadata: { readonly name: string }
  readonly apiPort?: number
  readonly apiCABundle?: string
}

/** Where the agent says that it is; it says so a moment after its start. */
async function placeOf({
  api,
}: ReturnType<typeof createEmbeddedCluster>): Promise<{ origin: string; caPem: string }> {
  for (const endMs = clock.monotonicMs() + 10_000; clock.monotonicMs() < endMs; ) {
    const infos = api.list('antreaagentinfos.crd.antrea.io') as unknown as readonly Info[]
    const { apiPort, apiCABundle } = infos.find(({ metadata }) => metadata.name === NODE) ?? {}
    if (apiPort !== undefined && apiCABundle !== undefined)
      return { origin: `https://127.0.0.1:${apiPort}`, caPem: Buffer.from(apiCABundle, 'base64').toString() }
    await sleep(clock, 50)
  }
  throw new Error('the agent does not say where it is')
}

/** Clients of a cluster's agents with this token; `through` stands between them and the socket. */
async function agents(context: TestContext) {
  const authority = await createAuthority('agents', clock)
  const cluster = createEmbeddedCluster({
    clock,
    random: createRealRandom(),
    agents: await agentSockets(authority, TOKEN, SILENT),
  })
  await cluster.start()
  context.after(() => cluster.stop())
  const place = await placeOf(cluster)
  return (token: string, through: (http: HttpClient) => HttpClient = (http) => http): AgentClient =>
    createAgentClient({
      placeOf: async (node) => (node === NODE ? place : undefined),
      clock,
      connect: ({ origin, caPem }) =>
        through(
          createHttpClient({
            origin,
            tls: { ca: caPem, servername: 'localhost' },
            headers: () => ({ authorization: `Bearer ${token}` }),
          }),
        ),
    })
}

/** The first download ends with a reset after so many bytes. */
function breakingOff(bytes: number): (http: HttpClient) => HttpClient {
  let isBroken = false
  return (http) => ({
    ...http,
    async request(request) {
      const answer = await http.request(request)
      if (isBroken || !request.path.endsWith('/download')) return answer
      isBroken = true
      return {
        ...answer,
        body: (async function* () {
          let left = bytes
          for await (const chunk of answer.body) {
            yield chunk.subarray(0, left)
            left -= chunk.length
            if (left <= 0) throw new TransportError('reset', 'the connection was reset')
          }
        })(),
      }
    },
  })
}

test('whole, with the sum that the agent says, though the link breaks in its middle; then it is gone', async (context) => {
  const clientOf = await agents(context)
  const { signal } = context
  const source = agentSource(clientOf(TOKEN, breakingOff(100)), NODE, gate)
  const sum = await collect(source, clock, { sinceS: undefined, held: undefined }, signal)
  const chunks: Uint8Array[] = []
  for await (const chunk of wholeOf(() => source.download(signal), sum, source.who, clock, signal))
    chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  assert.equal(createHash('sha256').update(bytes).digest('hex'), sum.sha256)
  assert.equal(bytes.length, sum.bytes)
  assert.match(gunzipSync(bytes).subarray(257, 262).toString(), /^ustar$/)
  // The same one is found again and not made anew.
  assert.deepEqual(await collect(source, clock, { sinceS: undefined, held: sum }, signal), sum)
  await source.remove(signal)
  assert.equal(((await source.read(signal)) as { status: string }).status, 'None')
})

test('without the right token, and where no agent is known: said so, and nothing is collected', async (context) => {
  const clientOf = await agents(context)
  const { signal } = context
  const wanted = { sinceS: undefined, held: undefined }
  const refused = collect(agentSource(clientOf('another'), NODE, gate), clock, wanted, signal)
  await assert.rejects(refused, ({ code }: { code: string }) => /^KUBE_(FORBIDDEN|UNAUTHORIZED)$/.test(code))
  const abort = new AbortController()
  const unknown = agentSource(clientOf(TOKEN), 'node-none', gate)
  await assert.rejects(unknown.read(abort.signal), { code: 'AGENT_UNKNOWN' })
})
