/**
 * The manager killed again and again while everybody writes: what was answered is there, what was not is there whole or not at
 * all, and an adapter that is connected all the while deletes nothing and holds in the end what the manager holds.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { ManagerPlaces } from '../../src/cli/manager.ts'
import { createAuthority } from '../../src/sandbox/pki.ts'
import { createRest, type Rest } from '../../src/sandbox/rest.ts'
import { createHttpClient, createRealClock } from '../../src/world/real.ts'
import { type Parts, startParts } from './parts.ts'
import { folder, type Program, pause, start, until } from './process.ts'

const KILLS = 20
/** Time to write between a start and its kill. */
const LIFE_MS = [20, 400] as const
const TAGGED = 12

interface Running {
  readonly program: Program
  readonly places: ManagerPlaces
}

async function startManager(context: TestContext, data: string, port: number): Promise<Running> {
  const ready = join(data, '..', 'ready.json')
  const password = join(data, '..', 'password')
  rmSync(ready, { force: true })
  const program = start(context, [
    'manager',
    '--listen',
    String(port),
    '--data',
    data,
    '--password-file',
    password,
    '--ready-file',
    ready,
    '--log-level',
    'error',
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

const PASSWORD = 'a Password-1'
const AUTHORIZATION = `Basic ${Buffer.from(`admin:${PASSWORD}`).toString('base64')}`

/** What one writer had answered, and what it may have written beyond that: the next one. */
interface Writer {
  readonly name: string
  /** Writes number `n`; resolves when it was answered. */
  write(nsx: Rest, n: number): Promise<void>
  /** Checks what is there: every object of one number, which is `n`, or the one after it when that was under way. */
  check(nsx: Rest, answered: number, sent: number): Promise<void>
  answered: number
  sent: number
}

const INFRA = '/policy/api/v1/infra'
const DOMAIN = `${INFRA}/domains/default`

/** All of them of one write. */
function checkWhole(name: string, seen: readonly number[], answered: number, sent: number): void {
  const [first] = seen
  assert.ok(first !== undefined && seen.every((n) => n === first), `${name}: half of it: ${seen.join(' ')}`)
  assert.ok(first >= answered && first <= sent, `${name}: ${first}, answered ${answered}, sent ${sent}`)
}

const numberIn = (body: unknown): number => Number((body as { description?: string }).description)

const group = (at: number): Writer => ({
  name: `group ${at}`,
  answered: 0,
  sent: 0,
  async write(nsx, n) {
    await nsx.call('PATCH', `${DOMAIN}/groups/single-${at}`, { description: String(n) })
  },
  async check(nsx, answered, sent) {
    if (answered === 0) return
    const body = await nsx.get<{ _revision: number }>(`${DOMAIN}/groups/single-${at}`)
    checkWhole(this.name, [numberIn(body)], answered, sent)
    // Each write changes it once, and none was written twice.
    assert.equal(body._revision, numberIn(body) - 1, `${this.name}: its revision`)
  },
})

/** One hierarchical call with a policy, its rules, groups and a service. */
const tree = (id: string): Writer => ({
  name: `tree ${id}`,
  answered: 0,
  sent: 0,
  async write(nsx, n) {
    const description = String(n)
    const rules = Array.from({ length: 4 }, (_, at) => ({
      id: `rule-${at}`,
      description,
      action: 'ALLOW',
      direction: 'IN',
      sequence_number: at,
      source_groups: ['ANY'],
      destination_groups: ['ANY'],
      services: [`/infra/services/${id}`],
      scope: ['ANY'],
      logged: n % 2 === 0,
    }))
    const inDomain = [
      ...Array.from({ length: TAGGED }, (_, at) => ({
        resource_type: 'ChildGroup',
        Group: { resource_type: 'Group', id: `${id}-${at}`, description },
      })),
      {
        resource_type: 'ChildSecurityPolicy',
        SecurityPolicy: {
          resource_type: 'SecurityPolicy',
          id,
          category: 'Application',
          description,
          rules,
          scope: ['/infra/domains/default/groups/pods'],
        },
      },
    ]
    const entry = {
      id: 'e',
      resource_type: 'L4PortSetServiceEntry',
      l4_protocol: 'TCP',
      destination_ports: ['80'],
    }
    await nsx.call('PATCH', INFRA, {
      resource_type: 'Infra',
      children: [
        { resource_type: 'ChildService', Service: { id, description, service_entries: [entry] } },
        { resource_type: 'ChildResourceReference', id: 'default', target_type: 'Domain', children: inDomain },
      ],
    })
  },
  async check(nsx, answered, sent) {
    const found = await nsx.call('GET', `${DOMAIN}/security-policies/${id}`, undefined, { accept: [404] })
    if (answered === 0 && found.status === 404) return
    const policy = found.body as { rules: unknown[] }
    const others = await Promise.all([
      nsx.get(`${INFRA}/services/${id}`),
      ...Array.from({ length: TAGGED }, (_, at) => nsx.get(`${DOMAIN}/groups/${id}-${at}`)),
    ])
    checkWhole(this.name, [policy, ...policy.rules, ...others].map(numberIn), answered, sent)
  },
})

const inventory = (clusterId: string): Writer => ({
  name: 'inventory',
  answered: 0,
  sent: 0,
  async write(nsx, n) {
    const container_inventory_objects = Array.from({ length: 30 }, (_, at) => ({
      object_update_type: 'CREATE',
      container_object: {
        resource_type: 'ContainerProject',
        external_id: `kill-${at}`,
        display_name: String(n),
      },
    }))
    await nsx.call('POST', `/api/v1/inventory/container/${clusterId}?action=updates`, {
      container_inventory_objects,
    })
  },
  async check(nsx, answered, sent) {
    const { results } = await nsx.get<{ results: { external_id: string; display_name: string }[] }>(
      '/api/v1/fabric/container-projects',
    )
    const own = results.filter(({ external_id: externalId }) => externalId.startsWith('kill-'))
    if (answered === 0 && own.length === 0) return
    assert.equal(own.length, 30)
    checkWhole(
      this.name,
      own.map(({ display_name: name }) => Number(name)),
      answered,
      sent,
    )
  },
})

const machine = (): Writer => ({
  name: 'virtual machine',
  answered: 0,
  sent: 0,
  async write(nsx, n) {
    await nsx.call('PUT', '/api/v1/fabric/virtual-machines/vm', {
      display_name: String(n),
      tags: [{ scope: 'n', tag: String(n) }],
    })
  },
  async check(nsx, answered, sent) {
    if (answered === 0) return
    const body = await nsx.get<{ display_name: string; tags: { tag: string }[] }>(
      '/api/v1/fabric/virtual-machines/vm',
    )
    checkWhole(this.name, [Number(body.display_name), Number(body.tags[0]?.tag)], answered, sent)
  },
})

/** Each number is an object of its own: one that comes, and the one before goes. */
const comingAndGoing = (): Writer => ({
  name: 'coming and going',
  answered: 0,
  sent: 0,
  async write(nsx, n) {
    await nsx.call('PUT', `${DOMAIN}/groups/brief-${n}`, {}, { accept: [400] })
    if (n > 1) await nsx.call('DELETE', `${DOMAIN}/groups/brief-${n - 1}`, undefined, { accept: [404] })
  },
  async check(nsx, answered, sent) {
    const { results } = await nsx.get<{ results: { id: string }[] }>(`${DOMAIN}/groups`)
    const own = results.flatMap(({ id }) => (id.startsWith('brief-') ? [Number(id.slice(6))] : []))
    assert.ok(answered === 0 || own.length > 0, 'the newest one is lost')
    assert.ok(
      own.every((n) => n >= answered && n <= sent),
      `deleted ones came back: ${own.join(' ')}, answered ${answered}`,
    )
  },
})

const identities = (pems: readonly string[]): Writer => ({
  name: 'principal identities',
  answered: 0,
  sent: 0,
  async write(nsx, n) {
    const pem = pems[n - 1]
    if (pem === undefined) return pause(50)
    await nsx.call(
      'POST',
      '/api/v1/trust-management/principal-identities/with-certificate',
      { name: `identity-${n}`, node_id: 'x', certificate_pem: pem },
      // The answer was lost with the process, and the identity is there.
      { accept: [409] },
    )
  },
  async check(nsx, answered) {
    const { results } = await nsx.get<{ results: { name: string; certificate_id: string }[] }>(
      '/api/v1/trust-management/principal-identities',
    )
    const names = new Set(results.map(({ name }) => name))
    for (let n = 1; n <= Math.min(answered, pems.length); n += 1)
      assert.ok(names.has(`identity-${n}`), `${n}`)
    for (const { certificate_id: id } of results) await nsx.get(`/api/v1/trust-management/certificates/${id}`)
  },
})

/** Writes on and on; a write without an answer is sent again with the same number. */
async function writeOn(writer: Writer, nsx: Rest, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const n = writer.answered + 1
    writer.sent = n
    try {
      await writer.write(nsx, n)
    } catch {
      await pause(5)
      continue
    }
    writer.answered = n
  }
}

interface Clients {
  readonly nsx: Rest
  readonly adapter: Rest
}

async function clientsOf(context: TestContext, { url, ca }: ManagerPlaces, parts: Parts): Promise<Clients> {
  const trusted = readFileSync(ca, 'utf8')
  const person = createHttpClient({ origin: url, tls: { ca: trusted } })
  const read = (name: string) => readFileSync(join(parts.path, name), 'utf8')
  const cluster = createHttpClient({
    origin: url,
    tls: { ca: trusted, cert: read('nsx.crt'), key: read('nsx.key') },
  })
  context.after(() => Promise.all([person.close(), cluster.close()]))
  return { nsx: createRest(person, { authorization: AUTHORIZATION }), adapter: createRest(cluster) }
}

const ACNP = '/apis/crd.antrea.io/v1beta1/clusternetworkpolicies'
const PLANE = '/infra/sites/default/enforcement-points/default/cluster-control-planes/e2e'

async function register({ nsx }: Clients, parts: Parts, trees: readonly Writer[]): Promise<void> {
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
  await nsx.call('PATCH', `${DOMAIN}/groups/pods`, {
    group_type: ['ANTREA'],
    expression: [
      {
        resource_type: 'Condition',
        member_type: 'Pod',
        key: 'Tag',
        operator: 'EQUALS',
        value: 'dis:k8s:app|x',
      },
    ],
  })
  for (const one of trees) {
    one.sent = 1
    await one.write(nsx, 1)
    one.answered = 1
    const id = one.name.slice('tree '.length)
    await nsx.call('PATCH', `${DOMAIN}/security-policies/${id}/container-cluster-span/e2e`, {
      container_cluster_path: PLANE,
    })
  }
}

test(`killed ${KILLS} times under load: nothing that was answered is lost, nothing is half there`, async (context) => {
  const deleted: string[] = []
  const parts = await startParts(context, {
    beforeApi: (next) => (request) => {
      if (request.method === 'DELETE' && request.path.startsWith(ACNP)) deleted.push(request.path)
      return next(request)
    },
  })
  const home = folder(context)
  const data = join(home, 'data')
  writeFileSync(join(home, 'password'), `${PASSWORD}\n`, { mode: 0o600 })
  let running = await startManager(context, data, 0)
  const port = Number(new URL(running.places.url).port)
  const clients = await clientsOf(context, running.places, parts)
  const trees = ['one', 'two', 'three'].map(tree)
  await register(clients, parts, trees)
  const authority = await createAuthority('people', createRealClock())
  const pems = await Promise.all(
    Array.from({ length: 40 }, async (_, at) => (await authority.client(`p${at}`)).cert),
  )
  const daemon = parts.run({ nsxUrl: running.places.url, nsxCa: running.places.ca })
  const policies = async () => (await parts.kube.get<{ items: object[] }>(ACNP)).items.length
  await until('the policies in the cluster', async () => (await policies()) === 3, 30_000, daemon.stderr)
  const sourceOf = async () => (await clients.adapter.get<{ source: string }>('/ccp/v1')).source
  const source = await sourceOf()

  const writers = [
    group(0),
    group(1),
    ...trees,
    inventory(parts.clusterId),
    machine(),
    comingAndGoing(),
    identities(pems),
  ]
  let isOver = false
  let writing = Promise.resolve<unknown>(undefined)
  const begin = () => {
    isOver = false
    writing = Promise.all(writers.map((writer) => writeOn(writer, clients.nsx, () => isOver)))
  }
  const startMs = performance.now()
  for (let kill = 0; kill < KILLS; kill += 1) {
    begin()
    await pause(LIFE_MS[0] + Math.random() * (LIFE_MS[1] - LIFE_MS[0]))
    running.program.child.kill('SIGKILL')
    isOver = true
    await once(running.program.child, 'close')
    await writing
    running = await startManager(context, data, port)
    for (const writer of writers) await writer.check(clients.nsx, writer.answered, writer.sent)
    assert.equal(await sourceOf(), source, 'it is the same store')
    assert.equal(await policies(), 3)
  }
  const killedMs = performance.now()
  context.diagnostic(`answered: ${writers.map(({ name, answered }) => `${name} ${answered}`).join(', ')}`)
  await until(
    'the adapter holds what the manager holds',
    async () => {
      const answers = await Promise.all(
        trees.map(({ name }) =>
          clients.nsx.get<{ consolidated_status: { consolidated_status: string } }>(
            `${INFRA}/realized-state/status?intent_path=/infra/domains/default/security-policies/${name.slice(5)}`,
          ),
        ),
      )
      return answers.every(({ consolidated_status: { consolidated_status: said } }) => said === 'SUCCESS')
    },
    60_000,
    daemon.stdout,
  )
  context.diagnostic(
    `${KILLS} kills in ${Math.round(killedMs - startMs)} ms, the adapter held everything ${Math.round(performance.now() - killedMs)} ms later`,
  )
  assert.deepEqual(deleted, [], 'the adapter deleted a policy')
  const ended = await running.program.stop()
  assert.ok(ended < 5_000 && running.program.child.exitCode === 0, `a clean end: ${ended} ms`)
  await daemon.stop()
})
