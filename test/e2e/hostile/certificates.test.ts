/** Certificates that are over, foreign, for another host, or replaced under open watches, on real sockets. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadAccess } from '../../../src/kube/access.ts'
import { type Authority, createAuthority } from '../../../src/sandbox/pki.ts'
import { createRealClock } from '../../../src/world/real.ts'
import { createFakeClock } from '../../fakes/clock.ts'
import { accessOf, play, serverIdentity } from './scene.ts'

const clock = createRealClock()
const year = 365 * 86_400_000

/** By the same authority's name, but not by its key, or not of today. */
const BAD: Readonly<Record<string, (authority: Authority) => Promise<{ cert: string; key: string }>>> = {
  foreign: async () => serverIdentity(await createAuthority('hostile', clock)),
  'for another host': (authority) => authority.server('other', { dns: ['other.example'], ips: [] }),
}

for (const [what, identity] of Object.entries(BAD))
  test(`a server certificate that is ${what}: named, asked 12 times in a minute at most, and well once it is right`, () =>
    play({}, async (it) => {
      await it.pass(35_000)
      await it.change('before')
      await it.pass(1_000)
      await it.restart(await identity(it.authority))
      it.proxy.accepted = 0
      await it.change('in-between')
      await it.pass(60_000)
      assert.ok(it.codes().includes('KUBE_UNTRUSTED'), it.codes().join(' '))
      assert.ok(it.proxy.accepted <= 12, `${it.proxy.accepted} links in the first minute`)
      await it.restart(await serverIdentity(it.authority))
      await it.until(it.allLive, 45_000, 'all is well again')
      await it.pass(1_000)
      await it.assertComplete()
      assert.deepEqual(it.codes(), [])
    }))

test('a server certificate that is over is not taken, and named', async () => {
  const old = await createAuthority('old', createFakeClock(clock.now() - year))
  await play(
    {
      startsLive: false,
      identity: () => serverIdentity(old),
      load: async (authority, origin) => ({
        ...(await accessOf(authority, origin)),
        tls: { ...(await accessOf(authority, origin)).tls, ca: old.ca },
      }),
    },
    async (it) => {
      await it.pass(60_000)
      assert.equal(it.asked.length, 0)
      assert.deepEqual(it.codes(), ['KUBE_UNTRUSTED'])
      assert.ok(it.proxy.accepted <= 12, `${it.proxy.accepted} links in the first minute`)
    },
  )
})

const folder = mkdtempSync(join(tmpdir(), 'antrea-nsx-hostile-'))
test.after(() => rmSync(folder, { recursive: true }))

async function writeFiles(authority: Authority, origin: string, name: string, ca = authority.ca) {
  const { cert, key } = await authority.client(name, ['system:masters'])
  const files = { 'ca.crt': ca, 'client.crt': cert, 'client.key': key }
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text)
  const config = {
    clusters: [{ name: 'c', cluster: { server: origin, 'certificate-authority': 'ca.crt' } }],
    users: [{ name: 'u', user: { 'client-certificate': 'client.crt', 'client-key': 'client.key' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  }
  writeFileSync(join(folder, 'config'), JSON.stringify(config))
}

const fromFiles = async (authority: Authority, origin: string) => {
  await writeFiles(authority, origin, 'first')
  return loadAccess({ kubeconfig: join(folder, 'config') })
}

/** Writes the files the first time, and reads whatever they hold from then on. */
function fromFilesAsTheyAre(): typeof fromFiles {
  let isFirst = true
  return async (authority, origin) => {
    if (!isFirst) return loadAccess({ kubeconfig: join(folder, 'config') })
    isFirst = false
    return fromFiles(authority, origin)
  }
}

test('certificate, key and CA replaced in mid-watch: open watches stay, new ones come with the new, nothing shows', () => {
  return play({ load: fromFilesAsTheyAre() }, async (it) => {
    await it.pass(20_000)
    const warned = new Set<string>()
    const quietly = async (ms: number) => {
      for (let left = ms; left > 0; left -= 5_000) {
        await it.pass(5_000, 2_500)
        for (const code of it.codes()) warned.add(code)
      }
    }
    const { accepted } = it.proxy
    const other = await createAuthority('next', clock)
    // The server's own authority stays: a bundle of both, as in a rotation.
    await writeFiles(
      it.authority,
      `https://localhost:${it.proxy.port}`,
      'second',
      `${it.authority.ca}\n${other.ca}\n`,
    )
    // A request is what looks at the files.
    await it.kube.clusterUid().catch(() => {})
    await quietly(15_000)
    await it.kube.client.list({ group: '', version: 'v1', kind: 'Node', plural: 'nodes', namespaced: false })
    await quietly(5_000)
    assert.ok(it.allLive(), 'no watch was cut')
    const users = new Set<string>()
    it.intercept = ({ peer }) => {
      users.add(peer.commonName ?? '')
      return undefined
    }
    await it.change('meanwhile')
    await quietly(660_000)
    await it.assertComplete()
    assert.deepEqual([...users], ['second'])
    assert.ok(it.allLive())
    assert.ok(it.proxy.accepted > accepted)
    assert.deepEqual([...warned], [])
  })
})

test('a client certificate that the server refuses in mid-watch is named, and the next one taken without a restart', () => {
  return play({ load: fromFilesAsTheyAre() }, async (it) => {
    await it.pass(20_000)
    it.intercept = ({ peer }) =>
      peer.commonName === 'first'
        ? {
            status: 401,
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({
              kind: 'Status',
              code: 401,
              reason: 'Unauthorized',
              message: 'Unauthorized',
            }),
          }
        : undefined
    it.proxy.behave({ kind: 'reset', afterBytes: 0 })
    it.proxy.behave({ kind: 'pass' }, true)
    await it.pass(40_000)
    assert.ok(it.codes().includes('KUBE_FORBIDDEN'), it.codes().join(' '))
    await it.change('in-between')
    await writeFiles(it.authority, `https://localhost:${it.proxy.port}`, 'second')
    await it.until(it.allLive, 60_000, 'the next certificate is taken')
    await it.pass(1_000)
    await it.assertComplete()
    assert.deepEqual(it.codes(), [])
  })
})
