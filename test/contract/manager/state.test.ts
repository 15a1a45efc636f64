/** What the manager keeps on disk: everything over a restart, nothing of a backup as if it were new, and no file it cannot trust. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import Database from 'better-sqlite3'
import { SILENT } from '../../../src/log/index.ts'
import type { Storage } from '../../../src/manager/storage.ts'
import { MIGRATIONS, openDatabase } from '../../../src/manager/store/database.ts'
import {
  type OpenStorage,
  openFolder,
  openStorage,
  type StorageOptions,
} from '../../../src/manager/store/index.ts'
import { createRealClock, createRealRandom } from '../../../src/world/real.ts'
import {
  CCP_PATH,
  DOMAIN,
  type Harness,
  harness,
  NODE_ID,
  openSession,
  pushPolicy,
  selfSigned,
} from './harness.ts'

const clock = createRealClock()
const random = createRealRandom()

/** A path for a folder that goes with the test. */
function place(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'manager-state-'))
  context.after(() => rmSync(path, { recursive: true, force: true }))
  return join(path, 'data')
}

const open = (path: string, more: Partial<StorageOptions> = {}): OpenStorage =>
  openStorage({
    folder: openFolder(path),
    clock,
    log: SILENT,
    token: random.uuid(),
    defer: (work) => void setImmediate(work),
    ...more,
  })

interface Kept extends Harness {
  readonly storage: OpenStorage
  close(): void
}

async function on(path: string, more: Partial<StorageOptions> = {}): Promise<Kept> {
  const storage = open(path, more)
  const made = await harness({ storage, random })
  return {
    ...made,
    storage,
    close() {
      made.manager.close()
      storage.close()
    },
  }
}

const INVENTORY = `/api/v1/inventory/container/${NODE_ID}?action=updates`
const project = (id: string, more: object = {}) => ({
  object_update_type: 'CREATE',
  container_object: { resource_type: 'ContainerProject', external_id: id, display_name: id, ...more },
})

