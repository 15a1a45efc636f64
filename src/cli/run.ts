/** `run`: the daemon. */
import type { Command } from 'commander'
import { type DaemonOptions, type ListenAt, startDaemon } from '../daemon.ts'
import { createLogLevels, createRecentLog, type Logger } from '../log/index.ts'
import { createPinoLogger } from '../log/pino.ts'
import { createHttpClient, createRealClock, createRealRandom, serve } from '../world/real.ts'
import {
  adapterSettings,
  addConfigOptions,
  certificateSha256,
  nsxIdentity,
  readConfig,
  readSmallText,
} from './settings.ts'
import { untilSignal } from './signals.ts'
import { VERSION } from './version.ts'

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
  const { kubeconfig, context } = config.kube
  const daemon = await startDaemon({
    settings,
    version: VERSION,
    kubeAccess: {
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
      ...(context === undefined ? {} : { context }),
    },
    connectKube: ({ origin, tls: identity, headers }) =>
      createHttpClient({ origin, tls: identity, headers, http2: true }),
    nsxHttp: createHttpClient({ origin: config.nsx.url, tls }),
    ...connectingAgents(config.agents.tokenFile),
    nsxCertificateSha256: () => certificateSha256(tls.cert),
    clock,
    random,
    log,
    ownLog,
    ...(config.diagnostics.file === undefined ? {} : { diagnosticsFile: config.diagnostics.file }),
    endpoints: endpointsOf(config.serve),
    onBroken: () => process.exit(1),
    listen: (handler, at) => serve({ handler, ...at, log: log.child({ room: 'serve' }) }),
  })
  const signal = await untilSignal(clock)
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

function endpointsOf({ socket, listen }: { socket: string; listen?: string | undefined }): ListenAt[] {
  if (listen === undefined) return [{ socketPath: socket }]
  const at = listen.lastIndexOf(':')
  const host = listen.slice(0, at).replace(/^\[|\]$/g, '')
  return [{ socketPath: socket }, { host, port: Number(listen.slice(at + 1)) }]
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
