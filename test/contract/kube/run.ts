/**
 * What an API server says to writes, as the adapter's client takes it: the same cases on the embedded server and on a real
 * one. The codes decide what happens next, so a message that is not recognised is a wrong decision.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { AdapterError } from '../../../src/errors.ts'
import { createObject, replaceObject } from '../../../src/kube/apply/index.ts'
import { createKubeClient } from '../../../src/kube/client.ts'
import { type KubeClient, OPEN_GATE } from '../../../src/kube/contract.ts'
import { RESOURCES } from '../../../src/kube/resources.ts'
import type { KubeObject } from '../../../src/kube/types.ts'
import { SILENT } from '../../../src/log/index.ts'
import type { Clock, HttpClient, HttpMethod } from '../../../src/world/index.ts'
import { crd, ignoringFields, KIND, type Thing, thing } from './objects.ts'

export type Hook = 'deny' | 'hang' | 'allow'

export interface WritesLink {
  /** As cluster administrator. */
  readonly client: HttpClient
  /** Somebody who may do nothing. */
  readonly nobody: HttpClient
  readonly clock: Clock
  /** What the validating webhooks `tiers.example.com` and `tiers.antrea.io` do from now on; they time out after 1 s. */
  hook(name: 'tiers.example.com' | 'tiers.antrea.io', does: Hook): Promise<void>
  /** Why the server has none of these. */
  readonly without: { readonly policies?: string; readonly quota?: string }
  close(): Promise<void>
}

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const NAMESPACE = 'writes'
const TIERS = RESOURCES.tiers
const MAPS = RESOURCES.configMaps

