/** What a refusal of the API server means. The messages are as recorded from kube-apiserver 1.36 and antrea-controller 2.7. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AdapterError } from '../../../src/errors.ts'
import { refusalError, streamedStatusError } from '../../../src/kube/status.ts'

const refusal = (status: number, reason: string, message: string, headers: Record<string, string> = {}) =>
  refusalError({
    status,
    headers,
    body: JSON.stringify({ kind: 'Status', status: 'Failure', code: status, reason, message }),
    subject: 'PUT clustergroups web',
    nowMs: Date.UTC(2026, 0, 1),
  })

const cases: readonly [number, string, string, string, string][] = [
  [401, 'Unauthorized', 'Unauthorized', 'KUBE_UNAUTHORIZED', 'needs-person'],
  [403, 'Forbidden', 'pods is forbidden: User "x" cannot list', 'KUBE_FORBIDDEN', 'needs-person'],
  [403, 'Forbidden', 'unable to create: namespace demo is being terminated', 'KUBE_FORBIDDEN', 'wait-for'],
  [404, 'NotFound', 'tiers.crd.antrea.io "x" not found', 'KUBE_NOT_FOUND', 'retry'],
  [409, 'AlreadyExists', 'already exists', 'KUBE_ALREADY_EXISTS', 'retry'],
  [409, 'Conflict', 'the object has been modified', 'KUBE_CONFLICT', 'retry'],
  [410, 'Expired', 'too old resource version', 'KUBE_EXPIRED', 'retry'],
  [413, 'RequestEntityTooLarge', 'limit is 3145728', 'KUBE_TOO_LARGE', 'needs-person'],
  [500, 'InternalError', 'etcdserver: request is too large', 'KUBE_TOO_LARGE', 'needs-person'],
  [422, 'Invalid', 'spec.rules: Invalid value', 'KUBE_INVALID', 'needs-person'],
  [429, 'TooManyRequests', 'slow down', 'KUBE_THROTTLED', 'retry'],
  [500, 'InternalError', 'something', 'KUBE_SERVER_ERROR', 'retry'],
  [
    500,
    'InternalError',
    'Internal error occurred: failed calling webhook "acnpmutator.antrea.io": failed to call webhook: Post "https://antrea": dial tcp: connect: connection refused',
    'KUBE_WEBHOOK_UNAVAILABLE',
    'retry',
  ],
  [
    500,
    'InternalError',
    'Internal error occurred: failed calling webhook "acnpmutator.antrea.io": failed to call webhook: Post "https://antrea": EOF',
    'KUBE_INVALID',
    'needs-person',
  ],
  [
    400,
    '',
    'admission webhook "acnpvalidator.antrea.io" denied the request: tier no-such does not exist',
    'TIER_NOT_KNOWN',
    'retry',
  ],
  [
    400,
    '',
    'admission webhook "tiervalidator.antrea.io" denied the request: tier nsx-app priority 100 overlaps with existing Tier',
    'KUBE_ADMISSION_DENIED',
    'needs-person',
  ],
  [
    403,
    'Forbidden',
    'admission webhook "policy.example.com" denied the request: no',
    'KUBE_ADMISSION_DENIED',
    'needs-person',
  ],
]

const refusals: typeof cases = [
  [
    403,
    'Forbidden',
    'configmaps "x" is forbidden: exceeded quota: q, requested: count/configmaps=1, used: count/configmaps=1, limited: count/configmaps=1',
    'KUBE_QUOTA_EXCEEDED',
    'wait-for',
  ],
  [
    403,
    'Forbidden',
    'pods is forbidden: User "a" cannot list resource "pods" in API group "" at the cluster scope',
    'KUBE_FORBIDDEN',
    'needs-person',
  ],
  [
    403,
    'Forbidden',
    'pods "x" is forbidden: violates PodSecurity "restricted:latest": privileged',
    'KUBE_ADMISSION_DENIED',
    'needs-person',
  ],
  [
    422,
    'Invalid',
    `gadgets.contract.example.com "x" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no`,
    'KUBE_ADMISSION_DENIED',
    'needs-person',
  ],
  [
    400,
    'BadRequest',
    'ClusterNetworkPolicy in version "v1beta1" cannot be handled as a ClusterNetworkPolicy: strict decoding error: unknown field "spec.ingress[0].newer"',
    'KUBE_UNKNOWN_FIELD',
    'needs-person',
  ],
  [
    500,
    'InternalError',
    'Internal error occurred: failed calling webhook "acnpvalidator.antrea.io": failed to call webhook: Post "https://antrea": context deadline exceeded',
    'KUBE_WEBHOOK_UNAVAILABLE',
    'retry',
  ],
  [
    500,
    'InternalError',
    'Internal error occurred: failed calling webhook "policy.example.com": failed to call webhook: Post "https://x": context deadline exceeded',
    'KUBE_WEBHOOK_FAILED',
    'retry',
  ],
  [
    504,
    'Timeout',
    'Timeout: request did not complete within requested timeout - context deadline exceeded',
    'KUBE_WRITE_UNCERTAIN',
    'retry',
  ],
]

for (const [status, reason, message, code, kind] of [...cases, ...refusals])
  test(`${status} ${reason} "${message.slice(0, 60)}" is ${code}`, () => {
    const error = refusal(status, reason, message)
    assert.deepEqual([error.code, error.kind], [code, kind])
    assert.match(error.message, /^PUT clustergroups web: /)
  })

test('the server says how long to wait: seconds, a date, or in the Status, never more than five minutes', () => {
  assert.equal(refusal(429, '', 'x', { 'retry-after': '7' }).retryAfterMs, 7_000)
  assert.equal(refusal(503, '', 'x', { 'retry-after': 'Thu, 01 Jan 2026 00:00:10 GMT' }).retryAfterMs, 10_000)
  assert.equal(refusal(429, '', 'x', { 'retry-after': '99999999' }).retryAfterMs, 300_000)
  assert.equal(refusal(429, '', 'x', { 'retry-after': 'soon' }).retryAfterMs, undefined)
  const inStatus = streamedStatusError({ code: 429, details: { retryAfterSeconds: 3 } }, 'WATCH pods')
  assert.equal(inStatus.retryAfterMs, 3_000)
})

test('an error inside a stream is read alike', () => {
  assert.equal(streamedStatusError({ code: 410, reason: 'Expired' }, 'WATCH pods').code, 'KUBE_EXPIRED')
  assert.equal(streamedStatusError('?', 'WATCH pods').code, 'KUBE_SERVER_ERROR')
})

test('a body of anything gives an error in one printable line', () => {
  fc.assert(
    fc.property(fc.integer({ min: 300, max: 599 }), fc.string({ unit: 'binary' }), (status, body) => {
      const error = refusalError({ status, headers: {}, body, subject: 'GET x', nowMs: 0 })
      assert.ok(error instanceof AdapterError)
      assert.match(error.message, /^\P{Cc}*$/u)
      assert.ok(error.message.length < 800)
    }),
  )
})
