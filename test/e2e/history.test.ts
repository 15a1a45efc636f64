/** What is kept of a daemon's past, as a person looks at it; and that nothing is decided from it. */
import assert from 'node:assert/strict'
import { copyFileSync, existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import Database from 'better-sqlite3'
import type { Row } from '../../src/diagnostics/index.ts'
import { POLICIES } from '../../src/sandbox/scenario-policy.ts'
import type { Handler } from '../../src/world/index.ts'
import { type Daemon, type Parts, startParts } from './parts.ts'
import { runToEnd, until } from './process.ts'
import { ACNP, putThreePolicies } from './seen.ts'

const LIMIT = { timeout: 180_000 }

/** A rule that cannot be translated exactly. */
const HELD = {
  ...POLICIES.quarantine,
  category: 'Environment' as const,
  scope: ['ANY'],
  display_name: 'held',
  rules: (POLICIES.quarantine.rules ?? []).map((rule) => ({
    ...rule,
    action: 'JUMP_TO_APPLICATION' as const,
  })),
}

const ready = (daemon: Daemon) =>
  until(
    'ready',
    async () => (await daemon.status())?.ready,
    30_000,
    () => daemon.stdout() + daemon.stderr(),
  )

async function rows<T extends Row>(context: TestContext, words: readonly string[]): Promise<T[]> {
  const { code, stdout, stderr } = await runToEnd(context, ['history', ...words, '--json'])
  assert.equal(code, 0, stderr)
  const lines = stdout.split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line) as T)
}

test(
  'plans with their steps, sessions, problems and warnings: from the daemon, then from its file',
  LIMIT,
  async (context) => {
    const parts = await startParts(context)
    const file = join(parts.path, 'kept.sqlite')
    const daemon = parts.run({ diagnostics: file })
    await ready(daemon)
    await putThreePolicies(parts)
    await parts.nsx.putPolicy('held', HELD)
    await until('three policies', () => parts.cluster.api.list(ACNP).length === 3, 20_000, daemon.stdout)
    const look = async (from: readonly string[]) => {
      const plans = await rows<Extract<Row, { kind: 'plan' }>>(context, [
        'plans',
        '--subject',
        'ccp',
        ...from,
      ])
      const created = plans.reduce((total, { steps }) => total + (steps['create-policy'] ?? 0), 0)
      assert.equal(created, 3)
      assert.ok(plans.every(({ outcome }) => outcome === 'done'))
      assert.ok(
        plans.some(({ deliveredMs = 0 }) => deliveredMs > 0),
        JSON.stringify(plans),
      )
      const steps = await rows<Extract<Row, { kind: 'step' }>>(context, ['steps', '-n', '1000', ...from])
      assert.deepEqual(
        steps
          .filter(({ step }) => step === 'create-policy')
          .map(({ subject }) => subject)
          .sort(),
        parts.cluster.api
          .list(ACNP)
          .map(({ metadata }) => metadata.name)
          .sort(),
      )
      assert.ok(steps.some(({ channel, step }) => channel === 'mp' && step.startsWith('CREATE Container')))
      const sessions = await rows<Extract<Row, { kind: 'session' }>>(context, ['sessions', ...from])
      assert.deepEqual(
        sessions
          .filter(({ state }) => state === 'opened')
          .map(({ channel }) => channel)
          .sort(),
        ['ccp', 'mp'],
      )
      const problems = await rows<Extract<Row, { kind: 'problem' }>>(context, ['problems', ...from])
      assert.deepEqual(
        problems.map(({ policy }) => policy.split('/').at(-1)),
        ['held'],
      )
      assert.ok((problems[0]?.codes.length ?? 0) > 0)
      return sessions
    }
    await until(
      'the problem',
      async () => (await rows(context, ['problems', '--socket', daemon.socket])).length > 0,
    )
    await look(['--socket', daemon.socket])
    const { stdout } = await runToEnd(context, ['history', 'plans', '--socket', daemon.socket])
    assert.match(stdout, /ccp \d+ {2}done {2}.*create-policy.* ms, delivered {2}[\d.]+ ms/)
    const then = new Date().toISOString()
    await daemon.stop()
    const sessions = await look(['--file', file])
    assert.equal(sessions.filter(({ state }) => state === 'ended').length, 2)
    const standing = await runToEnd(context, ['history', '--at', then, '--file', file])
    assert.match(standing.stdout, /running since/)
    assert.match(standing.stdout, /^adapter +.*leading/m)
    assert.match(standing.stdout, /groups\/none|held {2}/)
    const over = await runToEnd(context, ['history', '--at', new Date().toISOString(), '--file', file])
    assert.match(over.stdout, /no process is known/)
    assert.match((await runToEnd(context, ['history', '--file', file])).stdout, /^plans +\d+$/m)
  },
)

/** What the adapter writes to the API server and tells the manager of its inventory, without what differs each time. */
function recorder() {
  const writes: string[] = []
  const record =
    (isOf: (path: string) => boolean) =>
    (next: Handler): Handler =>
    async (request) => {
      if (request.method === 'GET' || !isOf(request.path)) return next(request)
      const bytes = await request.body(1 << 24)
      for (const what of partsOf(Buffer.from(bytes).toString('utf8')))
        writes.push(`${request.method} ${request.path} ${essence(what)}`)
      return next({ ...request, body: async () => bytes })
    }
  return { writes, record }
}

