/**
 * The adapter as a process runs it: with its diagnostics, its warnings in the log and its status endpoint. The world comes
 * in as arguments, sockets included, so that the daemon and the sandbox run the same.
 */
import { type Adapter, type AdapterOptions, createAdapter } from './adapter/index.ts'
import { createDiagnostics, rememberDiagnostics } from './diagnostics/index.ts'
import { waitFor } from './errors.ts'
import { type ActiveWarning, createHealth, type Fact, type Health, type TellFact } from './health/index.ts'
import type { Logger } from './log/index.ts'
import { sayOnce } from './log/repeats.ts'
import {
  type Build,
  type CertificateEnd,
  createMeasuring,
  type Measuring,
  type ProcessFigures,
} from './metrics/index.ts'
import {
  createInspection,
  createRemoteHandler,
  createStatusHandler,
  type Looking,
  planFiles,
  type RemoteAccess,
  type StatusSource,
} from './serve/index.ts'
import type { StatusSnapshot } from './status/index.ts'
import { type Clock, type Handler, sleep } from './world/index.ts'

export type ListenAt =
  | { readonly socketPath: string }
  | {
      readonly host: string
      readonly port: number
      /** Only health and metrics are told there, to whom this lets in. */
      readonly access?: RemoteAccess
    }

export interface Listening {
  readonly port: number
  close(): Promise<void>
}

export interface DaemonOptions extends Omit<AdapterOptions, 'health'> {
  /** Nothing is kept without it. */
  readonly diagnosticsFile?: string
  readonly endpoints: readonly ListenAt[]
  /** What only the process itself knows, for its metrics. */
  readonly own?: OwnFigures
  readonly listen: (handler: Handler, at: ListenAt) => Promise<Listening>
}

export interface OwnFigures {
  readonly build: Omit<Build, 'version'>
  process(): ProcessFigures
  certificates?(): readonly CertificateEnd[]
  reload?(): { readonly isSuccessful: boolean; readonly lastSuccess: number }
}

export interface Daemon {
  readonly adapter: Adapter
  /** Where whoever runs the process tells what is wrong with its own part. */
  readonly health: Health
  /** Of each endpoint, in the order given; 0 for a unix socket. */
  readonly ports: readonly number[]
  /**
   * Clean, within some 3 s. False when a thread is stuck in a call to a dead disk: the process then has to be killed,
   * for Node waits for its threads when it exits.
   */
  stop(): Promise<boolean>
}

/** In a support bundle. */
const RECENT_TRANSITIONS_MAX = 1_000
const LOOK_MS = 250
const CLOSE_DIAGNOSTICS_MS = 300

/** Builds and starts everything; endpoints answer before the adapter starts. Throws the errors of createAdapter and listen. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { clock } = options
  const log = sayOnce(options.log, clock)
  const health = createHealth(clock)
  const diagnostics =
    options.diagnosticsFile === undefined
      ? rememberDiagnostics(clock)
      : createDiagnostics({
          file: options.diagnosticsFile,
          clock,
          health,
          log: log.child({ room: 'diagnostics' }),
        })
  const inspection = createInspection(clock)
  const measuring = createMeasuring(clock, options.nsxRest === undefined ? 'channels' : 'rest')
  const onFact = (fact: Fact) => {
    diagnostics.tell(fact)
    inspection.fact(fact)
    measuring.fact(fact)
    options.onFact?.(fact)
  }
  const looking: Looking = { sight: () => adapter.insight, around: () => aroundOf(adapter), clock }
  const adapter: Adapter = await createAdapter({
    ...measured(options, measuring),
    log,
    health,
    ownFiles: async () => [
      {
        path: 'transitions.jsonl',
        text: async () => linesOf(await diagnostics.read({ limit: RECENT_TRANSITIONS_MAX })),
      },
      ...planFiles(looking),
      ...((await options.ownFiles?.()) ?? []),
    ],
    onTransition: (transition) => {
      diagnostics.record(transition)
      inspection.transition(transition)
      measuring.transition(transition)
      options.onTransition?.(transition)
    },
    onFact,
    inspect: (event) => {
      inspection.inspect(event)
      options.inspect?.(event)
    },
  })
  measuring.look({
    ...options.own,
    build: { version: options.version, ...options.own?.build },
    status: () => adapter.status(),
    watchEvents: () => adapter.cluster.watchEvents(),
    inventory: () => adapter.insight.inventory?.counts() ?? new Map(),
    diagnostics: () => diagnostics.counts(),
  })
  const source: StatusSource & { readonly metrics: Measuring } = {
    status: () => adapter.status(),
    idleMs: () => adapter.idleMs(),
    metrics: measuring,
    pausing: pausingOf(adapter),
    history: diagnostics,
    approve: () => adapter.approve(),
    adoption: () => adapter.adoption(),
    adopt: (shown) => adapter.adopt(shown),
    looking,
    inspect: inspection.handler({ status: () => adapter.status(), history: diagnostics }),
    ...(options.ownLog === undefined ? {} : { own: { log: options.ownLog, clock } }),
  }
  const listening = await listenAll(options, source).catch(async (error: unknown) => {
    await Promise.all([adapter.kill(), diagnostics.close(CLOSE_DIAGNOSTICS_MS)])
    throw error
  })
  const watching = new AbortController()
  const about = { instance: options.settings.instance, version: options.version }
  onFact({ kind: 'process', state: 'started', ...about })
  void announce({ health, status: () => adapter.status(), log, clock, onFact }, watching.signal)
  measuring.run(watching.signal)
  adapter.start()
  return {
    adapter,
    health,
    ports: listening.map(({ port }) => port),
    async stop() {
      await adapter.stop()
      watching.abort()
      await inspection.close()
      onFact({ kind: 'process', state: 'stopped', ...about })
      await Promise.all(listening.map((server) => server.close()))
      return diagnostics.close(CLOSE_DIAGNOSTICS_MS)
    },
  }
}

const aroundOf = (adapter: Adapter) => {
  const { role, leader } = adapter.status()
  return { role, leader }
}

/** The same world, with its clients counted. */
function measured(options: DaemonOptions, measuring: Measuring): DaemonOptions {
  const { connectKube, nsxHttp, nsxRest } = options
  return {
    ...options,
    connectKube: (access) => measuring.kube(connectKube(access)),
    ...(nsxHttp === undefined ? {} : { nsxHttp: measuring.nsx(nsxHttp) }),
    ...(nsxRest === undefined
      ? {}
      : { nsxRest: { ...nsxRest, clients: nsxRest.clients.map((client) => measuring.nsx(client)) } }),
  }
}

