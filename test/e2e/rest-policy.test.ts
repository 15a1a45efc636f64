/**
 * Policy from a manager that serves NSX's public API alone, each part a process of its own: made, changed and deleted there it
 * is enforced in the cluster, also when the manager is killed while it is read.
 */
import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { ManagerPlaces } from '../../src/cli/manager.ts'
import { createNsxUser } from '../../src/sandbox/nsx-user.ts'
import { createRest, type Rest } from '../../src/sandbox/rest.ts'
import { createHttpClient } from '../../src/world/real.ts'
import { type Parts, startParts } from './parts.ts'
import { folder, type Program, pause, start, until } from './process.ts'

const PASSWORD = 'a Password-1'
const AUTHORIZATION = `Basic ${Buffer.from(`admin:${PASSWORD}`).toString('base64')}`
const PLANE = '/infra/sites/default/enforcement-points/default/cluster-control-planes/e2e'
const ACNP = '/apis/crd.antrea.io/v1beta1/clusternetworkpolicies'
/** A poll is every 15 to 20 s. */
const SOON_MS = 60_000
/** Their bodies take a read some seconds, at five requests a second. */
const GROUPS = 15

interface Stock {
  readonly program: Program
  readonly places: ManagerPlaces
}

async function startStock(context: TestContext, home: string, port: number): Promise<Stock> {
  const ready = join(home, 'ready.json')
  rmSync(ready, { force: true })
  const words = ['--listen', String(port), '--data', join(home, 'data'), '--ready-file', ready]
  const program = start(context, [
    'manager',
    '--public-api-only',
    '--password-file',
    join(home, 'password'),
    ...words,
  ])
  const places = await until(
    'the manager’s ready file',
    () => {
      try {
        return JSON.parse(readFileSync(ready, 'utf8')) as ManagerPlaces
      } catch {
        return undefined
      }
    },
    20_000,
    () => program.stdout() + program.stderr(),
  )
  return { program, places }
}

/** Between the daemon and the manager: says when the daemon last sent something. */
async function relay(context: TestContext, port: () => number) {
  let spokeMs = 0
  const open = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(port(), '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        open.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
    near.on('data', () => {
      spokeMs = performance.now()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  context.after(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  const address = server.address()
  return {
    url: `https://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    quietMs: () => performance.now() - spokeMs,
  }
}

const rules = (action: string, groups: readonly string[]) =>
  groups.map((id, at) => ({
    id: `rule-${id}`,
    resource_type: 'Rule',
    action,
    direction: 'IN',
    sequence_number: at,
    source_groups: [`/infra/domains/default/groups/${id}`],
    destination_groups: ['ANY'],
    services: ['ANY'],
    scope: ['ANY'],
  }))

const groupOf = (value: string) => ({
  group_type: ['ANTREA'],
  expression: [
    {
      resource_type: 'Condition',
      member_type: 'Pod',
      key: 'Tag',
      operator: 'EQUALS',
      value: `dis:k8s:app|${value}`,
    },
  ],
})

interface StoredPolicy {
  readonly metadata: { readonly name: string }
  readonly spec: { readonly ingress: readonly { readonly action: string }[] }
}

async function actionsOf(kube: Rest, name: string): Promise<string | undefined> {
  const { items } = await kube.get<{ items: readonly StoredPolicy[] }>(ACNP)
  const one = items.find(({ metadata }) => metadata.name === name)
  return one?.spec.ingress.map(({ action }) => action).join(' ')
}

async function registered(nsx: Rest, parts: Parts): Promise<void> {
  await nsx.call('PUT', `/policy/api/v1${PLANE}`, {
    certificate: readFileSync(join(parts.path, 'nsx.crt'), 'utf8'),
    node_id: parts.clusterId,
  })
  await nsx.call('POST', '/api/v1/fabric/container-clusters', {
    external_id: parts.clusterId,
    display_name: 'e2e',
    cluster_type: 'Kubernetes',
    infrastructure: { infra_type: 'vSphere' },
  })
}

test('a policy of a stock manager is enforced, changed and deleted, and a manager killed in mid-read takes nothing away', async (context) => {
  const deleted: string[] = []
  const parts = await startParts(context, {
    beforeApi: (next) => (request) => {
      if (request.method === 'DELETE' && request.path.startsWith(ACNP)) deleted.push(request.path)
      return next(request)
    },
  })
  const home = folder(context)
  writeFileSync(join(home, 'password'), `${PASSWORD}\n`, { mode: 0o600 })
  let stock = await startStock(context, home, 0)
  const port = Number(new URL(stock.places.url).port)
  const way = await relay(context, () => port)
  const person = createHttpClient({
    origin: stock.places.url,
    tls: { ca: readFileSync(stock.places.ca, 'utf8') },
  })
  context.after(() => person.close())
  const nsx = createRest(person, { authorization: AUTHORIZATION })
  const user = createNsxUser(nsx, parts.clusterId)
  await registered(nsx, parts)

  const ids = Array.from({ length: GROUPS }, (_, n) => `g${n}`)
  for (const id of ids) await user.putGroup(id, groupOf(id))
  const policy = (action: string) => ({ category: 'Application', rules: rules(action, ids) })
  const { unique_id: name = '' } = await user.putPolicy('web', policy('ALLOW'))
  const staying = await user.putPolicy('staying', policy('DROP'))
  const daemon = parts.run({
    nsxUrl: way.url,
    nsxCa: stock.places.ca,
    environment: { ANTREA_NSX_ADAPTER_NSX_DRIVER: 'rest' },
  })
  const said = () => (daemon.stdout() + daemon.stderr()).slice(-4_000)
  const shows = (wanted: string | undefined) =>
    until(
      `the policy to be ${wanted ?? 'gone'}`,
      async () => ((await actionsOf(parts.kube, name)) === wanted ? true : undefined),
      SOON_MS,
      said,
    )
  const all = (action: string) => ids.map(() => action).join(' ')
  await shows(all('Allow'))
  const warnings = (await daemon.status())?.warnings ?? []
  assert.ok(
    warnings.some(({ code }) => code === 'NSX_PUBLIC_API'),
    'status says what NSX is not told',
  )

  // Changed, and killed in the middle of the read that finds it.
  for (const id of ids) await user.putGroup(id, groupOf(`${id}-changed`))
  await user.putPolicy('web', policy('DROP'))
  // Of what the daemon sends, only a read of many bodies goes on and on.
  let busy = 0
  const isReading = async () => {
    await pause(150)
    busy = way.quietMs() < 300 ? busy + 1 : 0
    return busy >= 8 ? true : undefined
  }
  await until('the next read', isReading, SOON_MS, said)
  stock.program.child.kill('SIGKILL')
  await stock.program.ended
  await pause(1_000)
  stock = await startStock(context, home, port)
  await shows(all('Drop'))
  assert.deepEqual(deleted, [], 'nothing was deleted')

  await user.deletePolicy('web')
  await shows(undefined)
  assert.deepEqual(deleted, [`${ACNP}/${name}`])
  assert.equal(await actionsOf(parts.kube, String(staying.unique_id)), all('Drop'), 'the other one stays')
  assert.equal(daemon.child.exitCode, null)
  assert.ok((await daemon.stop()) < 5_000)
})
