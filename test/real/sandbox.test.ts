/** `sandbox --real` as a person starts it: the same sandbox on a real kube-apiserver and etcd, and a clean end. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { loadAccess } from '../../src/kube/index.ts'
import type { SandboxPlaces } from '../../src/sandbox/index.ts'
import { createRest } from '../../src/sandbox/rest.ts'
import { createHttpClient } from '../../src/world/real.ts'
import { folder, type Program, runToEnd, start, until } from '../e2e/process.ts'
import { programs, skip } from './harness/tier.ts'

const options = { skip, timeout: 150_000 }
/** etcd and kube-apiserver need some 5 s of a machine that does nothing else. */
const READY_LIMIT_MS = 60_000
const PROGRAMS = ['etcd', 'kube-apiserver', 'kube-controller-manager']

/** Programs whose command line names something in this folder. */
const programsIn = (place: string): string[] =>
  execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(place))
    .map((line) => basename(line.split(' ')[0] ?? ''))
    .filter((name) => PROGRAMS.includes(name))
    .sort()

/** Where this sandbox keeps what it writes; it is the only one with this folder for temporary things. */
function sandboxIn(temporary: string): string | undefined {
  const [name] = readdirSync(temporary).filter((entry) => entry.startsWith('antrea-nsx-sandbox-'))
  return name === undefined ? undefined : join(temporary, name)
}

function startReal(context: TestContext) {
  const temporary = folder(context)
  const readyFile = join(temporary, 'ready.json')
  const program = start(context, ['sandbox', '--real', '--ready-file', readyFile], { TMPDIR: temporary })
  return { temporary, readyFile, program }
}

const told = (program: Program) => () => program.stdout() + program.stderr()

async function ready(readyFile: string, program: Program): Promise<SandboxPlaces> {
  await until(
    'the ready file',
    () => existsSync(readyFile) || program.child.exitCode !== null,
    READY_LIMIT_MS,
    told(program),
  )
  assert.ok(existsSync(readyFile), told(program)())
  return JSON.parse(readFileSync(readyFile, 'utf8'))
}

/** A client with what a kubeconfig says. */
async function clientOf(context: TestContext, kubeconfig: string) {
  const { origin, tls, headers } = await loadAccess({ kubeconfig })
  const http = createHttpClient({ origin, tls, headers })
  context.after(() => http.close())
  return createRest(http)
}

test('--real --once plays the scenario and leaves nothing behind', options, async (context) => {
  await programs()
  const temporary = folder(context)
  const { code, stdout, stderr } = await runToEnd(context, ['sandbox', '--real', '--once'], {
    TMPDIR: temporary,
  })
  assert.equal(code, 0, stdout + stderr)
  assert.match(stdout, /real +starting etcd, kube-apiserver/)
  for (const step of ['push groups', 'see them realized', 'move a pod', 'break the link', 'heal', 'delete'])
    assert.match(stdout, new RegExp(`✓ +${step}`))
  assert.deepEqual(programsIn(temporary), [])
  assert.deepEqual(readdirSync(temporary), [])
})

test('the demo application is there, on a real API server, and Ctrl-C ends it', options, async (context) => {
  const { kubectl } = await programs()
  const { temporary, readyFile, program } = startReal(context)
  const places = await ready(readyFile, program)
  assert.deepEqual(programsIn(temporary), PROGRAMS)

  const ask = (...words: string[]) =>
    execFileSync(kubectl, ['--kubeconfig', places.kubeconfig, ...words], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '', HOME: temporary },
    })
  const { serverVersion } = JSON.parse(ask('version', '--output=json'))
  assert.match(serverVersion.compiler, /^gc$/)
  assert.match(ask('get', 'nodes'), /node-1 +Ready/)
  assert.match(ask('get', 'pods,services,endpointslices,ingresses,networkpolicies', '-A'), /ledger-/)
  assert.doesNotMatch(ask('get', 'pods', '-A', '--no-headers'), /Pending|Terminating/)
  assert.match(ask('get', 'tiers,antreaagentinfos'), /securityops[\s\S]*node-3/)
  // Antrea's webhook stands before it.
  const wrong = {
    apiVersion: 'crd.antrea.io/v1beta1',
    kind: 'ClusterNetworkPolicy',
    metadata: { name: 'wrong' },
    spec: { priority: 1, tier: 'no-such', appliedTo: [{ podSelector: {} }] },
  }
  const admin = await clientOf(context, places.kubeconfig)
  await assert.rejects(
    admin.call('POST', '/apis/crd.antrea.io/v1beta1/clusternetworkpolicies', wrong),
    /acnpvalidator\.antrea\.io.*no-such/,
  )
  // A Pod that is deleted goes though there is no kubelet, and a namespace with everything in it.
  ask('delete', 'pods', '--namespace=payments', '--selector=app=ledger', '--timeout=20s')
  ask('delete', 'namespace', 'monitoring', '--timeout=30s')

  const { code, stdout } = await runToEnd(context, ['status', '--socket', places.adapter.socket])
  assert.match(stdout, /^READY {2}leading/)
  assert.equal(code, 0, stdout)
  program.child.kill('SIGINT')
  assert.equal(await program.ended, 0, told(program)())
  assert.deepEqual(programsIn(temporary), [])
  assert.equal(sandboxIn(temporary), undefined)
})

