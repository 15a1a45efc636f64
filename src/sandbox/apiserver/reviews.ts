/** Reviews: may somebody do something, and who am I. Nothing of them is stored. */

import type { ServerRequest } from '../../world/index.ts'
import { readObject } from './body.ts'
import type { Fields } from './json.ts'
import { fieldsOf, listOf, omit, textOf } from './json.ts'
import { StatusError } from './status.ts'
import type { ApiServerOptions, UserInfo } from './types.ts'

interface ReviewKind {
  readonly group: string
  readonly plural: string
  readonly kind: string
  readonly answer: (body: Fields, user: UserInfo, options: ApiServerOptions) => Fields
}

const AUTHORIZATION = 'authorization.k8s.io'

export const REVIEWS: readonly ReviewKind[] = [
  {
    group: AUTHORIZATION,
    plural: 'selfsubjectaccessreviews',
    kind: 'SelfSubjectAccessReview',
    answer: (body, user, options) => ({ ...body, status: decide(fieldsOf(body, 'spec'), user, options) }),
  },
  {
    group: AUTHORIZATION,
    plural: 'subjectaccessreviews',
    kind: 'SubjectAccessReview',
    answer(body, _user, options) {
      const spec = fieldsOf(body, 'spec')
      const subject = { user: textOf(spec, 'user'), groups: listOf(spec, 'groups').map(String) }
      return { ...body, status: decide(spec, subject, options) }
    },
  },
  {
    group: 'authentication.k8s.io',
    plural: 'selfsubjectreviews',
    kind: 'SelfSubjectReview',
    answer: (body, { user, groups }) => ({
      ...omit(body, 'spec'),
      status: { userInfo: { username: user, groups } },
    }),
  },
]

/** Answers a POST of a review; undefined for other paths. */
export async function review(
  request: ServerRequest,
  user: UserInfo,
  options: ApiServerOptions,
): Promise<Fields | undefined> {
  if (request.method !== 'POST') return undefined
  const found = REVIEWS.find(({ group, plural }) => request.path === `/apis/${group}/v1/${plural}`)
  if (found === undefined) return undefined
  const { object: body } = await readObject(request, found.kind)
  const answer = found.answer({ ...body, kind: found.kind, apiVersion: `${found.group}/v1` }, user, options)
  return { ...answer, metadata: fieldsOf(body, 'metadata') }
}

function decide(spec: Fields, subject: UserInfo, options: ApiServerOptions): Fields {
  const attributes = fieldsOf(spec, 'resourceAttributes')
  const [group, resource] = [textOf(attributes, 'group'), textOf(attributes, 'resource')]
  const isResource = resource !== ''
  if (!isResource && textOf(fieldsOf(spec, 'nonResourceAttributes'), 'path') === '')
    throw new StatusError(
      422,
      'Invalid',
      'exactly one of nonResourceAttributes or resourceAttributes must be specified',
    )
  if (options.authorize === undefined || !isResource) return { allowed: true }
  const sub = textOf(attributes, 'subresource')
  const name = `${resource}${group === '' ? '' : `.${group}`}${sub === '' ? '' : `/${sub}`}`
  const namespace = textOf(attributes, 'namespace')
  const verb = textOf(attributes, 'verb')
  return { allowed: options.authorize(subject, verb, name, namespace === '' ? undefined : namespace) }
}
