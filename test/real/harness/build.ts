/** Builds the control plane's programs from their Go modules, once: later runs find them in the cache. */
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { accessSync, constants, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { watchExit } from './processes.ts'

const ROOT = join(import.meta.dirname, '../../..')
const MODULE = join(import.meta.dirname, '../controlplane')

/** Each program and the package it is built from. */
const PROGRAMS = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
} as const
export type ProgramName = keyof typeof PROGRAMS
export type Programs = Readonly<Record<ProgramName, string>>

const GO_ENV = { CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false -mod=readonly', GOWORK: 'off' }

/** What go.mod asks of Kubernetes. */
function kubernetesVersion(): string {
  const [, version] = /^\s*k8s\.io\/kubernetes (v\S+)/m.exec(read('go.mod')) ?? []
  if (version === undefined)
    throw new Error('test/real/controlplane/go.mod does not require k8s.io/kubernetes')
  return version
}

/** Without these the programs call themselves v0.0.0 and kubectl complains of the skew. */
function buildFlags(): string[] {
  const version = kubernetesVersion()
  const [major = '', minor = ''] = version.slice(1).split('.')
  const values = [
    `gitVersion=${version}`,
    `gitMajor=${major}`,
    `gitMinor=${minor}`,
    'gitTreeState=clean',
    'buildDate=1970-01-01T00:00:00Z',
  ]
  const stamps = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((name) =>
    values.map((value) => `-X ${name}.${value}`),
  )
  return ['-trimpath', '-ldflags', ['-s -w', ...stamps].join(' ')]
}

const read = (name: string) => readFileSync(join(MODULE, name), 'utf8')

/** `.cache/controlplane/<hash>` under the repository's root; ANTREA_NSX_CACHE names another place for `.cache`. */
export function cacheFolder(): string {
  const hash = createHash('sha256')
  const inputs = [read('go.mod'), read('go.sum'), ...buildFlags(), process.platform, process.arch]
  for (const input of inputs) hash.update(input).update('\0')
  const cache = process.env['ANTREA_NSX_CACHE'] || join(ROOT, '.cache')
  return join(cache, 'controlplane', hash.digest('hex').slice(0, 16))
}

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function missing(): ProgramName[] {
  const folder = cacheFolder()
  return (Object.keys(PROGRAMS) as ProgramName[]).filter((name) => !isExecutable(join(folder, name)))
}

/** Why the programs cannot be had here, in words; undefined when they can. Nothing is built yet. */
export function whyNotBuildable(): string | undefined {
  if (missing().length === 0) return undefined
  try {
    // Asked in the module: the go command fetches the toolchain that go.mod wants, or says that it may not.
    execFileSync('go', ['env', 'GOVERSION'], {
      cwd: MODULE,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 300_000,
    })
    return undefined
  } catch (error) {
    const { code, stderr } = error as { code?: string; stderr?: Buffer }
    if (code === 'ENOENT')
      return 'Go is not installed (1.26 or newer is needed to build kube-apiserver and etcd)'
    return `Go cannot build kube-apiserver and etcd: ${String(stderr ?? error).trim()}`
  }
}

/** The programs' paths; those that are missing are built first, with lines of progress. */
export async function programs(progress: (line: string) => void): Promise<Programs> {
  const folder = cacheFolder()
  const wanted = missing()
  if (wanted.length > 0) {
    progress(`building ${wanted.join(', ')} into ${folder}; on two cores this takes 4 to 6 minutes, once`)
    for (const name of wanted) await build(name, folder, progress)
  }
  return Object.fromEntries(Object.keys(PROGRAMS).map((name) => [name, join(folder, name)])) as Programs
}

const PROGRESS_EVERY_MS = 10_000

async function build(name: ProgramName, folder: string, progress: (line: string) => void): Promise<void> {
  mkdirSync(folder, { recursive: true })
  // Moved into place when complete: a build that was interrupted, or one beside this one, leaves no half program.
  const unfinished = join(folder, `.${name}.${process.pid}`)
  const started = Date.now()
  const seconds = () => Math.round((Date.now() - started) / 1_000)
  const go = spawn('go', ['build', '-v', ...buildFlags(), '-o', unfinished, PROGRAMS[name]], {
    cwd: MODULE,
    env: { ...process.env, ...GO_ENV },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const counts = { fetched: 0, compiled: 0 }
  let unread = ''
  let complaints: string[] = []
  go.stderr.setEncoding('utf8').on('data', (text: string) => {
    const lines = `${unread}${text}`.split('\n')
    unread = lines.pop() ?? ''
    for (const line of lines) {
      if (line.startsWith('go: downloading')) counts.fetched += 1
      else if (/^[\w.~-]+(\/[\w.~-]+)*$/.test(line)) counts.compiled += 1
      else complaints = [...complaints, line].slice(-20)
    }
  })
  const timer = setInterval(
    () =>
      progress(
        `${name}: ${counts.fetched} modules fetched, ${counts.compiled} packages compiled, ${seconds()} s`,
      ),
    PROGRESS_EVERY_MS,
  )
  watchExit()
  const stop = () => {
    go.kill('SIGTERM')
    rmSync(unfinished, { force: true })
  }
  process.once('exit', stop)
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      go.once('error', reject)
      go.once('close', resolve)
    })
    if (code !== 0) throw new Error(`go build of ${name} failed:\n${[...complaints, unread].join('\n')}`)
    renameSync(unfinished, join(folder, name))
    progress(`${name}: built in ${seconds()} s`)
  } finally {
    clearInterval(timer)
    process.off('exit', stop)
    rmSync(unfinished, { force: true })
  }
}
