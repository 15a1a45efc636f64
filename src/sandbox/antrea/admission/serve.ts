/** The webhooks over HTTP: AdmissionReview v1 in, AdmissionReview v1 out. */
import { TransportError } from '../../../errors.ts'
import { STANDIN_REVIEW_BYTES_MAX } from '../../../limits.ts'
import type { ServerRequest, ServerResponse } from '../../../world/index.ts'
import type { AdmissionRequest } from '../../apiserver/types.ts'
import { MutatorCrash } from './mutate.ts'
import { type Lookup, review, type Webhook } from './review.ts'

const JSON_HEADERS = { 'content-type': 'application/json' }
const plain = (status: number, body: string): ServerResponse => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body,
})

/** Answers a request under /mutate/ or /validate/. The API server sends no client certificate here. */
export async function serveReview(
  request: ServerRequest,
  hooks: readonly Webhook[],
  lookup: Lookup,
): Promise<ServerResponse> {
  const hook = hooks.find(({ path }) => path === request.path)
  if (hook === undefined) return plain(404, '404 page not found\n')
  if (!request.headers['content-type']?.startsWith('application/json'))
    return plain(415, 'invalid Content-Type, expect `application/json`\n')
  let parsed: unknown
  try {
    const bytes = await request.body(STANDIN_REVIEW_BYTES_MAX)
    if (bytes.length === 0) return plain(400, 'empty body\n')
    parsed = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (error) {
    return plain(error instanceof TransportError ? 413 : 400, 'the body is not an AdmissionReview\n')
  }
  const asked = requestOf(parsed)
  if (asked === undefined) return plain(400, 'the body is not an AdmissionReview\n')
  try {
    const response = { uid: asked.uid, ...(await review(hook, asked, lookup)) }
    const body = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response })
    return { status: 200, headers: JSON_HEADERS, body }
  } catch (error) {
    if (error instanceof MutatorCrash) return { status: 200, headers: JSON_HEADERS, body: brokenOff(error) }
    throw error
  }
}

/** The connection breaks in the middle of the answer. */
// biome-ignore lint/correctness/useYield: nothing comes before the break
async function* brokenOff(error: Error): AsyncGenerator<string, void> {
  throw error
}

type Fields = Readonly<Record<string, unknown>>
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What `review` reads, checked; the rest of the request is not looked at. */
function requestOf(value: unknown): AdmissionRequest | undefined {
  const request = isFields(value) ? value['request'] : undefined
  if (!isFields(request) || typeof request['uid'] !== 'string') return undefined
  const kind = request['kind']
  const user = request['userInfo']
  const operation = request['operation']
  if (!isFields(kind) || typeof kind['kind'] !== 'string' || !isFields(user)) return undefined
  if (operation !== 'CREATE' && operation !== 'UPDATE' && operation !== 'DELETE') return undefined
  const object = (field: unknown) => (isFields(field) ? field : null)
  return {
    ...(request as unknown as AdmissionRequest),
    name: typeof request['name'] === 'string' ? request['name'] : '',
    object: object(request['object']) as AdmissionRequest['object'],
    oldObject: object(request['oldObject']) as AdmissionRequest['oldObject'],
    userInfo: {
      username: typeof user['username'] === 'string' ? user['username'] : '',
      groups: Array.isArray(user['groups']) ? user['groups'].map(String) : [],
    },
  }
}
