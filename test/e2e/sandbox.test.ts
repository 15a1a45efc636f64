/** The sandbox as a person starts it: where everything is, kubectl and HTTP on it, the scenario, and a clean end. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { loadAccess } from '../../src/kube/index.ts'
import type { SandboxPlaces } from '../../src/sandbox/index.ts'
import { createNsxUser, policyPath } from '../../src/sandbox/nsx-user.ts'
import { createRest } from '../../src/sandbox/rest.ts'
import { GROUPS, POLICIES } from '../../src/sandbox/scenario-policy.ts'
import { createHttpClient } from '../../src/world/real.ts'
import { folder, runToEnd, start, until } from './process.ts'

/** The promise is 3 s on a machine that does nothing else; two busy cores are given more. */
const READY_LIMIT_MS = 10_000

async function startSandbox(context: TestContext) {
  const readyFile = join(folder(context), 'ready.json')
  const startMs = performance.now()
  const program = start(context, ['sandbox', '--ready-file', readyFile])
  await until(
    'the ready file',
    () => existsSync(readyFile),
    READY_LIMIT_MS,
    () => program.stdout() + program.stderr(),
  )
  context.diagnostic(`ready after ${Math.round(performance.now() - startMs)} ms`)
  const places = JSON.parse(readFileSync(readyFile, 'utf8')) as SandboxPlaces
  return { program, places, readyFile }
}

function managerOf(context: TestContext, { manager }: SandboxPlaces) {
  const http = createHttpClient({ origin: manager.url, tls: { ca: readFileSync(manager.ca, 'utf8') } })
  context.after(() => http.close())
  const basic = Buffer.from(`${manager.user}:${manager.password}`).toString('base64')
  return { http, nsx: createRest(http, { authorization: `Basic ${basic}` }) }
}

test('every agent has an API of its own, for who has the token', async (context) => {
  const { places } = await startSandbox(context)
  const access = await loadAccess({ kubeconfig: places.kubeconfig })
  const kube = createHttpClient({ origin: access.origin, tls: access.tls, headers: access.headers })
  context.after(() => kube.close())
  type Info = { metadata: { name: string }; apiPort: number; apiCABundle: string }
  const items = await until('the agents', async () => {
    const infos = '/apis/crd.antrea.io/v1beta1/antreaagentinfos'
    const answer = await createRest(kube).get<{ items: Info[] }>(infos)
    return answer.items.length === 3 && answer.items.every(({ apiCABundle }) => apiCABundle) && answer.items
  })
  assert.equal(new Set(items.map(({ apiPort }) => apiPort)).size, 3)
  for (const { apiPort, apiCABundle } of items) {
    const agent = createHttpClient({
      origin: `https://localhost:${apiPort}`,
      tls: { ca: Buffer.from(apiCABundle, 'base64').toString('utf8') },
    })
    context.after(() => agent.close())
    const path = '/apis/system.antrea.io/v1beta1/supportbundles/agent'
    const nobody = await createRest(agent).call('GET', path, undefined, { accept: [401, 403] })
    assert.ok(nobody.status >= 401, `${nobody.status}`)
    const authorization = `Bearer ${readFileSync(places.agents?.token ?? '', 'utf8')}`
    const known = await createRest(agent, { authorization }).call('GET', path, undefined, {
      accept: [200, 404],
    })
    assert.equal(known.status, 200)
  }
})

test('everything is where the ready file says', async (context) => {
  const { program, places, readyFile } = await startSandbox(context)
  assert.equal(statSync(readyFile).mode & 0o777, 0o600)
  for (const file of [places.kubeconfig, places.manager.ca])
    assert.equal(statSync(file).mode & 0o777, 0o600, file)

  const { adapter } = places
  const { http, nsx } = managerOf(context, places)
  const pods = await until('Pods in NSX', async () => {
    const { results } = await nsx.get<{ results: { display_name: string }[] }>(
      '/api/v1/fabric/container-application-instances',
    )
    return results.length >= 11 && results
  })
  assert.ok(pods.some(({ display_name: name }) => name.startsWith('frontend-')))
  const nobody = await createRest(http).call('GET', '/policy/api/v1/infra/domains', undefined, {
    accept: [401, 403],
  })
  assert.notEqual(nobody.status, 200, 'without credentials nothing is shown')

  const local = createHttpClient({ origin: adapter.url })
  context.after(() => local.close())
  assert.equal((await createRest(local).call('GET', '/readyz')).status, 200)
  const status = await runToEnd(context, ['status', '--socket', adapter.socket])
  assert.match(status.stdout, /^READY {2}leading/)
  assert.equal(status.code, 0, status.stdout)
  const transitions = await runToEnd(context, [
    'transitions',
    '--socket',
    adapter.socket,
    '--machine',
    'adapter/ccp',
  ])
  assert.match(transitions.stdout, /adapter\/ccp/)

  const tookMs = await program.stop()
  assert.equal(program.child.exitCode, 0, program.stderr())
  assert.ok(tookMs < 4_000, `stopped after ${Math.round(tookMs)} ms`)
  assert.ok(!existsSync(places.kubeconfig), 'credentials are gone')
  assert.ok(!program.stdout().includes('PRIVATE KEY'))
})

