/** The executable as it is shipped, beside plain Node on the sources: size, start, and memory of a daemon that has nothing to do. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { startParts } from '../e2e/parts.ts'
import { pause, root, until } from '../e2e/process.ts'

const STARTS = 25
const IDLE_MS = 60_000
const MIB = 2 ** 20
const NODE = join(root, 'node_modules/.bin/node')
const MAIN = join(root, 'src/main.ts')

interface Measured {
  readonly versionMs: { readonly median: number; readonly p99: number }
  readonly idle: Resident
}

/** What the kernel counts of a process, in MiB. */
interface Resident {
  /** All that is in memory. */
  readonly rss: number
  /** Of it what no other process shares and no file backs: what the machine would get back. */
  readonly own: number
  /** Of it pages of files (the executable itself, libraries), which the kernel may drop and read again. */
  readonly files: number
}

/** Builds into a folder of its own, or takes the one that ANTREA_NSX_ADAPTER names; measures it, and Node beside it. */
export async function benchExecutable(say: (line: string) => void): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'antrea-nsx-bench-'))
  try {
    const given = process.env['ANTREA_NSX_ADAPTER']
    const executable = given ?? build(folder, say)
    const sealed = await measure([executable], say)
    const plain = await measure([NODE, MAIN], say)
    const sizes =
      given === undefined ? sizesOf(folder) : { file: statSync(given).size / MIB, archive: Number.NaN }
    return [
      '| | the executable | plain Node on the sources | goal |',
      '|---|---|---|---|',
      `| size | ${sizes.file.toFixed(1)} MiB | | ≤ 112 MiB |`,
      ...(Number.isNaN(sizes.archive)
        ? []
        : [`| the archive (xz) | ${(sizes.archive * 1.048_576).toFixed(1)} MB | | ≤ 32 MB |`]),
      row(
        '`--version`, first line: median',
        ({ versionMs }) => `${versionMs.median.toFixed(0)} ms`,
        '≤ 60 ms, 40 the aim',
      ),
      row('`--version`, first line: slowest', ({ versionMs }) => `${versionMs.p99.toFixed(0)} ms`, ''),
      row('connected and idle for 60 s: resident', ({ idle }) => `${idle.rss.toFixed(0)} MiB`, '≤ 100 MB'),
      row('… of it its own, in no file', ({ idle }) => `${idle.own.toFixed(0)} MiB`, ''),
      row('… of it pages of files', ({ idle }) => `${idle.files.toFixed(0)} MiB`, ''),
    ].join('\n')

    function row(what: string, of: (measured: Measured) => string, goal: string): string {
      return `| ${what} | ${of(sealed)} | ${of(plain)} | ${goal} |`
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function build(folder: string, say: (line: string) => void): string {
  say('building')
  const { status, stderr } = spawnSync(NODE, ['build/index.ts', '--output', folder], {
    cwd: root,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`the build ended with ${status}: ${stderr}`)
  return join(folder, 'antrea-nsx-adapter')
}

/** In MiB. */
function sizesOf(folder: string): { readonly file: number; readonly archive: number } {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const size = (name: string) => statSync(join(folder, name)).size / MIB
  return {
    file: size('antrea-nsx-adapter'),
    archive: size(`antrea-nsx-adapter-${version}-linux-x64.tar.xz`),
  }
}

async function measure(
  command: readonly [string, ...string[]],
  say: (line: string) => void,
): Promise<Measured> {
  const versionMs = timesOf([...command, '--version'])
  say(
    `${command[0]}: --version in ${versionMs.median.toFixed(0)} ms; a daemon on its own for ${IDLE_MS / 1_000} s`,
  )
  return { versionMs, idle: await idleOf(command) }
}

/** From the start of the process to its end: the first line is its only one. */
function timesOf([file, ...words]: readonly string[]): Measured['versionMs'] {
  const takenMs: number[] = []
  for (let start = 0; start < STARTS; start += 1) {
    const beganMs = performance.now()
    const { status } = spawnSync(file ?? '', words, { stdio: 'ignore' })
    if (status !== 0) throw new Error(`${file} ended with ${status}`)
    takenMs.push(performance.now() - beganMs)
  }
  takenMs.sort((a, b) => a - b)
  return { median: takenMs[STARTS >> 1] ?? Number.NaN, p99: takenMs.at(-1) ?? Number.NaN }
}

/** A leader of the demo cluster with both channels open, a minute after it is ready. */
async function idleOf([first, ...before]: readonly [string, ...string[]]): Promise<Resident> {
  const ends: (() => unknown)[] = []
  const context = { after: (end: () => unknown) => void ends.push(end) } as unknown as TestContext
  const had = process.env['ANTREA_NSX_ADAPTER']
  // As the unit starts it. What was just written lies in the page cache in large pieces, of which more is mapped than is
  // used; as after a boot it is read from the disk.
  process.env['MALLOC_ARENA_MAX'] = '2'
  process.env['MALLOC_TRIM_THRESHOLD_'] = '131072'
  spawnSync('sync', [first])
  spawnSync('dd', [`if=${first}`, 'iflag=nocache', 'count=0'], { stdio: 'ignore' })
  if (before.length === 0) process.env['ANTREA_NSX_ADAPTER'] = first
  else delete process.env['ANTREA_NSX_ADAPTER']
  try {
    const parts = await startParts(context)
    const daemon = parts.run()
    await until('ready', async () => (await daemon.status())?.ready, 60_000, daemon.stdout)
    await pause(IDLE_MS)
    return residentOf(daemon.child.pid ?? 0)
  } finally {
    for (const end of ends.reverse()) await end()
    if (had === undefined) delete process.env['ANTREA_NSX_ADAPTER']
    else process.env['ANTREA_NSX_ADAPTER'] = had
  }
}

/** proc(5), "/proc/pid/smaps_rollup". */
function residentOf(pid: number): Resident {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1])
  return {
    rss: kib('Rss') / 1_024,
    own: kib('Anonymous') / 1_024,
    files: (kib('Rss') - kib('Anonymous')) / 1_024,
  }
}
