/** `doctor`: everything the adapter stands on, checked; with a running daemon and without one. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { LoadedConfig } from '../config/index.ts'
import {
  CHECKS,
  createFacts,
  type KubePeer,
  type OpenFacts,
  type Result,
  runChecks,
  type World,
} from '../doctor/index.ts'
import { createKubeClient, loadAccess, OPEN_GATE } from '../kube/index.ts'
import { SILENT } from '../log/index.ts'
import type { HttpClient } from '../world/index.ts'
import { createHttpClient, createRealClock, createRealRandom } from '../world/real.ts'
import { createDoctorScreen, createProgressLine, summary } from './doctor-screen.ts'
import { createDoctorWorld } from './doctor-world.ts'
import { openNsxRest, proxyOf } from './nsx.ts'
import { collect } from './options.ts'
import { addConfigOptions, nsxIdentity, readConfig } from './settings.ts'
import { EXIT, say, table } from './terminal.ts'
import { VERSION } from './version.ts'

interface Options extends Readonly<Record<string, unknown>> {
  readonly only?: readonly string[]
  readonly list?: boolean
  readonly output: 'text' | 'json'
}

const NAMES = CHECKS.map(({ name }) => name)

export function configure(command: Command): void {
  addConfigOptions(command)
  command
    .option('--only <check>', 'this check alone; several times for several', checkName)
    .option('--list', 'the checks and what each is about')
    .addOption(
      new Option('-o, --output <format>', 'how it is printed').choices(['text', 'json']).default('text'),
    )
    .addHelpText(
      'after',
      '\n✓ well, ! worth a look, ✗ failed, – not looked at, and why. Below each ✗ stand its cause, the code that `explain` knows,' +
        '\nand what to do. It reads, and has the API server try one write that is not stored; nothing is changed.' +
        '\nRun it as the user of the daemon, so that it sees what the daemon sees.' +
        '\n\nExit code: 0 nothing failed, 1 something did.' +
        '\n\nExamples:\n  antrea-nsx-adapter doctor' +
        '\n  sudo -u antrea-nsx-adapter antrea-nsx-adapter doctor --only nsx-tls --only kube-rights' +
        '\n  antrea-nsx-adapter doctor -o json | jq ".checks[] | select(.state == \\"failed\\")"',
    )
    .action((options: Options) => (options.list === true ? list(options) : doctor(options)))
}

function checkName(value: string, before?: readonly string[]): readonly string[] {
  if (!NAMES.includes(value)) throw new InvalidArgumentError(`It must be one of ${NAMES.join(', ')}.`)
  return collect(value, before)
}

function list({ output }: Options): void {
  const rows = CHECKS.map(({ name, group, title }) => ({ name, group, title }))
  if (output === 'json') say(JSON.stringify(rows, null, 2))
  else say(table([['CHECK', 'OF', 'WHAT'], ...rows.map(({ name, group, title }) => [name, group, title])]))
}

async function doctor(options: Options): Promise<void> {
  const { only, output } = options
  const checks = CHECKS.filter(({ name }) => only === undefined || only.includes(name))
  const progress = createProgressLine(process.stderr)
  const screen = createDoctorScreen(Math.max(60, process.stdout.columns ?? 120))
  const clock = createRealClock()
  const startMs = clock.monotonicMs()
  const results = await examine(options, checks, {
    onProgress: (running, done) => progress.tell(running, done, checks.length),
    onResult: (result) => {
      progress.clear()
      if (output === 'text') for (const line of screen(result)) say(line)
    },
  })
  progress.clear()
  const tookMs = clock.monotonicMs() - startMs
  if (output === 'json') say(JSON.stringify(documentOf(results), null, 2))
  else say(`\n${summary(results, tookMs)}`)
  process.exitCode = results.some(({ state }) => state === 'failed') ? EXIT.failed : EXIT.ok
}

export const documentOf = (results: readonly Result[]): object => ({
  version: VERSION,
  failed: results.filter(({ state }) => state === 'failed').length,
  warnings: results.filter(({ state }) => state === 'warning').length,
  checks: results,
})

/** Runs them, and closes what they opened. `options` as those of `run`. */
export async function examine(
  options: Readonly<Record<string, unknown>>,
  checks: Parameters<typeof runChecks>[0] = CHECKS,
  handlers: Parameters<typeof runChecks>[3] = {},
  world: World = createDoctorWorld(),
  signal: AbortSignal = new AbortController().signal,
): Promise<Result[]> {
  const facts = factsOf(options, world)
  try {
    return await runChecks(checks, facts, signal, handlers)
  } finally {
    await facts.close()
  }
}

function factsOf(options: Readonly<Record<string, unknown>>, world: World): OpenFacts {
  return createFacts({
    world,
    loadConfig: () => readConfig(options),
    openKube,
    openManagers: (loaded) => {
      const { nsx } = loaded.config
      const identity = nsxIdentity(loaded)
      return nsx.url.map((origin) => ({
        origin,
        http: createHttpClient({ origin, tls: identity, ...proxied(nsx) }),
      }))
    },
    openRest: (loaded) =>
      openNsxRest(loaded, { clock: world.clock, random: createRealRandom(), log: SILENT }),
  })
}

const proxied = (nsx: LoadedConfig['config']['nsx']) => {
  const proxy = proxyOf(nsx)
  return proxy === undefined ? {} : { proxy }
}

/** As the daemon reads them; without a configuration by KUBECONFIG, as kubectl does. */
async function openKube(loaded: LoadedConfig | undefined): Promise<KubePeer> {
  const kubeconfig = loaded === undefined ? process.env['KUBECONFIG'] : loaded.config.kube.kubeconfig
  const context = loaded?.config.kube.context
  const access = await loadAccess({
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  })
  const raw = createHttpClient({ origin: access.origin, tls: access.tls, headers: access.headers })
  const http: HttpClient = {
    ...raw,
    request: (request) => raw.request({ ...request, path: `${access.basePath ?? ''}${request.path}` }),
  }
  const userAgent = `antrea-nsx-adapter/${VERSION}`
  const clock = createRealClock()
  return { access, http, client: createKubeClient({ http, gate: OPEN_GATE, clock, log: SILENT, userAgent }) }
}
