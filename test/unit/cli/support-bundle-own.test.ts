/** What a bundle holds of the adapter: everything that helps, and no secret, wherever one is. */
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { createBundleFile } from '../../../src/cli/support-bundle-file.ts'
import { ownBundleFiles } from '../../../src/cli/support-bundle-own.ts'
import type { ServerRequest, ServerResponse } from '../../../src/world/index.ts'
import { serve } from '../../../src/world/real.ts'

const { signal } = new AbortController()
const NOW = 1_700_000_000_000

/** What a secret can look like where somebody finds one. */
const FORMS: readonly ((secret: string) => string)[] = [
  (secret) => `password: ${secret}`,
  (secret) => `Authorization: Bearer ${secret}`,
  (secret) => `authorization=Basic ${secret}`,
  (secret) => `https://admin:${secret}@nsx.example.com/api`,
  (secret) => `token=${secret}`,
  (secret) => `NSX_PASSWORD=${secret}`,
  (secret) => `-----BEGIN EC PRIVATE KEY-----\n${secret}\n${secret}\n-----END EC PRIVATE KEY-----`,
  (secret) => `"client_secret": "${secret}"`,
]

const PLACES = [
  'status',
  'transitions',
  'metrics',
  'diff',
  'log',
  'journal',
  'unit',
  'environment',
  'config',
  'files',
] as const
type Place = (typeof PLACES)[number]

interface Machine {
  readonly folder: string
  readonly socket: string
  /** What is to be found where. */
  readonly planted: Map<Place, string>
  readonly config: string
}

/** A daemon on a socket, programs and files, all of which tell what is planted. */
async function machine(context: TestContext): Promise<Machine> {
  const folder = mkdtempSync(join(tmpdir(), 'antrea-nsx-own-'))
  const planted = new Map<Place, string>()
  const at = (place: Place) => planted.get(place) ?? 'nothing'
  const json = (body: unknown): ServerResponse => ({ status: 200, body: JSON.stringify(body) })
  const answers: Readonly<Record<string, (request: ServerRequest) => ServerResponse>> = {
    '/status': () => json({ ready: true, warnings: [{ code: 'X', detail: at('status'), severity: 'info' }] }),
    '/transitions': () =>
      json({
        transitions: [
          { at: NOW - 7_200_000, machine: 'old', from: 'a', to: 'b', event: 'E' },
          { at: NOW - 1_000, machine: 'adapter', from: 'a', to: 'b', event: at('transitions') },
        ],
      }),
    '/metrics': () => ({ status: 200, body: `# HELP x\nx{y="${at('metrics')}"} 1\n` }),
    '/diff': () => ({
      status: 200,
      body: `${JSON.stringify({ t: 'step', changes: [{ field: 'spec', after: at('diff') }] })}\n{"t":"end","differs":true}\n`,
    }),
    '/log-level': () => json({ level: 'info' }),
    '/logs': () => ({
      status: 200,
      body: `${JSON.stringify({ level: 'info', time: new Date(NOW).toISOString(), msg: at('log') })}\n`,
    }),
  }
  const socket = join(folder, 'adapter.sock')
  const server = await serve({
    socketPath: socket,
    handler: async (request) => answers[request.path]?.(request) ?? { status: 404, body: '{}' },
  })
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  const config = join(folder, 'config.yaml')
  const before = process.env['PATH']
  process.env['PATH'] = `${bin}:${before}`
  context.after(async () => {
    process.env['PATH'] = before
    delete process.env['ANTREA_NSX_ADAPTER_NSX_PASSWORDFILE']
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return { folder, socket, planted, config }
}

function plant({ folder, planted, config }: Machine): void {
  const program = (name: string, place: Place) => {
    const file = join(folder, 'bin', name)
    writeFileSync(file, `#!/bin/sh\ncat <<'PLANTED'\n${planted.get(place) ?? 'nothing'}\nPLANTED\n`)
    chmodSync(file, 0o755)
  }
  program('journalctl', 'journal')
  program('systemctl', 'unit')
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  const secret = planted.get('files') ?? 'nothing'
  const settings = {
    cluster: { id: 'c', name: 'n' },
    nsx: {
      url: 'https://127.0.0.1:1',
      auth: 'basic',
      driver: 'rest',
      username: 'admin',
      passwordFile: write('password', secret),
      proxyAuthFile: write('proxy', secret),
      proxy: 'http://127.0.0.1:1',
    },
    kube: { kubeconfig: write('kubeconfig', secret) },
    agents: { tokenFile: write('token', secret) },
    serve: { socket: join(folder, 'adapter.sock') },
    ...(planted.has('config') ? { password: planted.get('config') } : {}),
  }
  writeFileSync(config, JSON.stringify(settings), { mode: 0o600 })
  if (planted.has('environment')) process.env['ANTREA_NSX_ADAPTER_NSX_PASSWORD'] = planted.get('environment')
  else delete process.env['ANTREA_NSX_ADAPTER_NSX_PASSWORD']
}

async function gathered({ socket, config }: Machine, since?: number): Promise<ReadonlyMap<string, string>> {
  const options = { socket, config, ...(since === undefined ? {} : { since }) }
  const files = await ownBundleFiles(options, NOW, signal, () => {})
  const texts = new Map<string, string>()
  for (const { path, text } of files) texts.set(path, await text(signal))
  return texts
}

test('a secret is in no file, wherever it is planted and whatever it looks like', async (context) => {
  const here = await machine(context)
  const secrets = fc.stringMatching(/^[A-Za-z0-9]{12,24}$/)
  const planting = fc.tuple(fc.constantFrom(...PLACES), fc.constantFrom(...FORMS), secrets)
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(planting, { minLength: 3, maxLength: 6, selector: ([place]) => place }),
      async (all) => {
        here.planted.clear()
        for (const [place, form, secret] of all) here.planted.set(place, form(secret))
        plant(here)
        const texts = await gathered(here)
        for (const [place, , secret] of all)
          for (const [path, text] of texts)
            assert.ok(!text.includes(secret), `${place}: ${secret} is in ${path}: ${text}`)
      },
    ),
    { numRuns: 25 },
  )
})