test('kubectl works on the kubeconfig', async (context) => {
  if (spawnSync('kubectl', ['version', '--client']).error !== undefined) {
    context.skip('kubectl is not installed')
    return
  }
  const { places } = await startSandbox(context)
  const kubectl = (...words: string[]) =>
    spawnSync('kubectl', ['--kubeconfig', places.kubeconfig, ...words], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '', HOME: folder(context) },
    })
  const nsx = createNsxUser(managerOf(context, places).nsx, places.cluster_id)
  await nsx.putGroup('quarantine', GROUPS['quarantine']!)
  await nsx.putPolicy('quarantine', POLICIES.quarantine)
  await until('realized', async () => (await nsx.realization(policyPath('quarantine'))) === 'SUCCESS')
  const { status, stdout, stderr } = kubectl('get', 'acnp,clustergroups,tiers,pods', '-A')
  assert.equal(status, 0, stderr)
  for (const wanted of [
    'clusternetworkpolicy',
    'clustergroup',
    'nsx-category-emergency',
    'securityops',
    'frontend-',
    'ledger-',
  ])
    assert.ok(stdout.includes(wanted), `${wanted} in\n${stdout}`)
  assert.match(kubectl('get', 'nodes').stdout, /node-1 +Ready/)
  assert.equal(kubectl('get', 'services,ingresses,networkpolicies', '-A').status, 0)
})

test('a second adapter of the cluster stands by, and outlives everything it works with', async (context) => {
  const { program, places } = await startSandbox(context)
  const socket = join(folder(context), 'second.sock')
  const second = start(context, ['run', '--config', places.adapter.config, '--serve-socket', socket])
  const role = async () => {
    const { code, stdout } = await runToEnd(context, ['status', '--socket', socket])
    return code === 0 && /^READY {2}(\w+)/.exec(stdout)?.[1]
  }
  assert.equal(
    await until('the second is ready', role, 20_000, () => second.stdout() + second.stderr()),
    'standby',
  )
  // The sandbox takes its manager and cluster with it; what is seen is that the second lives on and says what is wrong.
  await program.stop()
  await until('not ready', async () => (await role()) === false)
  assert.equal(second.child.exitCode, null, second.stderr())
  assert.ok((await second.stop()) < 3_500)
  assert.equal(second.child.exitCode, 0)
})

test('--once plays the scenario within 40 s', async (context) => {
  const startMs = performance.now()
  const { code, stdout, stderr } = await runToEnd(context, ['sandbox', '--once'])
  assert.equal(code, 0, stdout + stderr)
  assert.ok(performance.now() - startMs < 40_000)
  for (const step of [
    'push groups and policies',
    'see them realized',
    'move a pod',
    'break the link',
    'heal',
    'delete',
  ])
    assert.match(stdout, new RegExp(`✓ +${step}`))
})

test('a port that is taken, and a cluster that is not there, are told in a line', async (context) => {
  const taken = await runToEnd(context, ['sandbox', '--kubeconfig', join(folder(context), 'none')])
  assert.equal(taken.code, 1)
  assert.match(taken.stderr, /^antrea-nsx-adapter: KUBECONFIG_MISSING: /)
  const { places } = await startSandbox(context)
  const port = new URL(places.manager.url).port
  const second = await runToEnd(context, ['sandbox', '--manager-port', port])
  assert.equal(second.code, 1)
  assert.match(second.stderr, /^antrea-nsx-adapter: SANDBOX_CANNOT_LISTEN: the manager cannot listen/)
})