test('the adapter has the rights of docs/rbac.yaml there and no more', options, async (context) => {
  await programs()
  const { readyFile, program } = startReal(context)
  const places = await ready(readyFile, program)
  const { kube } = JSON.parse(readFileSync(places.adapter.config, 'utf8'))
  const adapter = await clientOf(context, kube.kubeconfig)
  assert.equal((await adapter.call('GET', '/api/v1/pods?limit=1')).status, 200)
  for (const [method, path] of [
    ['GET', '/api/v1/secrets'],
    ['DELETE', '/api/v1/namespaces/shop/pods/none'],
    ['GET', '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/none'],
  ] as const)
    assert.equal((await adapter.call(method, path, undefined, { accept: [403] })).status, 403, path)
})

test('Ctrl-C while it starts leaves nothing behind', options, async (context) => {
  await programs()
  const { temporary, program } = startReal(context)
  await until('kube-apiserver', () => programsIn(temporary).length > 1, READY_LIMIT_MS, told(program))
  program.child.kill('SIGINT')
  assert.equal(await program.ended, 0, told(program)())
  assert.deepEqual(programsIn(temporary), [])
  assert.deepEqual(readdirSync(temporary), [])
})

test('when it is killed, its programs end with it', options, async (context) => {
  await programs()
  const { temporary, readyFile, program } = startReal(context)
  await ready(readyFile, program)
  program.child.kill('SIGKILL')
  await program.ended
  // At once, not when they come to write to a pipe that nobody reads.
  await until('all of them are gone', () => programsIn(temporary).length === 0, 500)
})

/** A `go` in PATH that does this, and a cache with nothing in it. */
function withGo(context: TestContext, script: string | undefined) {
  const place = folder(context)
  const path = join(place, 'bin')
  mkdirSync(path)
  if (script !== undefined) {
    writeFileSync(join(path, 'go'), `#!/bin/sh\n${script}\n`)
    chmodSync(join(path, 'go'), 0o755)
  }
  const cache = join(place, 'cache')
  return {
    cache,
    environment: { PATH: script === undefined ? path : `${path}:/usr/bin:/bin`, ANTREA_NSX_CACHE: cache },
  }
}

const onLinux = { skip: process.platform === 'linux' ? false : 'it is told on Linux', timeout: 30_000 }

test('without Go, and when the build fails, it says so in one line', onLinux, async (context) => {
  for (const [script, line] of [
    [undefined, /^antrea-nsx-adapter: SANDBOX_REAL_NOT_HERE: Go is not installed \(1\.26 .*\n$/],
    [
      'echo "go: downloading a v1" >&2; echo "no required module" >&2; exit 1',
      /^antrea-nsx-adapter: SANDBOX_REAL_BUILD: go build of etcd failed: no required module\n$/,
    ],
  ] as const) {
    const { environment } = withGo(context, script)
    const { code, stderr } = await runToEnd(context, ['sandbox', '--real', '--once'], environment)
    assert.equal(code, 1)
    assert.match(stderr, line)
  }
})

test('Ctrl-C ends a build', onLinux, async (context) => {
  const { environment, cache } = withGo(context, 'echo $$ >"$ANTREA_NSX_CACHE/pid"; sleep 60')
  const program = start(context, ['sandbox', '--real'], environment)
  const pid = Number(
    await until('the build', () => {
      const file = join(cache, 'pid')
      return existsSync(file) && readFileSync(file, 'utf8').trim()
    }),
  )
  assert.match(program.stdout(), /real +building etcd, kube-apiserver, kube-controller-manager into /)
  program.child.kill('SIGINT')
  assert.equal(await program.ended, 0, told(program)())
  assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
})
