/** Credentials replaced under a running process: in files, by a refusal, and because they are over. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Access, loadAccess } from '../../../src/kube/access.ts'
import { createCredentials } from '../../../src/kube/credentials.ts'
import { SILENT } from '../../../src/log/index.ts'
import { createAuthority } from '../../../src/sandbox/pki.ts'
import type { HttpClient } from '../../../src/world/index.ts'
import { createFakeClock } from '../../fakes/clock.ts'

const folder = mkdtempSync(join(tmpdir(), 'antrea-nsx-credentials-'))
test.after(() => rmSync(folder, { recursive: true }))

const at = (name: string) => join(folder, name)

/** A client that only tells what became of it. */
function clientOf(): HttpClient & { state: string } {
  const client = {
    origin: 'https://kube',
    state: 'open',
    request: () => Promise.reject(new Error('nothing is sent here')),
    reset() {},
    retire() {
      client.state = 'retired'
    },
    async close() {
      client.state = 'closed'
    },
  }
  return client
}

async function world(load: () => Promise<Access>) {
  const clock = createFakeClock()
  const clients: (HttpClient & { state: string })[] = []
  let loads = 0
  const credentials = await createCredentials({
    load: () => {
      loads += 1
      return load()
    },
    connect: () => {
      const client = clientOf()
      clients.push(client)
      return client
    },
    clock,
    log: SILENT,
  })
  /** As requests would, one a second. */
  const requests = async (seconds: number) => {
    for (let second = 0; second < seconds; second += 1) {
      await clock.advance(1_000)
      credentials.look()
    }
    await clock.settle()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return {
    clock,
    credentials,
    clients,
    requests,
    loads: () => loads,
    states: () => clients.map((c) => c.state),
  }
}

async function kubeconfigWith(clock: ReturnType<typeof createFakeClock>) {
  const authority = await createAuthority('rotation', clock)
  const write = async (name: string) => {
    const { cert, key } = await authority.client(name)
    writeFileSync(at('client.crt'), cert)
    writeFileSync(at('client.key'), key)
  }
  await write('first')
  writeFileSync(at('ca.crt'), authority.ca)
  const config = {
    clusters: [{ name: 'c', cluster: { server: 'https://kube', 'certificate-authority': 'ca.crt' } }],
    users: [{ name: 'u', user: { 'client-certificate': 'client.crt', 'client-key': 'client.key' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  }
  writeFileSync(at('config'), JSON.stringify(config))
  return { write, config, load: () => loadAccess({ kubeconfig: at('config') }) }
}

test('a certificate, a CA or the kubeconfig that was replaced is taken within 10 s; open streams end by themselves', async () => {
  const files = await kubeconfigWith(createFakeClock())
  const it = await world(files.load)
  await it.requests(60)
  assert.equal(it.loads(), 1, 'nothing is read while nothing changes')
  await files.write('second')
  await it.requests(10)
  assert.deepEqual(it.states(), ['retired', 'open'])
  const other = await createAuthority('other', createFakeClock())
  writeFileSync(at('ca.crt'), other.ca)
  await it.requests(10)
  assert.deepEqual(it.states(), ['retired', 'retired', 'open'])
  assert.equal(it.credentials.current.access.tls.ca, other.ca)
  writeFileSync(at('config'), JSON.stringify({ ...files.config, extra: 1 }))
  await it.requests(30)
  assert.equal(it.loads(), 4, 'read once for each change, also when it brings nothing')
  assert.equal(it.clients.length, 3)
  await it.requests(660)
  assert.deepEqual(it.states(), ['closed', 'closed', 'open'])
  await it.credentials.close()
  assert.deepEqual(it.states(), ['closed', 'closed', 'closed'])
})

test('a certificate without its key is waited for; those in force stay', async () => {
  const files = await kubeconfigWith(createFakeClock())
  const it = await world(files.load)
  writeFileSync(at('client.crt'), 'half written')
  await it.requests(35)
  assert.deepEqual(it.states(), ['open'])
  assert.ok(it.loads() >= 3 && it.loads() <= 5, `${it.loads()} loads`)
  await files.write('second')
  await it.requests(10)
  assert.deepEqual(it.states(), ['retired', 'open'])
})

const fixed = (fingerprint: string, more: Partial<Access> = {}): Access => ({
  origin: 'https://kube',
  tls: {},
  headers: () => ({}),
  fingerprint,
  ...more,
})

for (const refused of [true, false])
  test(`${refused ? 'credentials that are refused are closed at once' : 'after a TLS fault what is open ends by itself'}`, async () => {
    let now = 'first'
    const it = await world(async () => fixed(now))
    now = 'second'
    const [used] = it.clients
    assert.ok(used)
    assert.equal(await it.credentials.renew(used, refused), true)
    assert.deepEqual(it.states(), [refused ? 'closed' : 'retired', 'open'])
    assert.equal(await it.credentials.renew(used, refused), true, 'others are in force already')
    assert.equal(it.loads(), 2)
  })

test('credentials that are over soon are read again; what is open with those that are over is closed', async () => {
  let lives = 120_000
  let number = 0
  const clock = createFakeClock()
  const it = await world(async () => {
    number += 1
    return fixed(`number ${number}`, { expiresMs: clock.now() + lives })
  })
  await it.requests(59)
  assert.equal(it.loads(), 1)
  lives = 3_600_000
  await it.requests(12)
  assert.deepEqual(it.states(), ['retired', 'open'])
  await it.requests(60)
  assert.deepEqual(it.states(), ['closed', 'open'])
  assert.equal(it.loads(), 2)
})

test('however often they change, few clients are kept', async () => {
  let number = 0
  const it = await world(async () => {
    number += 1
    return fixed(`number ${number}`, { isStale: () => true })
  })
  await it.requests(100)
  assert.equal(it.states().filter((state) => state === 'retired').length, 4)
  assert.equal(it.states().filter((state) => state === 'open').length, 1)
})