test('what helps is there: status, plans, metrics, doctor, journal, unit, and only what is young enough', async (context) => {
  const here = await machine(context)
  for (const place of PLACES)
    if (place !== 'environment' && place !== 'config') here.planted.set(place, `seen-${place}`)
  plant(here)
  const texts = await gathered(here, 3_600)
  const holds = (path: string, words: string) =>
    assert.ok(texts.get(path)?.includes(words), `${path}: ${texts.get(path)}`)
  holds('status.json', 'seen-status')
  holds('transitions.json', 'seen-transitions')
  assert.ok(!texts.get('transitions.json')?.includes('old'))
  holds('metrics.txt', 'seen-metrics')
  holds('diff-ccp.jsonl', 'seen-diff')
  holds('diff-mp.jsonl', 'seen-diff')
  holds('adapter.log', 'seen-log')
  holds('journal.log', 'seen-journal')
  holds('unit.show', 'seen-unit')
  holds('config.json', '"username": "admin"')
  holds('doctor.json', '"name": "nsx-tcp"')
  holds('version.json', 'node')
})

test('without a daemon there is what this machine knows, and it is said', async (context) => {
  const here = await machine(context)
  plant(here)
  const notes: string[] = []
  const options = { socket: join(here.folder, 'none.sock'), config: here.config }
  const files = await ownBundleFiles(options, NOW, signal, (text) => notes.push(text))
  const paths = files.map(({ path }) => path)
  assert.ok(['no-daemon.txt', 'config.json', 'doctor.json'].every((path) => paths.includes(path)))
  assert.ok(!paths.includes('status.json'))
  assert.match(notes.join(), /no daemon answers/)
})

test('a bundle keeps to its size: what is too much is left out whole, the manifest and the adapter have room', async (context) => {
  const here = await machine(context)
  const file = join(here.folder, 'b.tar.gz')
  const bundle = createBundleFile(file, 100_000)
  const content = (name: string, bytes: number) => ({
    name,
    open: async function* () {
      for (let at = 0; at < bytes; at += 10_000) yield new Uint8Array(Math.min(10_000, bytes - at))
    },
  })
  const take = (name: string, bytes: number) => bundle.sink.take(content(name, bytes), signal, () => {})
  await assert.rejects(take('agent_node-1.tar.gz', 90_000), { code: 'BUNDLE_TOO_LARGE' })
  await take('agent_node-2.tar.gz', 70_000)
  await assert.rejects(take('controller.tar.gz', 10_000), { code: 'BUNDLE_TOO_LARGE' })
  await take('adapter.tar.gz', 20_000)
  await take('manifest.json', 50_000)
  await bundle.finish(NOW, signal)
  bundle.clean()
  assert.ok(existsSync(file))
})