/** Something of everything that is kept. */
async function fill({ user }: Kept): Promise<void> {
  await pushPolicy(user)
  const identity = await selfSigned('operator')
  const spare = await selfSigned('spare')
  const steps: [Parameters<typeof user.send>[0], string, unknown][] = [
    ['PUT', `${DOMAIN}/groups/zeta`, { tags: [{ scope: 'team', tag: 'a' }], description: 'ä "x"' }],
    ['PUT', `${DOMAIN}/groups/alpha`, {}],
    ['PATCH', `${DOMAIN}/groups/alpha`, { description: 'second revision' }],
    ['PATCH', `${DOMAIN}/groups/gone`, {}],
    ['DELETE', `${DOMAIN}/groups/gone`, undefined],
    [
      'PUT',
      '/policy/api/v1/infra/services/own',
      {
        service_entries: [
          { id: 'e', resource_type: 'L4PortSetServiceEntry', l4_protocol: 'TCP', destination_ports: ['81'] },
        ],
      },
    ],
    [
      'PUT',
      '/policy/api/v1/infra/context-profiles/c',
      { attributes: [{ key: 'APP_ID', datatype: 'STRING', value: ['SSL'] }] },
    ],
    [
      'PATCH',
      '/policy/api/v1/infra/context-profiles/custom-attributes/default?action=add',
      { key: 'DOMAIN_NAME', value: ['*.example.com'] },
    ],
    [
      'PUT',
      '/api/v1/fabric/virtual-machines/vm-1',
      { display_name: 'db', tags: [{ scope: 'role', tag: 'db' }], ip_addresses: ['10.0.0.9'] },
    ],
    ['PUT', '/api/v1/fabric/virtual-machines/vm-2', { display_name: 'old' }],
    ['DELETE', '/api/v1/fabric/virtual-machines/vm-2', undefined],
    ['POST', INVENTORY, { container_inventory_objects: [project('p1'), project('p2'), project('p3')] }],
    [
      'POST',
      INVENTORY,
      {
        container_inventory_objects: [
          {
            object_update_type: 'DELETE',
            container_object: { resource_type: 'ContainerProject', external_id: 'p2' },
          },
        ],
      },
    ],
    [
      'POST',
      '/api/v1/trust-management/principal-identities/with-certificate',
      { name: 'operator', node_id: 'n', role: 'enterprise_admin', certificate_pem: identity.cert },
    ],
    [
      'POST',
      '/api/v1/trust-management/certificates?action=import',
      { pem_encoded: spare.cert, display_name: 'spare' },
    ],
    ['PUT', `/policy/api/v1${CCP_PATH}/heartbeat-config`, { report_interval: 120 }],
    ['POST', '/api/v1/licenses', { license_key: 'AAAAA-BBBBB' }],
    ['PATCH', '/policy/api/v1/system-config/nsx-partial-patch-config', { enable_partial_patch: 'true' }],
    ['PUT', '/api/v1/cluster/api-service', { _revision: 0, client_api_concurrency_limit: 77 }],
  ]
  for (const [method, path, body] of steps) {
    const answer = await user.send(method, path, body)
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`)
  }
}

const READ: readonly string[] = [
  `${DOMAIN}/groups`,
  `${DOMAIN}/security-policies/web`,
  `${DOMAIN}/security-policies/web/container-cluster-span`,
  '/policy/api/v1/infra/services?sort_by=unique_id',
  '/policy/api/v1/infra/context-profiles',
  '/policy/api/v1/infra/context-profiles/attributes?attribute_source=CUSTOM',
  '/policy/api/v1/infra?filter=Type-.*',
  '/policy/api/v1/search/query?query=resource_type:*&page_size=1000',
  '/policy/api/v1/infra/tags',
  `/policy/api/v1${CCP_PATH}`,
  `/policy/api/v1${CCP_PATH}/heartbeat-config`,
  '/api/v1/fabric/virtual-machines',
  '/api/v1/fabric/vifs',
  '/api/v1/fabric/container-clusters',
  '/api/v1/fabric/container-projects',
  '/api/v1/trust-management/certificates?details=true',
  '/api/v1/trust-management/principal-identities',
  '/api/v1/licenses',
  '/policy/api/v1/system-config/nsx-partial-patch-config',
  '/api/v1/cluster/api-service',
]

async function readAll({ user }: Harness): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const path of READ) {
    const answer = await user.send('GET', path)
    assert.equal(answer.status, 200, `${path}: ${answer.text}`)
    found[path] = answer.text
  }
  return found
}

test('a restart keeps everything as it was: ids, revisions, times, order; and goes on', async (context) => {
  const path = place(context)
  const first = await on(path)
  await fill(first)
  await first.user.send('PATCH', `${DOMAIN}/groups/web-pods`, { description: 'the last change' })
  const before = await readAll(first)
  const was = await openSession(first.cluster, 'ccp')
  const stream = await first.cluster.stream(`/ccp/v1/clusters/${NODE_ID}/snapshot?session=${was.session}`)
  const version = (await stream.next()).version
  stream.leave()
  first.close()

  const second = await on(path)
  assert.deepEqual(await readAll(second), before)
  const is = await openSession(second.cluster, 'ccp')
  assert.deepEqual([is.source, is.epoch], [was.source, was.epoch], 'what was sent is continued')
  const begin = await (
    await second.cluster.stream(`/ccp/v1/clusters/${NODE_ID}/snapshot?session=${is.session}`)
  ).next()
  assert.ok(begin.version > version, 'an older version in the same epoch would be refused by adapters')
  const other = await second.cluster.send('POST', `/ccp/v1/clusters/${NODE_ID}/sessions`, {
    instance: 'b',
    adapter_version: '1',
    capabilities: [],
    cluster_uid: 'another-cluster',
    leader: { lease_created: 2_000, transitions: 1 },
  })
  assert.equal(other.body.code, 'CLUSTER_IDENTITY', 'whose control plane it is, is kept')
  const rules = new Set<number>()
  const policy = (await second.user.send('GET', `${DOMAIN}/security-policies/web`)).body
  rules.add(policy.rules[0].rule_id)
  await second.user.send('PATCH', `${DOMAIN}/security-policies/web/rules/second`, { action: 'DROP' })
  rules.add((await second.user.send('GET', `${DOMAIN}/security-policies/web/rules/second`)).body.rule_id)
  assert.equal(rules.size, 2, 'a rule_id is not given twice')
  second.close()
})

test('a traceflow of before a restart says so, and goes when nobody looks for two hours', async (context) => {
  const path = place(context)
  const at = '/policy/api/v1/infra/antrea/traceflows/t'
  const first = await on(path)
  const config = { container_cluster_id: NODE_ID, source_external_id: 'a', destination_external_id: 'b' }
  const written = await first.user.send('PUT', at, config)
  assert.equal(written.status, 200, written.text)
  first.close()
  const second = await on(path)
  const status = (await second.user.send('GET', `${at}/status`)).body
  assert.equal(status.phase, 'FAILED')
  assert.match(status.reason, /restarted/)
  await second.clock.advance(7_900_000)
  assert.equal((await second.user.send('GET', at)).status, 404)
  second.close()
  const third = await on(path)
  assert.equal((await third.user.send('GET', at)).status, 404)
  third.close()
})

test('in memory a new manager has a new source', async () => {
  const sources = []
  for (let round = 0; round < 2; round += 1)
    sources.push((await openSession((await harness({ random })).cluster, 'ccp')).source)
  assert.notEqual(sources[0], sources[1])
})

/** Source and epoch of the store in this folder, and that it is closed again. */
async function identityOf(path: string, more: Partial<StorageOptions> = {}): Promise<string> {
  const made = await on(path, more)
  const { source, epoch } = await openSession(made.cluster, 'ccp')
  made.close()
  return `${source} ${epoch}`
}

test('a backup that is put back gets a new source, whichever way it was put there, once', async (context) => {
  const path = place(context)
  const first = await identityOf(path)
  assert.equal(await identityOf(path), first, 'nothing was put back')
  const backup = `${path}-backup`
  cpSync(path, backup, { recursive: true, preserveTimestamps: true })
  const seen = new Set([first])
  const ways: Record<string, () => void> = {
    'copied over what was there': () => cpSync(backup, path, { recursive: true, preserveTimestamps: true }),
    'copied into an empty place': () => {
      rmSync(path, { recursive: true })
      cpSync(backup, path, { recursive: true, preserveTimestamps: true })
    },
    'only the state file, by rename': () => {
      cpSync(join(backup, 'state.sqlite'), join(path, 'new'), { preserveTimestamps: true })
      renameSync(join(path, 'new'), join(path, 'state.sqlite'))
    },
  }
  for (const [name, put] of Object.entries(ways)) {
    put()
    const after = await identityOf(path)
    assert.ok(!seen.has(after), name)
    assert.equal(await identityOf(path), after, `${name}: from then on it is at home here`)
    seen.add(after)
  }
  const before = await identityOf(path)
  assert.notEqual(await identityOf(path, { restored: true }), before, 'a person says so')
})

const sumOf = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')

/** Refused with this code, and the file stays as it is. */
function refuses(path: string, code: string, more: Partial<StorageOptions> = {}): void {
  const file = join(path, 'state.sqlite')
  const before = sumOf(file)
  assert.throws(
    () => open(path, more).close(),
    (error: Error & { code?: string }) => {
      assert.equal(error.code, code, error.message)
      assert.ok(error.message.includes(file) && error.message.length > 60, error.message)
      return true
    },
  )
  assert.equal(sumOf(file), before, 'never overwritten')
}

test('a damaged file is refused: one letter of one value, a page, the head, no database at all', async (context) => {
  const path = place(context)
  const made = await on(path)
  await fill(made)
  made.close()
  const file = join(path, 'state.sqlite')
  const good = readFileSync(file)
  const damage = (change: (bytes: Buffer) => Buffer) => writeFileSync(file, change(Buffer.from(good)))
  const at = good.indexOf('second revision')
  assert.ok(at > 0)
  damage((bytes) => {
    bytes[at] = 'S'.charCodeAt(0)
    return bytes
  })
  const kept = open(path)
  assert.throws(() => [...kept.kept('policy')], { code: 'MANAGER_DATA_CORRUPT' })
  kept.close()
  damage((bytes) => bytes.fill(0x5a, 4_096, 12_288))
  refuses(path, 'MANAGER_DATA_CORRUPT')
  damage(() => Buffer.alloc(20_000, 'not a database '))
  refuses(path, 'MANAGER_DATA_CORRUPT')
  damage((bytes) => bytes.subarray(0, bytes.length - 8_192))
  refuses(path, 'MANAGER_DATA_CORRUPT')
  writeFileSync(file, good)
  open(path).close()
})

test('another program’s file, and one of a newer version, stay as they are', (context) => {
  const path = place(context)
  mkdirSync(path)
  const file = join(path, 'state.sqlite')
  new Database(file).exec('CREATE TABLE t (a)').close()
  refuses(path, 'MANAGER_DATA_FOREIGN')
  rmSync(file)
  rmSync(join(path, 'store-mark'), { force: true })
  open(path).close()
  const next = [...MIGRATIONS, () => {}]
  open(path, { migrations: next }).close()
  refuses(path, 'MANAGER_DATA_NEWER')
})

test('an older file is brought to the present schema, whole or not at all', async (context) => {
  const path = place(context)
  const first = await on(path)
  await fill(first)
  const before = await readAll(first)
  first.close()
  const grow = (database: InstanceType<typeof Database>) =>
    void database.exec('ALTER TABLE trial ADD COLUMN reason TEXT')
  const fail = () => {
    throw new Error('the power fails')
  }
  assert.throws(() => open(path, { migrations: [...MIGRATIONS, grow, fail] }), /power/)
  const again = await on(path)
  assert.deepEqual(await readAll(again), before, 'nothing of it happened')
  again.close()
  const after = await on(path, { migrations: [...MIGRATIONS, grow] })
  assert.deepEqual(await readAll(after), before)
  after.close()
  refuses(path, 'MANAGER_DATA_NEWER')
})

test('a second manager is refused while the first has the folder', async (context) => {
  const path = place(context)
  const first = await on(path)
  await pushPolicy(first.user)
  assert.throws(() => open(path), { code: 'MANAGER_DATA_IN_USE' })
  await pushPolicy(first.user, 'more')
  first.close()
  open(path).close()
})

test('a folder that is not the manager’s own is not taken; its own is private', (context) => {
  const path = place(context)
  assert.throws(() => openFolder(join(path, 'a', 'b')), { code: 'MANAGER_DATA_FOLDER' })
  mkdirSync(path)
  writeFileSync(join(path, 'somebody’s'), '')
  assert.throws(() => openFolder(path), { code: 'MANAGER_DATA_FOLDER' })
  rmSync(join(path, 'somebody’s'))
  open(path).close()
  assert.equal(statSync(path).mode & 0o777, 0o700)
  for (const name of ['state.sqlite', 'store-mark'])
    assert.equal(statSync(join(path, name)).mode & 0o777, 0o600, name)
  rmSync(join(path, 'state.sqlite'))
  assert.throws(
    () => openFolder(path),
    { code: 'MANAGER_DATA_MISSING' },
    'an empty one is not put in its place',
  )
})

/** A storage on a disk with so many pages; `room` gives it more. */
function smallDisk(path: string) {
  let database: InstanceType<typeof Database> | undefined
  const limit = (held: InstanceType<typeof Database>) => {
    database = held
  }
  const migrations = [...MIGRATIONS, limit]
  return {
    options: { migrations },
    limit: (pages: number) => void database?.pragma(`max_page_count = ${pages}`),
    path,
  }
}

test('a full disk: writes are refused in NSX’s words, reads go on, nothing is half there, nobody was told', async (context) => {
  const path = place(context)
  const disk = smallDisk(path)
  let nowMs = 0
  const made = await on(path, { ...disk.options, clock: { ...clock, monotonicMs: () => nowMs } })
  const { user, cluster } = made
  await pushPolicy(user)
  const { session, epoch } = await openSession(cluster, 'ccp')
  const watch = await cluster.stream(
    `/ccp/v1/clusters/${NODE_ID}/watch?session=${session}&epoch=${epoch}&from=begin`,
  )
  assert.equal((await watch.next()).t, 'open')
  const told = watch.next()
  const before = await readAll(made)
  disk.limit(1)
  const long = 'x'.repeat(900)
  const many = Array.from({ length: 200 }, (_, at) => ({
    resource_type: 'ChildGroup',
    Group: { resource_type: 'Group', id: `half-${at}`, description: long },
  }))
  const web = { resource_type: 'ChildSecurityPolicy', SecurityPolicy: { id: 'web', description: 'changed' } }
  const tree = {
    children: [
      {
        resource_type: 'ChildResourceReference',
        id: 'default',
        target_type: 'Domain',
        children: [web, ...many],
      },
    ],
  }
  const [refused, read] = await Promise.all([
    user.send('PATCH', '/policy/api/v1/infra', tree),
    user.send('GET', `${DOMAIN}/groups`),
  ])
  assert.equal(refused.status, 507)
  assert.equal(refused.body.httpStatus, 'INSUFFICIENT_STORAGE')
  assert.equal(refused.body.code, 'MANAGER_DATA_FULL')
  assert.match(refused.body.error_message, /nothing was changed/)
  assert.ok(Number(refused.headers['retry-after']) > 0)
  assert.equal(read.text, before[`${DOMAIN}/groups`], 'whoever read meanwhile did not see it')
  assert.equal((await told).t, 'reset', 'an adapter reads anew, and was told nothing of it')
  assert.deepEqual(await readAll(made), before)
  for (const [method, at, body] of [
    ['DELETE', `${DOMAIN}/security-policies/web`, undefined],
    ['PUT', '/api/v1/fabric/virtual-machines/x', {}],
    ['POST', INVENTORY, { container_inventory_objects: [project('p9')] }],
    ['POST', '/api/v1/licenses', { license_key: 'C' }],
  ] as const)
    assert.equal((await user.send(method, at, body)).status, 507, at)
  assert.deepEqual(await readAll(made), before)
  const health = (await made.as({}).send('GET', '/api/v1/reverse-proxy/node/health')).body
  assert.equal(health.healthy, true)
  assert.match(health.components_health, /no room/)
  const anew = await openSession(cluster, 'ccp')
  assert.notEqual(anew.epoch, epoch, 'history was not continued')

  disk.limit(100_000)
  assert.equal((await user.send('PATCH', '/policy/api/v1/infra', tree)).status, 507, 'not tried at each call')
  nowMs += 2_000
  assert.equal((await user.send('PATCH', '/policy/api/v1/infra', tree)).status, 200)
  assert.equal((await user.send('GET', `${DOMAIN}/groups/half-199`)).status, 200)
  const whole = await readAll(made)
  made.close()
  const again = await on(path, disk.options)
  assert.deepEqual(await readAll(again), whole)
  assert.equal((await openSession(again.cluster, 'ccp')).epoch, anew.epoch)
  again.close()
})

test('a file that reached its limit takes what makes it smaller', (context) => {
  const path = place(context)
  openFolder(path)
  const database = openDatabase(join(path, 'state.sqlite'), { bytesMax: 200_000 })
  const noted = (value: unknown, from = 0) =>
    new Map([['vm' as const, new Map(Array.from({ length: 100 }, (_, at) => [`k${from + at}`, value]))]])
  database.write(noted('x'.repeat(1_000)))
  assert.throws(() => database.write(noted('x'.repeat(1_000), 100)), { code: 'SQLITE_FULL' })
  database.write(noted(undefined))
  database.write(noted('y', 100))
  assert.equal([...database.rows('vm')].length, 100)
  database.close()
})

test('nothing leaves before it is durable, and one commit serves whoever came together', async (context) => {
  const path = place(context)
  const deferred: (() => void)[] = []
  const made = await on(path, { defer: (work) => void deferred.push(work) })
  const commit = () => {
    for (const work of deferred.splice(0)) work()
  }
  commit()
  const answers = Array.from({ length: 20 }, (_, at) =>
    made.user.send('PATCH', `${DOMAIN}/groups/g${at}`, { description: 'x' }),
  )
  let isAnswered = false
  const all = Promise.all([...answers, made.user.send('GET', `${DOMAIN}/groups`)]).then((got) => {
    isAnswered = true
    return got
  })
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(isAnswered, false)
  assert.equal(deferred.length, 1, 'one commit')
  commit()
  const got = await all
  assert.deepEqual(new Set(got.map(({ status }) => status)), new Set([200]))
  commit()
  made.close()
})

test('a list that is read while the manager starts anew is the whole one', (context) => {
  const path = place(context)
  const storage: Storage & { close(): void } = open(path)
  for (let at = 0; at < 1_000; at += 1) storage.keep('vm', `vm-${at}`, { at })
  storage.close()
  const again = open(path)
  assert.equal([...again.kept('vm')].length, 1_000)
  again.close()
})
