/**
 * The Kubernetes side with its real transport, the embedded API server on TLS, and a proxy between them that misbehaves.
 * Sockets are real; the clock is not: it is driven a step at a time, and the sockets get their turn after each.
 */
import assert from 'node:assert/strict'
import { type ActorRefFrom, createActor } from 'xstate'
import { createWatchesMachine } from '../../../machines/index.ts'
import { createHealth, type Health } from '../../../src/health/index.ts'
import { type Access, createKubeSide, type KubeSide, type ResourceName } from '../../../src/kube/index.ts'
import { SILENT } from '../../../src/log/index.ts'
import { installCrds } from '../../../src/sandbox/antrea/index.ts'
import { type ApiServer, createApiServer } from '../../../src/sandbox/apiserver/index.ts'
import { type Authority, createAuthority } from '../../../src/sandbox/pki.ts'
import { createRest, type Rest } from '../../../src/sandbox/rest.ts'
import type { Handler, ServerRequest, ServerResponse } from '../../../src/world/index.ts'
import { connectInProcess } from '../../../src/world/link.ts'
import { createHttpClient, createRealClock, type RunningServer, serve } from '../../../src/world/real.ts'
import { createFakeClock, createSeededRandom, type FakeClock } from '../../fakes/clock.ts'
import { type HostileProxy, startHostileProxy } from '../../fakes/hostile-proxy.ts'

export const NAMES: readonly ResourceName[] = [
  'nodes',
  'namespaces',
  'pods',
  'services',
  'endpointSlices',
  'ingresses',
  'networkPolicies',
  'clusterNetworkPolicies',
  'clusterGroups',
  'tiers',
  'antreaAgentInfos',
  'antreaControllerInfos',
]

export interface Scene {
  readonly clock: FakeClock
  readonly api: ApiServer
  readonly admin: Rest
  readonly proxy: HostileProxy
  readonly kube: KubeSide
  readonly health: Health
  readonly authority: Authority
  /** What the server was asked, method and path. */
  readonly asked: string[]
  /** Answers in the server's place. */
  intercept: ((request: ServerRequest) => ServerResponse | undefined) | undefined
  /** Lets so much time pass, the sockets keeping up with it; coarser steps are for what waits for long. */
  pass(ms: number, stepMs?: number): Promise<void>
  /** Until it holds; gives the milliseconds it took. Fails after `mostMs`. */
  until(holds: () => boolean, mostMs: number, what: string): Promise<number>
  /** A node and a policy tier appear, so that two watches have something to tell. */
  change(name: string): Promise<void>
  allLive(): boolean
  /** Each store holds what the server does. */
  assertComplete(): Promise<void>
  codes(): string[]
  /** The server comes back on its port with this certificate. */
  restart(identity: { cert: string; key: string }): Promise<void>
}

export interface SceneOptions {
  readonly http2?: boolean
  /** In place of one that takes the scene's authority. */
  readonly load?: (authority: Authority, origin: string) => Promise<Access>
  readonly identity?: (authority: Authority) => Promise<{ cert: string; key: string }>
  /** The watches start healthy, unless told otherwise. */
  readonly startsLive?: boolean
}

/** The clock's step, and how long sockets get for it. */
const STEP_MS = 500
const TURN_MS = 3

const turn = () => new Promise<void>((resolve) => setTimeout(resolve, TURN_MS))

export const serverIdentity = (authority: Authority) =>
  authority.server('localhost', { dns: ['localhost'], ips: ['127.0.0.1'] })

/** With it a client is the cluster's administrator. */
export async function accessOf(authority: Authority, origin: string, name = 'someone'): Promise<Access> {
  const identity = await authority.client(name, ['system:masters'])
  return { origin, tls: { ca: authority.ca, ...identity }, headers: () => ({}), fingerprint: identity.cert }
}

export async function play(options: SceneOptions, use: (scene: Scene) => Promise<void>): Promise<void> {
  const clock = createFakeClock()
  const api = createApiServer({ clock, random: createSeededRandom(1) })
  const authority = await createAuthority('hostile', createRealClock())
  const inside = connectInProcess(api.handler, {
    origin: 'https://inside',
    peer: { address: 'test', commonName: 'admin', organizations: ['system:masters'], verified: true },
    clock,
  }).client
  await installCrds(inside)
  const asked: string[] = []
  const handler: Handler = async (request) => {
    asked.push(`${request.method} ${request.path}`)
    return scene.intercept?.(request) ?? api.handler(request)
  }
  const listen = (identity: { cert: string; key: string }, port: number): Promise<RunningServer> =>
    serve({
      handler,
      port,
      tls: { ...identity, ca: authority.ca, requestCert: true },
      http2: options.http2 ?? true,
    })
  let server = await listen(await (options.identity ?? serverIdentity)(authority), 0)
  const proxy = await startHostileProxy(server.port, clock)
  const origin = `https://localhost:${proxy.port}`
  const health = createHealth(clock)
  const load = options.load ?? accessOf
  const first = options.load === undefined ? await load(authority, origin) : undefined
  const kube = await createKubeSide({
    access: { load: async () => first ?? load(authority, origin) },
    connect: ({ origin: at, tls, headers }) => createHttpClient({ origin: at, tls, headers, http2: true }),
    clock,
    random: createSeededRandom(5),
    log: SILENT,
    health,
    instance: 'a',
    userAgent: 'hostile/1',
    resources: NAMES,
  })
  const machine = createWatchesMachine(Object.fromEntries(NAMES.map((name) => [name, kube.watch(name)])))
  const watches: ActorRefFrom<typeof machine> = createActor(machine, { clock })
  const scene: Scene = {
    clock,
    api,
    admin: createRest(inside),
    proxy,
    kube,
    health,
    authority,
    asked,
    intercept: undefined,
    async pass(ms, stepMs = STEP_MS) {
      for (let left = ms; left > 0; left -= stepMs) {
        await clock.advance(Math.min(stepMs, left))
        await turn()
      }
    },
    async until(holds, mostMs, what) {
      const beganMs = clock.monotonicMs()
      while (!holds()) {
        const tookMs = clock.monotonicMs() - beganMs
        assert.ok(tookMs < mostMs, `${what}: not within ${mostMs} ms`)
        await scene.pass(STEP_MS)
      }
      return clock.monotonicMs() - beganMs
    },
    async change(name) {
      await scene.admin.call('POST', '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name } })
      await scene.admin.call('POST', '/api/v1/namespaces', {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name },
      })
    },
    allLive: () => kube.ready(),
    async assertComplete() {
      for (const name of ['nodes', 'namespaces'] as const) {
        const { items } = await scene.admin.get<{
          items: { metadata: { name: string; resourceVersion: string } }[]
        }>(`/api/v1/${name}`)
        const expected = items.map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`).sort()
        const held = [...kube.store(name).values()].map(
          ({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`,
        )
        assert.deepEqual(held.sort(), expected)
      }
    },
    codes: () => health.warnings().map(({ code }) => code),
    async restart(identity) {
      const { port } = server
      await server.close()
      server = await listen(identity, port)
    },
  }
  try {
    await scene.change('first')
    watches.start()
    if (options.startsLive !== false) await scene.until(scene.allLive, 20_000, 'the watches start')
    await use(scene)
  } finally {
    watches.stop()
    await kube.close()
    await proxy.close()
    await server.close()
    api.close()
  }
}
