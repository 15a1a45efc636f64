/** An embedded API server with the stand-in's controller behind it, on a clock of its own, and plain calls to it. */

import type { ProfileName, StandInController, StandInDeps } from '../../../src/sandbox/antrea/index.ts'
import { createStandInController, installCrds } from '../../../src/sandbox/antrea/index.ts'
import type { ApiServer } from '../../../src/sandbox/apiserver/index.ts'
import { createApiServer } from '../../../src/sandbox/apiserver/index.ts'
import type { HttpClient, HttpMethod, HttpResponse } from '../../../src/world/index.ts'
import { connectInProcess } from '../../../src/world/link.ts'
import { createFakeClock, createSeededRandom, type FakeClock } from '../../fakes/clock.ts'

export interface Called {
  readonly code: number
  readonly body: unknown
  readonly warnings: readonly string[]
}

export interface CallOptions {
  readonly type?: string
  readonly accept?: string
  readonly user?: { readonly name: string; readonly groups?: readonly string[] }
}

export interface TestCluster {
  readonly api: ApiServer
  readonly clock: FakeClock
  readonly controller: StandInController
  readonly deps: StandInDeps
  readonly http: HttpClient
  call(method: HttpMethod, path: string, body?: unknown, options?: CallOptions): Promise<Called>
  /** The bytes of an answer. */
  download(path: string): Promise<{ readonly headers: HttpResponse['headers']; readonly bytes: Uint8Array }>
  /** Parsed lines of a watch as they come; `events` grows. */
  watch(path: string): Promise<{ readonly events: WatchLine[]; close(): void }>
  /** Lets the controller catch up. */
  rest(ms?: number): Promise<void>
  stop(): Promise<void>
}

export interface WatchLine {
  readonly type: string
  readonly object: Readonly<Record<string, unknown>>
}

export async function startCluster(seed = 1, profile: ProfileName = 'v2.7'): Promise<TestCluster> {
  const clock = createFakeClock()
  const random = createSeededRandom(seed)
  const deps: StandInDeps = { clock, random, connect: () => http }
  const controller = createStandInController(deps, { profile })
  const api = createApiServer({
    clock,
    random,
    admission: controller.admission,
    aggregated: controller.aggregated,
  })
  const http: HttpClient = connectInProcess(api.handler, {
    origin: 'https://embedded',
    peer: {
      address: '127.0.0.1',
      commonName: 'admin',
      organizations: ['system:masters'],
      verified: true,
    },
    clock,
  }).client
  await installCrds(http, { profile })
  await letGo(clock, controller.start())
  return {
    api,
    clock,
    controller,
    deps,
    http,
    call: (method, path, body, options) => call(http, method, path, body, options),
    watch: (path) => watch(http, path),
    download: (path) => download(http, path),
    rest: (ms = 60) => clock.advance(ms),
    async stop() {
      await controller.stop()
      await http.close()
      api.close()
    },
  }
}

/** Moves the clock until the promise is done, a second at a time and a minute at most. */
export async function letGo<T>(clock: FakeClock, promise: Promise<T>): Promise<T> {
  let done = false
  promise.then(
    () => {
      done = true
    },
    () => {
      done = true
    },
  )
  for (let round = 0; round < 600 && !done; round += 1) await clock.advance(100)
  if (!done) throw new Error('it is not done after a minute')
  return promise
}

async function call(
  http: HttpClient,
  method: HttpMethod,
  path: string,
  body: unknown,
  options: CallOptions = {},
): Promise<Called> {
  const response = await http.request({
    method,
    path,
    headers: {
      accept: options.accept ?? 'application/json',
      'user-agent': 'unknown',
      ...(body === undefined ? {} : { 'content-type': options.type ?? 'application/json' }),
      ...(options.user === undefined
        ? {}
        : {
            'impersonate-user': options.user.name,
            ...(options.user.groups?.length ? { 'impersonate-group': options.user.groups.join(',') } : {}),
          }),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    headersTimeoutMs: 10_000,
  })
  const text = await textOf(response)
  return { code: response.status, body: parse(text), warnings: warningsOf(response.headers['warning']) }
}

async function download(http: HttpClient, path: string) {
  const response = await http.request({ method: 'GET', path, headers: {}, headersTimeoutMs: 10_000 })
  const chunks: Uint8Array[] = []
  for await (const chunk of response.body) chunks.push(chunk)
  return { headers: response.headers, bytes: Buffer.concat(chunks) }
}

async function textOf(response: HttpResponse): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of response.body) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const warningsOf = (header: string | undefined): string[] =>
  (header?.match(/299 \S+ "(?:[^"\\]|\\.)*"/g) ?? []).map(
    (text) => JSON.parse(text.replace(/^299 \S+ /, '')) as string,
  )

async function watch(http: HttpClient, path: string): Promise<{ events: WatchLine[]; close(): void }> {
  const stop = new AbortController()
  const response = await http.request({
    method: 'GET',
    path,
    headers: { accept: 'application/json' },
    lane: 'stream',
    headersTimeoutMs: 10_000,
    bodyTimeoutMs: 0,
    signal: stop.signal,
  })
  if (response.status !== 200) throw new Error(`WATCH ${path}: ${response.status} ${await textOf(response)}`)
  const events: WatchLine[] = []
  const read = async () => {
    let text = ''
    for await (const chunk of response.body) {
      text += Buffer.from(chunk).toString('utf8')
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) if (line !== '') events.push(JSON.parse(line) as WatchLine)
    }
  }
  read().catch(() => {})
  return { events, close: () => stop.abort(new Error('the watch was closed')) }
}
