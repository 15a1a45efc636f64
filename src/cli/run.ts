/** `run`: the daemon. */
import type { Command } from 'commander'
import { type DaemonOptions, startDaemon } from '../daemon.ts'
import { KUBE_CREDENTIALS_PERIOD_MS } from '../limits.ts'
import { createLogLevels, createRecentLog, type Logger, redact } from '../log/index.ts'
import { createPinoLogger } from '../log/pino.ts'
import { type Clock, sleep } from '../world/index.ts'
import { createHttpClient, createRealClock, createRealRandom, type TlsIdentity } from '../world/real.ts'
import { processFigures } from '../world/real-process.ts'
import { keepOwnCredentials } from './keeping.ts'
import { createListening, type ListeningPlaces } from './listening.ts'
import { createManagers } from './nsx.ts'
import { createReloading, type Reloading } from './reload.ts'
import { keepTold, type Notify, notifierOf, type Watched, watchdogOf } from './service-manager.ts'
import {
  adapterSettings,
  addConfigOptions,
  certificateSha256,
  certificatesOf,
  nsxIdentity,
  readConfig,
  readSmallText,
} from './settings.ts'
import { untilSignal } from './signals.ts'
import { COMMIT, VERSION } from './version.ts'

export function configure(command: Command): void {
  addConfigOptions(command)
  command
    .addHelpText(
      'after',
      '\nSettings come from the file, then the environment (ANTREA_NSX_ADAPTER_NSX_URL for nsx.url), then flags.' +
        '\n\nExample:\n  antrea-nsx-adapter run --config /etc/antrea-nsx-adapter/config.yaml --log-level debug',
    )
    .action((options: Record<string, unknown>) => run(options))
}

async function run(options: Readonly<Record<string, unknown>>): Promise<void> {
  const clock = createRealClock()
  const random = createRealRandom()
  const loaded = readConfig(options)
  const { config } = loaded
  const tls = nsxIdentity(loaded)
  const ownLog = { recent: createRecentLog(), levels: createLogLevels(config.log.level, clock) }
  const log = createPinoLogger({ level: config.log.level, clock, ...ownLog })
  const settings = adapterSettings(config, random)
  log.info(
    { version: VERSION, instance: settings.instance, cluster: config.cluster, nsx: config.nsx.url },
    'antrea-nsx-adapter starts',
  )
  failLoudly(log)
  const managers = createManagers(loaded, tls)
  const reloading = createReloading(loaded, tls, {
    read: () => readConfig(options),
    identity: nsxIdentity,
    managers,
    onRenewed: () => daemon.adapter.renewed(),
    levels: ownLog.levels,
    clock,
    log,
  })
  const listening = createListening(loaded, clock, log.child({ room: 'serve' }))
  let kubeTls: TlsIdentity = {}
  let transitions = 0
  const { kubeconfig, context } = config.kube
  const daemon = await startDaemon({
    settings,
    version: VERSION,
    kubeAccess: {
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
      ...(context === undefined ? {} : { context }),
    },
    connectKube: ({ origin, tls: identity, headers }) => {
      kubeTls = identity
      return createHttpClient({ origin, tls: identity, headers, http2: true })
    },
    ...managers.given,
    ...connectingAgents(config.agents.tokenFile),
    ownFiles: async () => [
      { path: 'config.json', text: async () => `${JSON.stringify(redact(config), null, 2)}\n` },
    ],
    nsxCertificateSha256: () => certificateSha256(reloading.tls().cert),
    onTransition: () => {
      transitions += 1
    },
    clock,
    random,
    log,
    ownLog,
    ...(config.diagnostics.file === undefined ? {} : { diagnosticsFile: config.diagnostics.file }),
    endpoints: listening.endpoints,
    own: {
      build: { node: process.version, ...(COMMIT === undefined ? {} : { commit: COMMIT }) },
      process: processFigures,
      certificates: () => [...listening.certificates(), ...certificatesOf(reloading.tls(), kubeTls)],
      reload: () => reloading.last(),
    },
    onBroken: () => process.exit(1),
    listen: listening.listen,
  })
  const watched = { clock, status: () => daemon.adapter.status(), transitions: () => transitions }
  const keeping = new AbortController()
  void keepOwnCredentials({
    loaded,
    cluster: daemon.adapter.cluster,
    reloading,
    health: daemon.health,
    clock,
    log,
    signal: keeping.signal,
  })
  const signal = await untilStopped(reloading, watched, listening)
  keeping.abort()
  log.info({ signal }, 'stopping')
  const isClean = await daemon.stop()
  log.info({}, 'stopped')
  if (isClean) return
  log.warn(
    { code: 'DIAGNOSTICS_LOST' },
    'the disk of the diagnostics does not answer; the process ends itself by SIGKILL',
  )
  process.kill(process.pid, 'SIGKILL')
}

/** Tells the service manager meanwhile, reads again what SIGHUP asks for, and looks at renewed certificates. */
async function untilStopped(
  reloading: Reloading,
  watched: Watched,
  listening: ListeningPlaces,
): Promise<NodeJS.Signals> {
  const { clock } = watched
  const notify: Notify = notifierOf(process.env) ?? (async () => {})
  const running = new AbortController()
  // On a terminal SIGHUP says that the terminal is gone: the default then ends the process.
  const isService = process.stdout.isTTY !== true
  const onReload = () => {
    void notify('RELOADING=1').then(() => {
      reloading.reload()
      listening.renew()
      return notify('READY=1')
    })
  }
  if (isService) process.on('SIGHUP', onReload)
  void keepTold(notify, watched, watchdogOf(process.env, process.pid), running.signal)
  void renewing([reloading, listening], clock, running.signal)
  const signal = await untilSignal(clock)
  running.abort()
  void notify('STOPPING=1', 'STATUS=Stopping')
  return signal
}

/** Looks at renewed certificates and tokens. */
async function renewing(all: readonly { renew(): void }[], clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(clock, KUBE_CREDENTIALS_PERIOD_MS, signal).catch(() => {})
    if (!signal.aborted) for (const one of all) one.renew()
  }
}

/** The token is read for each call: it is often one that expires and is written anew. Every agent's certificate says localhost. */
const connectingAgents = (tokenFile: string | undefined): Partial<Pick<DaemonOptions, 'connectAgent'>> =>
  tokenFile === undefined
    ? {}
    : {
        connectAgent: ({ origin, caPem, servername = 'localhost' }) => {
          const authorization = `Bearer ${readSmallText(tokenFile, 'agents.tokenFile').trim()}`
          return createHttpClient({
            origin,
            tls: { ca: caPem, servername },
            headers: () => ({ authorization }),
          })
        },
      }

/** A fault nobody caught: one line, and an end that the service manager answers with a new start. */
function failLoudly(log: Logger): void {
  process.on('uncaughtException', (error) => {
    log.error(
      { code: 'INTERNAL', err: error },
      `INTERNAL: ${error.message}; the process ends and has to be started again`,
    )
    process.exit(1)
  })
}
