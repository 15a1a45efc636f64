/** What keeping the state costs: the manager as a process, in memory and with its data on disk, driven over TLS. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ManagerPlaces } from '../../src/cli/manager.ts'
import type { HttpClient } from '../../src/world/index.ts'
import { createHttpClient } from '../../src/world/real.ts'

const WRITES = 2_000
const CLIENTS = [1, 32] as const
const READS = 4_000
const TREES = 20
const TREE_OBJECTS = 500
const ROUNDS = 3
const PASSWORD = 'a-password-of-the-measurement'
const DOMAIN = '/policy/api/v1/infra/domains/default'
const root = join(import.meta.dirname, '../..')

interface Running {
  readonly http: HttpClient
  readonly startMs: number
  stop(): Promise<void>
}

async function startManager(home: string, more: readonly string[]): Promise<Running> {
  const ready = join(home, 'ready.json')
  const password = join(home, 'password')
  writeFileSync(password, PASSWORD, { mode: 0o600 })
  rmSync(ready, { force: true })
  const startedMs = performance.now()
  const words = ['--listen', '0', '--password-file', password, '--ready-file', ready, '--log-level', 'error']
  const child: ChildProcess = spawn(
    join(root, 'node_modules/.bin/node'),
    [join(root, 'src/main.ts'), 'manager', ...words, ...more],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const ended = new Promise((resolve) => child.once('close', resolve))
  while (!existsSync(ready)) {
    assert.equal(child.exitCode, null, 'the manager did not start')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const startMs = performance.now() - startedMs
  const { url, ca } = JSON.parse(readFileSync(ready, 'utf8')) as ManagerPlaces
  const http = createHttpClient({ origin: url, tls: { ca: readFileSync(ca, 'utf8') } })
  return {
    http,
    startMs,
    async stop() {
      await http.close()
      child.kill('SIGTERM')
      await ended
    },
  }
}

const authorization = `Basic ${Buffer.from(`admin:${PASSWORD}`).toString('base64')}`

async function call(http: HttpClient, method: 'GET' | 'PATCH', path: string, body?: object): Promise<number> {
  const startMs = performance.now()
  const answer = await http.request({
    method,
    path,
    headers: { authorization, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    headersTimeoutMs: 60_000,
  })
  for await (const _ of answer.body);
  assert.equal(answer.status, 200, path)
  return performance.now() - startMs
}

/** So many calls by so many clients, each with one under way; calls a second and each one's time. */
async function rush(clients: number, calls: number, one: (at: number) => Promise<number>) {
  const eachMs: number[] = []
  let next = 0
  const startMs = performance.now()
  const client = async () => {
    while (next < calls) {
      next += 1
      eachMs.push(await one(next))
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  return { perSecond: (calls * 1_000) / (performance.now() - startMs), eachMs }
}

const at = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil(share * values.length) - 1)] ?? Number.NaN

type Figures = Map<string, number[]>

const group = (n: number) => ({ group_type: ['ANTREA'], description: `write ${n}` })

const tree = (round: number) => ({
  children: [
    {
      resource_type: 'ChildResourceReference',
      id: 'default',
      target_type: 'Domain',
      children: Array.from({ length: TREE_OBJECTS }, (_, index) => ({
        resource_type: 'ChildGroup',
        Group: { resource_type: 'Group', id: `tree-${index}`, ...group(round) },
      })),
    },
  ],
})

async function measure({ http }: Running, figures: Figures): Promise<void> {
  const add = (name: string, value: number) => figures.set(name, [...(figures.get(name) ?? []), value])
  let count = 0
  const write = () => {
    count += 1
    return call(http, 'PATCH', `${DOMAIN}/groups/g${count % 500}`, group(count))
  }
  const read = () => call(http, 'GET', `${DOMAIN}/groups/g1`)
  await rush(8, 500, write)
  for (const clients of CLIENTS) {
    const calls = clients === 1 ? WRITES / 4 : WRITES
    const { perSecond, eachMs } = await rush(clients, calls, write)
    add(`writes/s, ${clients} at once`, perSecond)
    add(`one write, ${clients} at once: median ms`, at(eachMs, 0.5))
    add(`one write, ${clients} at once: p99 ms`, at(eachMs, 0.99))
  }
  add('reads/s, 8 at once', (await rush(8, READS, read)).perSecond)
  const [, mixed] = await Promise.all([rush(8, WRITES / 2, write), rush(8, READS / 4, read)])
  add('one read while 8 write: median ms', at(mixed.eachMs, 0.5))
  const trees = await rush(1, TREES, (round) =>
    call(http, 'PATCH', '/policy/api/v1/infra', tree(round + count)),
  )
  add(`a hierarchical call of ${TREE_OBJECTS} groups: median ms`, at(trees.eachMs, 0.5))
}

const text = (value: number): string => (value < 100 ? value.toFixed(1) : value.toFixed(0))

/** Both in turn, so that a busy moment strikes both; medians of the rounds. */
export async function benchManagerState(say: (line: string) => void): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), 'bench-manager-state-'))
  const kinds: readonly [string, readonly string[]][] = [
    ['in memory', []],
    ['--data', ['--data', join(home, 'data')]],
  ]
  const all = new Map<string, Figures>(kinds.map(([name]) => [name, new Map()]))
  try {
    for (let round = 1; round <= ROUNDS; round += 1)
      for (const [name, words] of kinds) {
        const running = await startManager(home, words)
        const figures = all.get(name)!
        figures.set('start ms', [...(figures.get('start ms') ?? []), running.startMs])
        await measure(running, figures)
        await running.stop()
        say(`round ${round} of ${ROUNDS}, ${name}: done`)
      }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
  const [memory, disk] = kinds.map(([name]) => all.get(name)!)
  const rows = [...memory!.keys()].map((what) => {
    const [a, b] = [at(memory!.get(what)!, 0.5), at(disk!.get(what)!, 0.5)]
    return `| ${what} | ${text(a)} | ${text(b)} | ${(b / a).toFixed(2)} |`
  })
  return ['| one manager | in memory | with `--data` | ratio |', '|---|---|---|---|', ...rows].join('\n')
}
