/** The embedded API server on TLS sockets of its own, with Antrea's definitions, and a record of what it was asked. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installCrds } from '../../src/sandbox/antrea/index.ts'
import { type ApiServer, createApiServer } from '../../src/sandbox/apiserver/index.ts'
import { kubeconfig, writeAtomically } from '../../src/sandbox/files.ts'
import { createAuthority } from '../../src/sandbox/pki.ts'
import { createRest, type Rest } from '../../src/sandbox/rest.ts'
import type { Handler } from '../../src/world/index.ts'
import { connectInProcess } from '../../src/world/link.ts'
import { createRealClock, createRealRandom, type RunningServer, serve } from '../../src/world/real.ts'

/** A read of a collection. */
export interface Read {
  readonly resource: string
  /** The whole collection: a list's first page, or a watch that begins with all objects. */
  readonly isWhole: boolean
  readonly isWatch: boolean
  readonly accept: string
}

export interface TestServer {
  readonly api: ApiServer
  readonly admin: Rest
  /** For those who write: its connections stay. */
  readonly steady: string
  /** For those who read: `cut` ends its connections. */
  readonly shaky: string
  /** Cuts every connection of `shaky`. */
  cut(): void
  reads(resource: string): readonly Read[]
  close(): Promise<void>
}

const HISTORY_EVENTS = 20_000

/** `http2`: whether the sockets offer it. */
export async function startTestServer(options: { readonly http2: boolean }): Promise<TestServer> {
  const [clock, random] = [createRealClock(), createRealRandom()]
  const api = createApiServer({
    clock,
    random,
    kubelet: { removeAfterMs: 30 },
    historyEventsMax: HISTORY_EVENTS,
  })
  const authority = await createAuthority('clientgo-ca', clock)
  const identity = await authority.server('localhost', { dns: ['localhost'], ips: ['127.0.0.1'] })
  const client = await authority.client('tester', ['system:masters'])
  const reads: Read[] = []
  const handler: Handler = (request) => {
    const read = readOf(request.method, request.path, request.query, request.headers['accept'] ?? '')
    if (read !== undefined) reads.push(read)
    return api.handler(request)
  }
  const listen = () =>
    serve({ handler, tls: { ...identity, ca: authority.ca, requestCert: true }, http2: options.http2 })
  const [steady, shaky]: [RunningServer, RunningServer] = await Promise.all([listen(), listen()])
  const folder = mkdtempSync(join(tmpdir(), 'antrea-nsx-clientgo-'))
  const write = (name: string, port: number) => {
    const file = join(folder, name)
    writeAtomically(file, kubeconfig(`https://127.0.0.1:${port}`, authority.ca, 'tester', client))
    return file
  }
  const peer = {
    address: '127.0.0.1',
    commonName: 'setup',
    organizations: ['system:masters'],
    verified: true,
  }
  const { client: link } = connectInProcess(api.handler, { origin: 'https://inside', peer, clock })
  await installCrds(link)
  return {
    api,
    admin: createRest(link),
    steady: write('steady', steady.port),
    shaky: write('shaky', shaky.port),
    cut: () => shaky.dropAll(),
    reads: (resource) => reads.filter((read) => read.resource === resource),
    async close() {
      await link.close()
      api.close()
      await Promise.all([steady.close(), shaky.close()])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const COLLECTION =
  /\/(?:api\/v1|apis\/[^/]+\/[^/]+)\/(?:namespaces\/[^/]+\/)?(pods|configmaps|clusternetworkpolicies)$/

function readOf(method: string, path: string, query: URLSearchParams, accept: string): Read | undefined {
  const [, resource] = COLLECTION.exec(path) ?? []
  if (method !== 'GET' || resource === undefined) return undefined
  const isWatch = /^(1|true)$/.test(query.get('watch') ?? '')
  const isWhole = isWatch ? query.get('sendInitialEvents') === 'true' : !query.has('continue')
  return { resource, isWhole, isWatch, accept }
}
