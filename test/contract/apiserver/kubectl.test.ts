/** The everyday verbs of the kubectl on PATH (or named by KUBECTL) against the embedded server on a socket. */
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type ApiServer, createApiServer } from '../../../src/sandbox/apiserver/index.ts'
import { createRealClock, createRealRandom, type RunningServer, serve } from '../../../src/world/real.ts'
import { DEFINITIONS, ruled, widget } from './steps.ts'

const KUBECTL = process.env['KUBECTL'] ?? 'kubectl'

const isThere = (): boolean => {
  try {
    execFileSync(KUBECTL, ['version', '--client'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe('kubectl', { skip: isThere() ? false : 'there is no kubectl on this machine' }, () => {
  let api: ApiServer
  let server: RunningServer
  const folder = mkdtempSync(join(tmpdir(), 'apiserver-kubectl-'))
  const kubeconfig = join(folder, 'kubeconfig')

  /** Its output; a failure is thrown with what it said. */
  const run = (args: string, input?: unknown): Promise<string> =>
    new Promise((resolve, reject) => {
      const child = execFile(
        KUBECTL,
        ['--kubeconfig', kubeconfig, '--cache-dir', join(folder, 'cache'), ...args.split(' ')],
        { timeout: 30_000 },
        (error, stdout, stderr) =>
          error ? reject(new Error(`${args}: ${stderr}`)) : resolve(stdout + stderr),
      )
      child.stdin?.end(input === undefined ? '' : JSON.stringify(input))
    })

  before(async () => {
    api = createApiServer({
      clock: createRealClock(),
      random: createRealRandom(),
      kubelet: { removeAfterMs: 50 },
      podLogs: (pod) => `a line of ${pod.metadata.name}\n`,
    })
    // kubectl sends no credentials over plain HTTP; certificates are another test's subject.
    const peer = {
      address: '127.0.0.1',
      commonName: 'admin',
      organizations: ['system:masters'],
      verified: true,
    }
    const { handler } = api
    server = await serve({
      handler: (request) => handler({ ...request, peer }),
      host: '127.0.0.1',
      port: 0,
    })
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${server.port}` } }],
        users: [{ name: 'u', user: {} }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        'current-context': 'x',
      }),
    )
    for (const definition of DEFINITIONS) await run('create -f -', definition)
  })
  after(async () => {
    api.close()
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('create, in JSON and in protobuf', async () => {
    assert.match(await run('create namespace shop'), /namespace\/shop created/)
    await run('create configmap conf -n shop --from-literal=a=b')
    await run('create deployment web -n shop --image=nginx --replicas=0')
    await run('create -f - -n shop', widget('one', { size: 3 }))
    assert.deepEqual(api.get('configmaps', 'conf', 'shop')?.['data'], { a: 'b' })
    const spec = api.get('deployments.apps', 'web', 'shop')?.['spec'] as { replicas: number } | undefined
    assert.equal(spec?.replicas, 0)
    await assert.rejects(
      run('create -f - -n shop', widget('two', { size: 99 })),
      /should be less than or equal to 10/,
    )
    await assert.rejects(
      run('create -f - -n shop', widget('two', { size: 1, no: 1 })),
      /unknown field "spec.no"/,
    )
  })

  test('get in all outputs, and api-resources', async () => {
    assert.match(await run('get widgets -n shop'), /^NAME +SIZE +PARTS +AGE\none +3 +\d+s/)
    assert.match(await run('get wd -A -o wide'), /NAMESPACE +NAME +SIZE +PHASE/)
    assert.match(await run('get contract -n shop -o name'), /widget.contract.example.com\/one/)
    assert.equal(await run('get widget one -n shop -o jsonpath={.spec.color}'), 'red')
    assert.equal(JSON.parse(await run('get ns shop -o json')).status.phase, 'Active')
    assert.match(await run('get deploy,cm -n shop -o yaml'), /kind: List/)
    assert.match(
      await run('api-resources --api-group=contract.example.com'),
      /widgets +wd +contract.example.com\/v1 +true +Widget/,
    )
  })

  test('apply on both sides, twice', async () => {
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'shop' },
      spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
    }
    assert.match(await run('apply -f -', service), /created/)
    assert.match(await run('apply -f -', service), /unchanged/)
    const more = { ...service, spec: { ...service.spec, ports: [{ port: 80, targetPort: 8080 }] } }
    assert.match(await run('apply -f -', more), /configured/)
    assert.match(
      await run('apply --server-side -f - --field-manager=me', {
        ...service,
        metadata: { name: 'api', namespace: 'shop' },
      }),
      /serverside-applied/,
    )
    const before = api.get('services', 'api', 'shop')?.metadata.resourceVersion
    await run('apply --server-side -f - --field-manager=me', {
      ...service,
      metadata: { name: 'api', namespace: 'shop' },
    })
    assert.equal(api.get('services', 'api', 'shop')?.metadata.resourceVersion, before)
    await run('apply --server-side -n shop -f -', ruled({ source: { pod: 'a' } }))
  })

  test('label, annotate, patch, replace', async () => {
    await run('label widget one -n shop a=b')
    await run('annotate svc web -n shop note=x')
    await run('patch svc web -n shop -p {"spec":{"selector":{"tier":"front"}}}')
    await run('patch widget one -n shop --type=json -p [{"op":"replace","path":"/spec/size","value":4}]')
    await run('patch widget one -n shop --type=merge --subresource=status -p {"status":{"phase":"On"}}')
    const one = api.get('widgets.contract.example.com', 'one', 'shop')
    assert.deepEqual([one?.metadata.labels, one?.['status']], [{ a: 'b' }, { phase: 'On' }])
    await run('replace -n shop -f -', { ...one, spec: { size: 5 } })
    assert.deepEqual(api.get('widgets.contract.example.com', 'one', 'shop')?.['spec'], {
      size: 5,
      color: 'red',
    })
    await assert.rejects(
      run('replace -n shop -f -', { ...one, spec: { size: 6 } }),
      /the object has been modified/,
    )
  })

  test('describe, logs, wait, watch, auth', async () => {
    await run('run web -n shop --image=nginx --labels=app=web')
    assert.match(await run('describe pod web -n shop'), /Image: +nginx/)
    assert.match(await run('describe widget one -n shop'), /Size: +5/)
    assert.match(await run('describe namespace shop'), /Status: +Active/)
    assert.equal(await run('logs web -n shop'), 'a line of web\n')
    assert.match(
      await run('wait crd/widgets.contract.example.com --for=condition=Established --timeout=5s'),
      /condition met/,
    )
    const watching = run('get widgets -n shop --watch-only --request-timeout=2s -o name')
    await new Promise((resolve) => setTimeout(resolve, 700))
    await run('label widget one -n shop seen=yes')
    assert.match(await watching, /widget.contract.example.com\/one/)
    assert.match(await run('auth can-i create widgets.contract.example.com'), /yes/)
    assert.match(await run('auth whoami'), /admin/)
  })

  test('delete, and a namespace with what is in it', async () => {
    assert.match(await run('delete widget one -n shop'), /deleted/)
    assert.match(await run('delete ns shop --timeout=10s'), /deleted/)
    assert.equal(api.get('namespaces', 'shop'), undefined)
    assert.equal(api.list('services').length, 1)
    await assert.rejects(run('get ns shop'), /namespaces "shop" not found/)
  })
})