/** Declares a test for each case. */
export function runWrites(name: string, connect: () => Promise<WritesLink>): void {
  describe(`writes to ${name}`, () => {
    let link: WritesLink
    let kube: KubeClient
    const clientOf = (http: HttpClient) =>
      createKubeClient({ http, gate: OPEN_GATE, clock: link.clock, log: SILENT, userAgent: 'contract/1' })
    before(async () => {
      link = await connect()
      kube = clientOf(link.client)
      await send(link.client, 'POST', CRDS, crd(['priority']))
      await send(link.client, 'POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } })
      await until(async () => (await kube.list(TIERS)).length === 0)
    })
    after(() => link.close())

    test('a name that is taken', async () => {
      await kube.create(TIERS, thing('taken'))
      await fails(kube.create(TIERS, thing('taken')), 'KUBE_ALREADY_EXISTS', 'retry')
    })
    test('a version that is not the newest, another uid, and an object that is gone', async () => {
      const first = await kube.create<Thing>(TIERS, thing('versions'))
      const second = await kube.replace(TIERS, { ...first, spec: { priority: 2 } })
      await fails(kube.replace(TIERS, { ...first, spec: { priority: 3 } }), 'KUBE_CONFLICT', 'retry')
      await fails(kube.delete(TIERS, first), 'KUBE_CONFLICT', 'retry')
      await kube.delete(TIERS, second)
      await fails(kube.replace(TIERS, { ...second, spec: { priority: 3 } }), 'KUBE_NOT_FOUND', 'retry')
      await kube.delete(TIERS, second)
      const again = await kube.create<Thing>(TIERS, thing('versions'))
      const { uid } = second.metadata
      const mixed = { ...again, metadata: { ...again.metadata, ...(uid === undefined ? {} : { uid }) } }
      await fails(kube.replace(TIERS, mixed), 'KUBE_CONFLICT', 'retry')
      await fails(kube.delete(TIERS, mixed), 'KUBE_CONFLICT', 'retry')
      assert.equal((await kube.get(TIERS, 'versions'))?.metadata.uid, again.metadata.uid)
    })
    test('what is too large for the server, and for etcd', async () => {
      for (const bytes of [4_000_000, 2_000_000]) {
        const large = thing('large', { text: 'x'.repeat(bytes) })
        await fails(kube.create(TIERS, large), 'KUBE_TOO_LARGE', 'needs-person')
      }
      await fails(kube.create(MAPS, mapOf('large', 'x'.repeat(1_500_000))), 'KUBE_TOO_LARGE', 'needs-person')
    })
    test('a field that the definition does not know: told, or left out without a word and then put back', async () => {
      const more = thing('fields', { priority: 1, newer: 2 })
      await fails(kube.create(TIERS, more), 'KUBE_UNKNOWN_FIELD', 'needs-person')
      const writing = { kube: clientOf(ignoringFields(link.client)), signal: new AbortController().signal }
      await fails(createObject(KIND, more, writing), 'FIELD_PRUNED', 'needs-person')
      assert.equal(await kube.get(TIERS, 'fields'), undefined)
      const base = await createObject(KIND, thing('fields', { priority: 1 }), writing)
      const wanted = thing('fields', { priority: 2, newer: 2 }, base)
      await fails(replaceObject(KIND, base, wanted, undefined, writing), 'FIELD_PRUNED', 'needs-person')
      assert.deepEqual((await kube.get<Thing>(TIERS, 'fields'))?.spec, { priority: 1 })
    })
    test('a value that the definition does not take', async () => {
      const wrong = { ...thing('wrong'), spec: { priority: 'high' } } as unknown as Thing
      await fails(kube.create(TIERS, wrong), 'KUBE_INVALID', 'needs-person')
    })
    test('a webhook that says no, and one that does not answer in time', async () => {
      await link.hook('tiers.example.com', 'deny')
      await fails(kube.create(TIERS, thing('hooked')), 'KUBE_ADMISSION_DENIED', 'needs-person')
      await link.hook('tiers.example.com', 'hang')
      await fails(kube.create(TIERS, thing('hooked')), 'KUBE_WEBHOOK_FAILED', 'retry')
      await link.hook('tiers.example.com', 'allow')
      await link.hook('tiers.antrea.io', 'hang')
      await fails(kube.create(TIERS, thing('hooked')), 'KUBE_WEBHOOK_UNAVAILABLE', 'retry')
      await link.hook('tiers.antrea.io', 'allow')
      await kube.create(TIERS, thing('hooked'))
    })
    test('who has no right', async () => {
      const nobody = clientOf(link.nobody)
      await fails(
        nobody.create(TIERS, thing('denied')),
        'KUBE_FORBIDDEN',
        'needs-person',
        /cannot create resource "tiers"/,
      )
      await fails(
        nobody.list(MAPS, NAMESPACE),
        'KUBE_FORBIDDEN',
        'needs-person',
        /cannot list resource "configmaps"/,
      )
    })
    test('a ValidatingAdmissionPolicy that says no', async (t) => {
      if (link.without.policies !== undefined) return t.skip(link.without.policies)
      for (const [plural, body] of POLICY) await send(link.client, 'POST', `${ADMISSION}/${plural}`, body)
      await until(async () => {
        const error = await kube
          .create(TIERS, thing(`ruled-${Math.random()}`))
          .catch((cause: unknown) => cause)
        return error instanceof AdapterError
      })
      await fails(
        kube.create(TIERS, thing('ruled')),
        'KUBE_ADMISSION_DENIED',
        'needs-person',
        /no tiers today/,
      )
      for (const [plural, body] of POLICY)
        await send(link.client, 'DELETE', `${ADMISSION}/${plural}/${body.metadata.name}`, undefined)
    })
    test('a ResourceQuota that is used up', async (t) => {
      if (link.without.quota !== undefined) return t.skip(link.without.quota)
      const quotas = `/api/v1/namespaces/${NAMESPACE}/resourcequotas`
      const hard = { 'count/configmaps': '0' }
      await send(link.client, 'POST', quotas, { metadata: { name: 'q' }, spec: { hard } })
      await send(link.client, 'PATCH', `${quotas}/q/status`, { status: { hard, used: hard } })
      await until(async () => {
        const error = await kube
          .create(MAPS, mapOf(`q-${Math.random()}`, 'x'))
          .catch((cause: unknown) => cause)
        return error instanceof AdapterError
      })
      await fails(kube.create(MAPS, mapOf('quota', 'x')), 'KUBE_QUOTA_EXCEEDED', 'wait-for')
      await send(link.client, 'DELETE', `${quotas}/q`, undefined)
    })
    test('a namespace that is going away', async () => {
      const kept = mapOf('kept', 'x')
      const held = {
        ...kept,
        metadata: { ...kept.metadata, namespace: 'leaving', finalizers: ['example.com/held'] },
      }
      await send(link.client, 'POST', '/api/v1/namespaces', { metadata: { name: 'leaving' } })
      await kube.create(MAPS, held)
      await send(link.client, 'DELETE', '/api/v1/namespaces/leaving', undefined)
      await fails(
        kube.create(MAPS, { ...kept, metadata: { name: 'late', namespace: 'leaving' } }),
        'KUBE_FORBIDDEN',
        'wait-for',
      )
    })
  })
}

const ADMISSION = '/apis/admissionregistration.k8s.io/v1'
const POLICY = [
  [
    'validatingadmissionpolicies',
    {
      metadata: { name: 'no-tiers' },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          resourceRules: [
            {
              apiGroups: ['crd.antrea.io'],
              apiVersions: ['*'],
              operations: ['CREATE'],
              resources: ['tiers'],
            },
          ],
        },
        validations: [{ expression: 'false', message: 'no tiers today' }],
      },
    },
  ],
  [
    'validatingadmissionpolicybindings',
    { metadata: { name: 'no-tiers' }, spec: { policyName: 'no-tiers', validationActions: ['Deny'] } },
  ],
] as const

const mapOf = (name: string, text: string): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: NAMESPACE },
    data: { text },
  }) as unknown as KubeObject

async function fails(work: Promise<unknown>, code: string, kind: string, says = /./): Promise<void> {
  const error = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  assert.ok(error instanceof AdapterError, `it should have failed with ${code}, and was ${String(error)}`)
  assert.deepEqual([error.code, error.kind], [code, kind], error.message)
  assert.match(error.message, says)
}

async function send(http: HttpClient, method: HttpMethod, path: string, body: unknown): Promise<void> {
  const answer = await http.request({
    method,
    path,
    headers: { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    headersTimeoutMs: 10_000,
  })
  const chunks: Uint8Array[] = []
  for await (const chunk of answer.body) chunks.push(chunk)
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${Buffer.concat(chunks).toString()}`)
}

const UNTIL_TRIES_MAX = 400
const UNTIL_PAUSE_MS = 25

/** Asks until it holds; what a controller or a cache does takes its time. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < UNTIL_TRIES_MAX; tries += 1) {
    if (await holds().catch(() => false)) return
    await new Promise((resolve) => setTimeout(resolve, UNTIL_PAUSE_MS))
  }
  throw new Error('it did not come true')
}
