/** The sandbox as a process, as a person starts it; what is measured is seen from outside, over its sockets. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadAccess } from '../../src/kube/index.ts'
import type { HttpClient } from '../../src/world/index.ts'
import { createHttpClient } from '../../src/world/real.ts'

const root = join(import.meta.dirname, '../..')
const READY_LIMIT_MS = 60_000

export interface Ready {
  readonly manager: {
    readonly url: string
    readonly user: string
    readonly password: string
    readonly ca: string
  }
  readonly kubeconfig: string
  readonly cluster_id: string
}

export interface SandboxProcess {
  readonly ready: Ready
  /** From the start of the process to the ready file. */
  readonly startMs: number
  readonly manager: HttpClient
  readonly kube: HttpClient
  stop(): Promise<void>
}

/** Starts it and waits until it is ready; `args` are added to the command. */
export async function startSandboxProcess(args: readonly string[] = []): Promise<SandboxProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'antrea-nsx-bench-'))
  const file = join(folder, 'ready.json')
  const startedMs = performance.now()
  const child = spawn(
    join(root, 'node_modules/.bin/node'),
    ['src/main.ts', 'sandbox', '--ready-file', file, ...args],
    { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const ready = await readyFile(child, file, startedMs)
  const startMs = performance.now() - startedMs
  const ca = ready.manager.ca.includes('BEGIN') ? ready.manager.ca : await readFile(ready.manager.ca, 'utf8')
  const basic = Buffer.from(`${ready.manager.user}:${ready.manager.password}`).toString('base64')
  const manager = createHttpClient({
    origin: ready.manager.url,
    tls: { ca },
    headers: () => ({ authorization: `Basic ${basic}`, 'content-type': 'application/json' }),
  })
  const access = await loadAccess({ kubeconfig: ready.kubeconfig })
  const kube = createHttpClient({ origin: access.origin, tls: access.tls, headers: access.headers })
  return {
    ready,
    startMs,
    manager,
    kube,
    async stop() {
      await Promise.all([manager.close(), kube.close()])
      await ended(child)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function readyFile(child: ChildProcess, file: string, startedMs: number): Promise<Ready> {
  while (performance.now() - startedMs < READY_LIMIT_MS) {
    if (child.exitCode !== null) throw new Error(`the sandbox ended with ${child.exitCode}`)
    try {
      return JSON.parse(await readFile(file, 'utf8')) as Ready
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  child.kill('SIGKILL')
  throw new Error('the sandbox did not get ready in time')
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const force = setTimeout(() => child.kill('SIGKILL'), 10_000)
  child.kill('SIGTERM')
  await exit
  clearTimeout(force)
}
