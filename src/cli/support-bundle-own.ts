/** What a bundle holds of the adapter itself: what the daemon tells, and what this machine tells of it, with its secrets masked. */

import { CONFIG_LEAVES, valueAt } from '../config/index.ts'
import { asAdapterError } from '../errors.ts'
import { DIFF_STEPS_DEFAULT, JOURNAL_LINES_MAX, LOOK_TIMEOUT_MS } from '../limits.ts'
import { redact } from '../log/index.ts'
import { type MadeFile, masked } from '../operations/index.ts'
import { documentOf, examine } from './doctor.ts'
import { createDoctorWorld } from './doctor-world.ts'
import { ask } from './endpoint.ts'
import { askLines, askText } from './endpoint-lines.ts'
import { readDaemonLog } from './own-log.ts'
import { readConfig } from './settings.ts'
import { VERSION } from './version.ts'

export interface OwnOptions {
  readonly socket: string
  readonly config?: string
  readonly since?: number
}

const UNIT = 'antrea-nsx-adapter'
const TRANSITIONS_MAX = 10_000

/** `nowMs`: for `--since`. What cannot be had is told in the bundle; `note` hears that there is no daemon. */
export async function ownBundleFiles(
  options: OwnOptions,
  nowMs: number,
  signal: AbortSignal,
  note: (text: string) => void,
): Promise<readonly MadeFile[]> {
  const { socket } = options
  const refusal = await ask(socket, 'GET', '/status').then(
    () => undefined,
    (error: unknown) => asAdapterError(error),
  )
  const isHere = refusal?.code !== 'DAEMON_UNREACHABLE'
  if (!isHere) note('no daemon answers on this machine: what it would tell is left out')
  return [
    one('version.json', async () => pretty(aboutHere())),
    ...(isHere
      ? daemonFiles(options, nowMs, signal)
      : [one('no-daemon.txt', async () => `${refusal?.message ?? ''}\n`)]),
    one('config.json', async () => pretty(configOf(options))),
    one('doctor.json', async () => pretty(documentOf(await examine(doctorOptions(options))))),
    ...(await machineFiles(options, signal)),
  ]
}

/** Everything is masked here, once. */
const one = (path: string, text: () => Promise<string>): MadeFile => ({
  path,
  text: async () => masked(await text()),
})

const pretty = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

const aboutHere = () => ({
  adapter: VERSION,
  node: process.version,
  versions: process.versions,
  platform: process.platform,
  arch: process.arch,
})

function daemonFiles({ socket, since: sinceS }: OwnOptions, nowMs: number, signal: AbortSignal): MadeFile[] {
  const isYoung = ({ at }: { readonly at: number }) => sinceS === undefined || at >= nowMs - sinceS * 1_000
  return [
    one('status.json', async () => pretty(await ask<object>(socket, 'GET', '/status'))),
    one('metrics.txt', () => askText(socket, '/metrics')),
    one('transitions.json', async () => {
      const { transitions } = await ask<{ readonly transitions: readonly { readonly at: number }[] }>(
        socket,
        'GET',
        `/transitions?limit=${TRANSITIONS_MAX}`,
      )
      return pretty({ transitions: transitions.filter(isYoung) })
    }),
    ...(['ccp', 'mp'] as const).map((channel) =>
      one(`diff-${channel}.jsonl`, async () => {
        const lines: string[] = []
        const path = `/diff?channel=${channel}&limit=${DIFF_STEPS_DEFAULT}`
        for await (const line of askLines<object>(socket, path, LOOK_TIMEOUT_MS))
          lines.push(JSON.stringify(line))
        return `${lines.join('\n')}\n`
      }),
    ),
    one('adapter.log', async () => {
      const wanted = { level: 'debug', follow: false, ...(sinceS === undefined ? {} : { sinceS }) }
      const { recent } = await readDaemonLog(socket, wanted, signal)
      return recent
        .lines()
        .map(({ text }) => `${text}\n`)
        .join('')
    }),
  ]
}

/** What counts and where each setting came from; files are named, never read. */
function configOf(options: OwnOptions): unknown {
  try {
    const { config, origin } = readConfig(doctorOptions(options))
    const origins = CONFIG_LEAVES.flatMap(({ path }) =>
      valueAt(config, path) === undefined ? [] : [[path.join('.'), origin(path.join('.'))]],
    )
    return { config: redact(config), origins: Object.fromEntries(origins) }
  } catch (error) {
    const { code, message } = asAdapterError(error)
    return { problem: { code, message } }
  }
}

const doctorOptions = ({ config }: OwnOptions) => (config === undefined ? {} : { config })

/** Where there is systemd. */
async function machineFiles({ since: sinceS }: OwnOptions, signal: AbortSignal): Promise<MadeFile[]> {
  const world = createDoctorWorld()
  const since = sinceS === undefined ? [] : ['--since', `-${sinceS}s`]
  const asked = await Promise.all([
    world.run(
      'journalctl',
      ['-u', UNIT, '--no-pager', '-o', 'short-iso', '-n', String(JOURNAL_LINES_MAX), ...since],
      signal,
    ),
    world.run('systemctl', ['show', UNIT, '--no-pager'], signal),
    world.run('systemctl', ['cat', UNIT, '--no-pager'], signal),
  ])
  return ['journal.log', 'unit.show', 'unit.cat'].flatMap((path, at) => {
    const answer = asked[at]
    if (answer === undefined || answer.code !== 0 || /^(-- No entries --)?\s*$/.test(answer.stdout)) return []
    return [one(path, async () => answer.stdout)]
  })
}