const pausingOf = (adapter: Adapter): NonNullable<StatusSource['pausing']> => ({
  pause: (channel, forMs) => adapter.pause(channel, forMs),
  resume: (channel) => adapter.resume(channel),
  state() {
    const { role, leader, pauses } = adapter.status()
    return { role, leader, pauses }
  },
})

const linesOf = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('')

async function listenAll(
  { endpoints, listen }: DaemonOptions,
  source: StatusSource & { readonly metrics: Measuring },
): Promise<Listening[]> {
  const here = createStatusHandler(source)
  const listening: Listening[] = []
  for (const at of endpoints) {
    try {
      const access = 'access' in at ? at.access : undefined
      listening.push(await listen(access === undefined ? here : createRemoteHandler(source, access), at))
    } catch (cause) {
      await Promise.all(listening.map((server) => server.close()))
      const where = 'socketPath' in at ? at.socketPath : `${at.host}:${at.port}`
      const words = cause instanceof Error ? cause.message : String(cause)
      throw waitFor(
        'SERVE_CANNOT_LISTEN',
        `the status endpoint cannot listen on ${where} (${words}); stop who does, or set serve.socket or serve.listen`,
        { cause },
      )
    }
  }
  return listening
}

const LEVEL = { info: 'info', warning: 'warn', error: 'error' } as const

interface Announcing {
  readonly health: Health
  status(): StatusSnapshot
  readonly log: Logger
  readonly clock: Clock
  readonly onFact: TellFact
}

/** One line and one fact when a warning becomes visible and when it is over; one line when readiness changes. */
async function announce(
  { health, status, log, clock, onFact }: Announcing,
  signal: AbortSignal,
): Promise<void> {
  const told = new Map<string, ActiveWarning>()
  let ready: boolean | undefined
  while (!signal.aborted) {
    const now = new Map<string, ActiveWarning>(health.warnings().map((warning) => [warning.code, warning]))
    for (const warning of now.values()) {
      const { code, title, detail, text, severity } = warning
      const before = told.get(code)
      if (before === undefined) log[LEVEL[severity]]({ code }, `${code}: ${title} (${detail}). ${text}`)
      if (before?.detail !== detail)
        onFact({
          kind: 'warning',
          code,
          state: before === undefined ? 'raised' : 'changed',
          severity,
          detail,
        })
    }
    for (const { code, title, severity, detail } of told.values()) {
      if (now.has(code)) continue
      log.info({ code }, `${code} is over: ${title}`)
      onFact({ kind: 'warning', code, state: 'over', severity, detail })
    }
    told.clear()
    for (const [code, warning] of now) told.set(code, warning)
    const view = status()
    if (view.ready !== ready && (ready !== undefined || view.ready))
      log.info(
        { ready: view.ready },
        view.ready ? `ready, ${view.role}` : `not ready: ${view.reasons.join('; ')}`,
      )
    ready = view.ready
    await sleep(clock, LOOK_MS, signal).catch(() => {})
  }
}
