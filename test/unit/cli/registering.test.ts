/** This machine's part of a registration: files of the service, and a configuration of which nothing that is written is lost. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { createHere, folderStore, settingsFor } from '../../../src/cli/registering/index.ts'
import { loadConfig } from '../../../src/config/index.ts'
import type { RegistrationRecord } from '../../../src/nsx/registration/index.ts'
import { createRealClock } from '../../../src/world/real.ts'
import { keyPair } from '../nsx/registration-scene.ts'

const clock = createRealClock()
const folders: string[] = []
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'registering-'))
  folders.push(folder)
})
after(() => {
  for (const one of folders) rmSync(one, { recursive: true, force: true })
})

const record = async (more: Partial<RegistrationRecord> = {}): Promise<RegistrationRecord> => ({
  clusterName: 'site-1',
  clusterId: 'an-id',
  clusterUid: 'a-uid',
  urls: ['https://nsx.example.com'],
  caPem: undefined,
  thumbprints: [],
  proxy: undefined,
  shown: await keyPair('site-1', 0),
  next: undefined,
  previousCert: undefined,
  ...more,
})

const settings = async (more: Partial<RegistrationRecord> = {}) =>
  settingsFor(folder, {
    record: await record(more),
    driver: 'rest',
    isInCluster: true,
    namespace: 'antrea-nsx-adapter',
  })

const here = () => createHere({ folder, config: join(folder, 'etc', 'config.yaml') })
const config = () => readFileSync(join(folder, 'etc', 'config.yaml'), 'utf8')

test('a configuration that was not there is whole, and nothing is missing in it then', async () => {
  here().writeConfig(await settings())
  const { config: read } = loadConfig({ file: { name: 'config.yaml', text: config() } })
  assert.equal(read.cluster.id, 'an-id')
  assert.equal(read.nsx.driver, 'rest')
  assert.equal(read.kube.renewToken, true)
  assert.equal(read.identity.secret, 'antrea-nsx-adapter-identity')
  assert.deepEqual(here().unsaid(await settings()), [])
  assert.deepEqual(here().differing(await settings()), [])
  assert.equal(statSync(join(folder, 'etc', 'config.yaml')).mode & 0o777, 0o644)
})

test('several managers, thumbprints and a proxy are written as the configuration reads them', async () => {
  const urls = ['https://a.example.com', 'https://b.example.com']
  const thumbprints = ['ab'.repeat(32)]
  here().writeConfig(await settings({ urls, thumbprints, proxy: 'http://proxy:3128' }))
  const { nsx } = loadConfig({ file: { name: 'config.yaml', text: config() } }).config
  assert.deepEqual([nsx.url, nsx.thumbprint, nsx.proxy], [urls, thumbprints, 'http://proxy:3128'])
})

test('of a configuration by hand every line stays, and what differs is told', async () => {
  const text = [
    '# ours, see the wiki',
    'cluster: {id: another-id, name: site-1} # do not touch',
    'log:',
    '  level: debug   # for now',
    'nsx:',
    '',
  ].join('\n')
  here().writeConfig([])
  writeFileSync(join(folder, 'etc', 'config.yaml'), text)
  here().writeConfig(await settings())
  const now = config()
  for (const kept of ['# ours, see the wiki', '# do not touch', 'another-id', 'level: debug', '# for now'])
    assert.ok(now.includes(kept), kept)
  assert.deepEqual(here().differing(await settings()), [
    'cluster.id is "another-id" there, registered is "an-id"',
  ])
  assert.equal(
    loadConfig({ file: { name: 'config.yaml', text: now } }).config.nsx.url[0],
    'https://nsx.example.com',
  )
  const once = config()
  here().writeConfig(await settings())
  assert.equal(config(), once, 'a second time nothing changes')
})

test('what is no configuration is not written over', async () => {
  here().writeConfig([])
  for (const text of ['- a\n- list\n', 'cluster: [unclosed\n']) {
    writeFileSync(join(folder, 'etc', 'config.yaml'), text)
    assert.throws(() => here().unsaid([['cluster.id', 'x']]), { code: 'REGISTRATION_CONFIG' })
    assert.equal(config(), text)
  }
})

test('copies, kubeconfig and token are for their owner alone, and all of them go', async () => {
  const one = here()
  const kept = await record({ caPem: (await keyPair('nsx', 0)).cert })
  assert.equal(one.hasCopies(kept), false)
  one.writeCopies(kept)
  assert.equal(one.hasCopies(kept), true)
  assert.equal(one.hasCopies({ ...kept, shown: await keyPair('site-1', 1) }), false)
  const access = { origin: 'https://api:6443', tls: {}, headers: () => ({}), fingerprint: '' }
  const token = (hours: number) => {
    const exp = clock.now() / 1_000 + hours * 3_600
    const claims = { sub: 'system:serviceaccount:antrea-nsx-adapter:antrea-nsx-adapter', iat: 1, exp }
    return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`
  }
  one.writeKubeconfig(access, token(1))
  assert.equal(one.hasKubeconfig(access, clock), false, 'over in an hour')
  one.writeKubeconfig(access, token(48))
  assert.equal(one.hasKubeconfig(access, clock), true)
  assert.equal(one.hasKubeconfig({ ...access, origin: 'https://other:6443' }, clock), false)
  for (const file of one.files()) assert.equal(statSync(file).mode & 0o777, 0o600, file)
  assert.equal(one.forget().length, 5)
  assert.deepEqual(one.files(), [])
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith('.part')),
    [],
  )
})

test('an identity in a folder comes back as it was kept, and one that was spoilt is refused', async () => {
  const store = folderStore(folder)
  const path = join(folder, 'registration.json')
  assert.equal(await store.load(), undefined)
  const kept = await record({
    next: await keyPair('site-1', 1),
    previousCert: (await keyPair('site-1', 2)).cert,
  })
  await store.save(kept)
  assert.deepEqual(await store.load(), kept)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  const whole = JSON.parse(readFileSync(path, 'utf8'))
  const other = await keyPair('site-1', 3)
  for (const spoilt of [
    '',
    'not json',
    '[]',
    '{}',
    JSON.stringify({ ...whole, 'tls.key': other.key }),
    JSON.stringify({ ...whole, 'tls.crt': 'no certificate' }),
    JSON.stringify({ ...whole, 'registration.json': '{"cluster_name":""}' }),
    JSON.stringify({ ...whole, 'previous.crt': 'no certificate' }),
  ]) {
    writeFileSync(path, spoilt)
    await assert.rejects(store.load(), { code: 'REGISTRATION_IDENTITY' }, spoilt.slice(0, 40))
  }
  await store.remove()
  assert.equal(existsSync(path), false)
})