/** Of a batch for the inventory the Pods: policies are told of while they are put right, sooner or later. */
function partsOf(body: string): string[] {
  const { container_inventory_objects: batch } = JSON.parse(body === '' ? '{}' : body) as {
    container_inventory_objects?: { container_object: { resource_type: string } }[]
  }
  if (batch === undefined) return [body]
  return batch
    .filter(({ container_object }) => container_object.resource_type === 'ContainerApplicationInstance')
    .map((object) => JSON.stringify(object))
}

const essence = (text: string) =>
  text
    .replace(/\bturn-\d+/g, 'turn')
    .replace(/"(resourceVersion|uid|creationTimestamp)":"[^"]*",?/g, '')
    .replace(/"(generation|last_sync_time)":\d+,?/g, '')

/** Everything in the file says something else: who leads, what stands, what was done and when. */
function fillWithLies(file: string): void {
  const database = new Database(file)
  const rows = database.prepare('SELECT id, kind, body FROM records').all() as {
    id: number
    kind: string
    body: string
  }[]
  assert.ok(rows.length > 20, `${rows.length} rows`)
  for (const { id, kind, body } of rows) {
    const row = JSON.parse(body) as Record<string, unknown>
    const lie = {
      ...row,
      at: Number(row['at']) + 365 * 86_400_000,
      ...(kind === 'transition' ? { to: 'refused', from: 'leading' } : {}),
      ...(kind === 'step' ? { step: 'delete-policy', outcome: 'failed', code: 'KUBE_FORBIDDEN' } : {}),
      ...(kind === 'plan' ? { outcome: 'failed', written: 10_000 } : {}),
      ...(kind === 'process' ? { state: 'started', instance: 'somebody-else', version: '99.0.0' } : {}),
      ...(kind === 'warning' ? { code: 'SECOND_ADAPTER', state: 'raised', severity: 'error' } : {}),
    }
    database.prepare('UPDATE records SET at = ?, body = ? WHERE id = ?').run(lie.at, JSON.stringify(lie), id)
  }
  database.close()
}

test(
  'deleted, damaged or filled with lies, the file changes nothing of what is written',
  LIMIT,
  async (context) => {
    const { writes, record } = recorder()
    const parts = await startParts(context, {
      beforeApi: record((path) => path.includes('crd.antrea.io')),
      beforeManager: record((path) => path.startsWith('/api/v1/inventory/')),
    })
    const past = join(parts.path, 'past.sqlite')
    const first = parts.run({ diagnostics: past })
    await ready(first)
    await putThreePolicies(parts)
    await until('three policies', () => parts.cluster.api.list(ACNP).length === 3, 20_000, first.stdout)
    await first.stop()

    const written: string[][] = []
    for (const [name, make] of Object.entries(PASTS)) {
      const file = join(parts.path, `${name}.sqlite`)
      copyFileSync(past, file)
      make(file)
      await disturb(parts, `turn-${written.length}`)
      writes.length = 0
      const daemon = parts.run({ diagnostics: file })
      await ready(daemon)
      await until('all put right', () => isRight(parts), 20_000, daemon.stdout)
      await until('the inventory', () => inventoryIsSteady(daemon), 20_000, daemon.stdout)
      await until('the file', () => existsSync(file), 10_000, daemon.stdout)
      await daemon.stop()
      // A delete that meets a status just written is tried again: how often is the machine's own.
      written.push([...new Set(writes)].sort())
    }
    const [asItWas, ...others] = written
    assert.ok(
      (asItWas?.filter((line) => line.includes(ACNP.split('.')[0] ?? '')).length ?? 0) >= 2,
      String(asItWas),
    )
    for (const [index, other] of others.entries())
      assert.deepEqual(other, asItWas, Object.keys(PASTS)[index + 1])
  },
)

const PASTS: Readonly<Record<string, (file: string) => void>> = {
  'as-it-was': () => {},
  deleted: (file) => rmSync(file),
  damaged: (file) => writeFileSync(file, 'no database, whatever its name says. '.repeat(500)),
  lies: fillWithLies,
}

const inventoryIsSteady = async (daemon: Daemon) =>
  / inventory\.\S*steady/.test((await daemon.status())?.components['mp']?.state ?? '')

/** While no adapter runs one policy is gone and one is changed by hand, and a Pod has another label. */
async function disturb({ kube, cluster }: Parts, turn: string): Promise<void> {
  const pods = '/api/v1/namespaces/shop/pods'
  const { items } = await kube.get<{ items: { metadata: { name: string; labels?: object } }[] }>(pods)
  const pod = items.sort((a, b) => a.metadata.name.localeCompare(b.metadata.name))[0]
  assert.ok(pod !== undefined)
  const { name, labels } = pod.metadata
  await kube.call('PUT', `${pods}/${name}`, {
    ...pod,
    metadata: { ...pod.metadata, labels: { ...labels, turn } },
  })
  const path = '/apis/crd.antrea.io/v1beta1/clusternetworkpolicies'
  const [gone, changed] = cluster.api
    .list(ACNP)
    .map(({ metadata }) => metadata.name)
    .sort()
  await kube.call('DELETE', `${path}/${gone}`)
  const object = await kube.get<{ spec: object }>(`${path}/${changed}`)
  await kube.call('PUT', `${path}/${changed}`, { ...object, spec: { ...object.spec, priority: 4_321 } })
}

const isRight = ({ cluster }: Parts): boolean => {
  const policies = cluster.api.list(ACNP) as unknown as { spec: { priority: number } }[]
  return policies.length === 3 && policies.every(({ spec }) => spec.priority !== 4_321)
}
