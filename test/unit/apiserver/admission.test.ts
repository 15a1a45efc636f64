/** Admission hooks and aggregated APIs: what they are asked, and what their answers do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type {
  AdmissionHook,
  AdmissionRequest,
  AdmissionResponse,
} from '../../../src/sandbox/apiserver/index.ts'
import type { ServerRequest } from '../../../src/world/index.ts'
import { CRDS, start, TIER_CRD, TIERS, tier } from './harness.ts'

const hook = (
  name: string,
  mutating: boolean,
  review: (request: AdmissionRequest) => AdmissionResponse,
  more: Partial<AdmissionHook> = {},
): AdmissionHook => ({
  name,
  mutating,
  match: (gvr) => gvr.group === 'crd.antrea.io' && gvr.resource === 'tiers',
  review: async (request) => review(request),
  ...more,
})

const patch = (operations: unknown) => Buffer.from(JSON.stringify(operations)).toString('base64')

async function withHooks(admission: readonly AdmissionHook[]) {
  const harness = start({ admission })
  assert.equal((await harness.send('POST', CRDS, TIER_CRD)).code, 201)
  return harness
}

test('a denial is told in the words of the webhook, with its code and without a reason', async () => {
  const deny = hook('tiervalidator.antrea.io', false, () => ({
    allowed: false,
    status: { message: 'tier priority 5 overlaps', code: 400 },
  }))
  const { send, server } = await withHooks([deny])
  const { code, body } = await send('POST', TIERS, tier('a'))
  assert.equal(code, 400)
  assert.deepEqual(body, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'admission webhook "tiervalidator.antrea.io" denied the request: tier priority 5 overlaps',
    code: 400,
  })
  assert.equal(server.get('tiers.crd.antrea.io', 'a'), undefined)
})

test('mutation comes before the schema, validation after it', async () => {
  const order: string[] = []
  const mutator = hook('m.antrea.io', true, ({ object }) => {
    order.push(`mutate ${JSON.stringify((object as { spec?: unknown } | null)?.spec)}`)
    return {
      allowed: true,
      patchType: 'JSONPatch',
      patch: patch([
        { op: 'replace', path: '/spec/priority', value: 7 },
        { op: 'add', path: '/spec/unknown', value: 1 },
      ]),
      warnings: ['priority was changed'],
    }
  })
  const validator = hook('v.antrea.io', false, ({ object }) => {
    order.push(`validate ${JSON.stringify((object as { spec?: unknown } | null)?.spec)}`)
    return { allowed: true }
  })
  const { send } = await withHooks([validator, mutator])
  const made = await send('POST', TIERS, tier('a', 'nonsense'))
  assert.equal(made.code, 201)
  assert.deepEqual(made.body.spec, { priority: 7 })
  assert.equal(made.headers['warning'], '299 - "priority was changed"')
  assert.deepEqual(order, ['mutate {"priority":"nonsense"}', 'validate {"priority":7}'])
  const bad = await withHooks([validator])
  const refused = await bad.send('POST', TIERS, tier('a', 'nonsense'))
  assert.equal(refused.code, 422)
  assert.equal(order.length, 2, 'an invalid object never reaches a validating hook')
})

test('hooks see what is asked: operation, old object, user, dry run', async () => {
  const seen: AdmissionRequest[] = []
  const { send } = await withHooks([
    hook('v.antrea.io', false, (request) => {
      seen.push(request)
      return { allowed: true }
    }),
  ])
  await send('POST', `${TIERS}?dryRun=All`, tier('a'))
  await send('POST', TIERS, tier('a'))
  await send('PATCH', `${TIERS}/a`, { spec: { priority: 6 } })
  await send('DELETE', `${TIERS}/a`)
  assert.deepEqual(
    seen.map(({ operation, name, dryRun, object, oldObject }) => [
      operation,
      name,
      dryRun,
      object?.['spec'],
      oldObject?.['spec'],
    ]),
    [
      ['CREATE', 'a', true, { priority: 5 }, undefined],
      ['CREATE', 'a', false, { priority: 5 }, undefined],
      ['UPDATE', 'a', false, { priority: 6 }, { priority: 5 }],
      ['DELETE', 'a', false, undefined, { priority: 6 }],
    ],
  )
  assert.deepEqual(seen[0]?.userInfo, {
    username: 'admin',
    groups: ['system:masters', 'system:authenticated'],
  })
  assert.deepEqual(seen[0]?.resource, { group: 'crd.antrea.io', version: 'v1beta1', resource: 'tiers' })
})

test('a hook that fails refuses with 500, or is passed over', async () => {
  const fail = () => {
    throw new Error('connection refused')
  }
  const strict = await withHooks([hook('m.antrea.io', true, fail)])
  const refused = await strict.send('POST', TIERS, tier('a'))
  assert.equal(refused.code, 500)
  assert.equal(
    refused.body.message,
    'Internal error occurred: failed calling webhook "m.antrea.io": failed to call webhook: connection refused',
  )
  const lenient = await withHooks([hook('m.antrea.io', true, fail, { failurePolicy: 'Ignore' })])
  assert.equal((await lenient.send('POST', TIERS, tier('a'))).code, 201)
})

test('a patch that does not fit is the server’s error', async () => {
  const { send } = await withHooks([
    hook('m.antrea.io', true, () => ({
      allowed: true,
      patchType: 'JSONPatch',
      patch: patch([{ op: 'replace', path: '/spec/tier', value: 'x' }]),
    })),
  ])
  const { code, body } = await send('POST', TIERS, { ...tier('a'), spec: undefined })
  assert.equal(code, 500)
  assert.equal(
    body.message,
    'Internal error occurred: replace operation does not apply: doc is missing path: /spec/tier: missing value',
  )
})

test('a write that another overtakes while hooks are asked is refused or made again', async () => {
  let overtake: (() => Promise<unknown>) | undefined
  const slow: AdmissionHook = {
    ...hook('v.antrea.io', false, () => ({ allowed: true })),
    async review() {
      const act = overtake
      overtake = undefined
      await act?.()
      return { allowed: true }
    },
  }
  const { send } = await withHooks([slow])
  const made = await send('POST', TIERS, tier('a'))
  overtake = () => send('PATCH', `${TIERS}/a`, { metadata: { labels: { other: 'yes' } } })
  const again = await send('PATCH', `${TIERS}/a`, { spec: { priority: 9 } })
  assert.equal(again.code, 200)
  assert.deepEqual([again.body.metadata.labels, again.body.spec], [{ other: 'yes' }, { priority: 9 }])
  overtake = () => send('PATCH', `${TIERS}/a`, { metadata: { labels: { other: 'no' } } })
  const { resourceVersion } = again.body.metadata
  const stale = await send('PUT', `${TIERS}/a`, { ...tier('a'), metadata: { name: 'a', resourceVersion } })
  assert.equal(stale.code, 409)
  assert.notEqual(made.body.metadata.resourceVersion, resourceVersion)
})

test('an aggregated API gets the request, with the caller’s name and without credentials', async () => {
  const seen: ServerRequest[] = []
  const { send, as } = start({
    authentication: { tokens: { secret: { user: 'bot', groups: ['robots'] } } },
    aggregated: [
      {
        group: 'stats.antrea.io',
        version: 'v1alpha1',
        resources: [{ name: 'things', kind: 'Thing', namespaced: false, verbs: ['get', 'list'] }],
        handler: async (request) => {
          seen.push(request)
          if (request.path.endsWith('/broken')) throw new Error('no connection')
          return {
            status: 200,
            headers: { 'content-type': 'application/json' },
            body: '{"kind":"ThingList"}',
          }
        },
      },
    ],
  })
  const answer = await as({})('GET', '/apis/stats.antrea.io/v1alpha1/things?watch=1', undefined, {
    authorization: 'Bearer secret',
    'x-remote-user': 'somebody-else',
  })
  assert.deepEqual([answer.code, answer.body], [200, { kind: 'ThingList' }])
  assert.equal(seen[0]?.headers['x-remote-user'], 'bot')
  assert.equal(seen[0]?.headers['x-remote-group'], 'robots, system:authenticated')
  assert.equal(seen[0]?.headers['authorization'], undefined)
  assert.equal(seen[0]?.query.get('watch'), '1')
  assert.equal((await send('GET', '/apis/stats.antrea.io/v1alpha1/broken')).code, 503)
  const group = await send('GET', '/apis/stats.antrea.io/v1alpha1')
  assert.deepEqual(
    group.body.resources.map(({ name }: { name: string }) => name),
    ['things'],
  )
  const service = await send('GET', '/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.stats.antrea.io')
  assert.equal(service.body.status.conditions[0].status, 'True')
})
