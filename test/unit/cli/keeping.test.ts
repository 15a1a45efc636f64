/** The certificate for NSX follows the Secret, whatever becomes of its copies. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { keepOwnCredentials } from '../../../src/cli/keeping.ts'
import type { Managers } from '../../../src/cli/nsx.ts'
import { createReloading } from '../../../src/cli/reload.ts'
import { nsxIdentity } from '../../../src/cli/settings.ts'
import { loadConfig } from '../../../src/config/index.ts'
import { createHealth } from '../../../src/health/index.ts'
import type { KubeClient } from '../../../src/kube/index.ts'
import { createLogLevels, SILENT } from '../../../src/log/index.ts'
import { type KeyPair, keptOf } from '../../../src/nsx/registration/index.ts'
import type { HttpClient } from '../../../src/world/index.ts'
import { createFakeClock } from '../../fakes/clock.ts'
import { keyPair } from '../nsx/registration-scene.ts'

const NO_HTTP: HttpClient = {
  origin: 'https://none',
  request: () => Promise.reject(new Error('nothing is asked')),
  reset() {},
  close: async () => {},
}

async function scene(context: { after(end: () => void): void }) {
  const folder = mkdtempSync(join(tmpdir(), 'keeping-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = (name: string) => join(folder, name)
  const write = ({ cert, key }: KeyPair) => {
    writeFileSync(file('tls.crt'), cert)
    writeFileSync(file('tls.key'), key)
  }
  const [first, second] = [await keyPair('site-1', 0), await keyPair('site-1', 1)]
  write(first)
  const text = JSON.stringify({
    cluster: { id: 'an-id', name: 'site-1' },
    nsx: { url: 'https://nsx.example.com', cert: file('tls.crt'), key: file('tls.key') },
    identity: { secret: 'antrea-nsx-adapter-identity' },
  })
  const loaded = loadConfig({ file: { name: 'config.yaml', text } })
  const clock = createFakeClock()
  const health = createHealth(clock)
  const shown: string[] = []
  const reloading = createReloading(loaded, nsxIdentity(loaded), {
    read: () => loaded,
    identity: nsxIdentity,
    managers: { replace: ({ cert }: { readonly cert?: string }) => void shown.push(cert ?? '') } as Managers,
    onRenewed: () => {},
    levels: createLogLevels('info', clock),
    clock,
    log: SILENT,
  })
  const kept = { pair: first }
  const own = {
    get: async () => ({
      metadata: { name: 'antrea-nsx-adapter-identity' },
      data: Object.fromEntries(
        Object.entries(
          keptOf({
            clusterName: 'site-1',
            clusterId: 'an-id',
            clusterUid: undefined,
            urls: ['https://nsx.example.com'],
            caPem: undefined,
            thumbprints: [],
            proxy: undefined,
            shown: kept.pair,
            next: undefined,
            previousCert: undefined,
          }),
        ).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
      ),
    }),
  } as unknown as KubeClient
  const stop = new AbortController()
  const keeping = keepOwnCredentials({
    loaded,
    cluster: { own, http: NO_HTTP },
    reloading,
    health,
    clock,
    log: SILENT,
    signal: stop.signal,
  })
  const rounds = async (ms: number) => {
    for (let left = ms; left > 0; left -= 5_000) {
      await clock.advance(Math.min(5_000, left))
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
    }
  }
  return {
    folder,
    file,
    write,
    first,
    second,
    kept,
    shown,
    reloading,
    rounds,
    codes: () => health.warnings().map(({ code }) => code),
    async end() {
      stop.abort()
      await keeping
    },
  }
}

test('a new certificate in the Secret is shown within a period, and copied to the files', async (context) => {
  const one = await scene(context)
  await one.rounds(30_000)
  assert.equal(one.reloading.tls().cert, one.first.cert)
  one.kept.pair = one.second
  await one.rounds(15_000)
  assert.equal(one.reloading.tls().cert, one.second.cert)
  assert.deepEqual(one.shown, [one.second.cert])
  assert.equal(readFileSync(one.file('tls.crt'), 'utf8'), one.second.cert)
  assert.equal(readFileSync(one.file('tls.key'), 'utf8'), one.second.key)
  await one.end()
})

test('the Secret counts: old files that are put back change nothing', async (context) => {
  const one = await scene(context)
  one.kept.pair = one.second
  await one.rounds(15_000)
  one.write(one.first)
  one.reloading.renew()
  assert.equal(one.reloading.tls().cert, one.second.cert)
  one.reloading.reload()
  assert.equal(one.reloading.tls().cert, one.second.cert)
  await one.end()
})

test('files that cannot be written keep no certificate back', async (context) => {
  const one = await scene(context)
  // Nothing can be written below what is a file, by whomever.
  rmSync(one.folder, { recursive: true })
  writeFileSync(one.folder, '')
  one.kept.pair = one.second
  await one.rounds(15_000)
  assert.equal(one.reloading.tls().cert, one.second.cert)
  await one.end()
})

test('a certificate of another cluster is not shown, and told', async (context) => {
  const one = await scene(context)
  one.kept.pair = await keyPair('site-2', 0)
  await one.rounds(90_000)
  assert.equal(one.reloading.tls().cert, one.first.cert)
  assert.ok(one.codes().includes('IDENTITY_UNREAD'))
  await one.end()
})
