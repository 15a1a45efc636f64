/**
 * A machine with a real systemd: Debian's smallest tree, made once and kept in the cache, booted in a container of its own
 * that shares the network. Needs root, debootstrap and systemd-nspawn.
 */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const PACKAGES = ['systemd', 'systemd-sysv', 'dbus', 'openssl']
const SUITE = 'bookworm'
const BOOT_MS = 60_000

/** Why there can be no such machine here; undefined: there can. SYSTEM_TIER=required makes it an error instead. */
export function whyNot(): string | undefined {
  const missing = ['debootstrap', 'systemd-nspawn', 'nsenter'].filter((name) => !has(name))
  const why =
    process.getuid?.() !== 0
      ? 'needs root'
      : missing.length > 0
        ? `needs ${missing.join(' and ')}`
        : undefined
  if (why !== undefined && process.env['SYSTEM_TIER'] === 'required')
    throw new Error(`the system tier ${why}`)
  return why
}

function has(name: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

export interface Ran {
  readonly code: number
  /** Both outputs. */
  readonly text: string
}

export interface Machine {
  /** Its files, seen from outside. */
  readonly tree: string
  /** Runs a program in it as root; never rejects. */
  run(...words: readonly string[]): Promise<Ran>
  /** … and rejects when it fails. Resolves with its standard output and error. */
  must(...words: readonly string[]): Promise<string>
  stop(): Promise<void>
}

/** Boots it; resolves when systemd says that it is up. `say`: progress in words. */
export async function bootMachine(say: (text: string) => void): Promise<Machine> {
  const folder = mkdtempSync(join(tmpdir(), 'antrea-nsx-system-'))
  const tree = join(folder, 'tree')
  const base = await baseTree(folder, say)
  mkdirSync(tree)
  execFileSync('tar', ['-C', tree, '-xpf', base])
  const words = ['--quiet', '--register=no', '--keep-unit', '--directory', tree, '--boot', '--console=pipe']
  const child = spawn('systemd-nspawn', words, { stdio: ['ignore', 'pipe', 'pipe'] })
  let console = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      console = (console + chunk.toString()).slice(-8_192)
    })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const run = (...command: readonly string[]): Promise<Ran> =>
    new Promise((resolve) => {
      const leader = leaderOf(child.pid ?? 0)
      if (leader === undefined) return resolve({ code: 1, text: `it does not run: ${console}` })
      const into = ['-t', leader, '-m', '-u', '-i', '-p', '-n', '-r', '-w', ...command]
      execFile('nsenter', into, { maxBuffer: 1 << 24 }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1
        resolve({ code, text: `${stdout}${stderr}` })
      })
    })
  const machine: Machine = {
    tree,
    run,
    async must(...command) {
      const { code, text } = await run(...command)
      if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${text}`)
      return text
    },
    async stop() {
      void run('systemctl', 'poweroff')
      const force = setTimeout(() => child.kill('SIGKILL'), 10_000)
      await ended
      clearTimeout(force)
      rmSync(folder, { recursive: true, force: true })
    },
  }
  try {
    await untilUp(machine, () => console)
  } catch (error) {
    await machine.stop()
    throw error
  }
  return machine
}

async function untilUp({ run }: Machine, console: () => string): Promise<void> {
  for (const end = performance.now() + BOOT_MS; performance.now() < end; ) {
    const { text } = await run('systemctl', 'is-system-running')
    if (/^(running|degraded)$/m.test(text)) return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error(`systemd is not up within ${BOOT_MS} ms: ${console()}`)
}

/** The container's own first process: the one below nspawn that has another PID namespace. */
function leaderOf(nspawn: number): string | undefined {
  try {
    const below = readFileSync(`/proc/${nspawn}/task/${nspawn}/children`, 'utf8').trim().split(' ')
    return below.find((pid) => /^NSpid:\s+\d+\s+1$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')))
  } catch {
    return undefined
  }
}

/** A tar of the tree: in the checkout a tree's links would lead whoever walks through it out of it. */
async function baseTree(folder: string, say: (text: string) => void): Promise<string> {
  const kept = join(root, '.cache', `tree-${SUITE}.tar`)
  if (existsSync(kept)) return kept
  say('making a Debian tree: about a minute, once')
  const draft = join(folder, 'draft')
  mkdirSync(join(root, '.cache'), { recursive: true })
  // From where this machine's own packages come.
  const sources = execFileSync('apt-get', ['indextargets', '--format', '$(REPO_URI)']).toString().split('\n')
  const words = ['--variant=minbase', `--include=${PACKAGES.join(',')}`, SUITE, draft, sources[0] ?? '']
  await new Promise<void>((resolve, reject) => {
    execFile('debootstrap', words, { maxBuffer: 1 << 24, timeout: 600_000 }, (error, stdout) =>
      error === null
        ? resolve()
        : reject(new Error(`debootstrap: ${error.message}\n${stdout.slice(-2_000)}`)),
    )
  })
  execFileSync('tar', ['-C', draft, '-cf', `${kept}.new`, '.'])
  rmSync(draft, { recursive: true, force: true })
  renameSync(`${kept}.new`, kept)
  return kept
}
