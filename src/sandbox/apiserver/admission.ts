/** Calls the admission hooks as kube-apiserver calls webhooks (admission.k8s.io/v1). */
import type { Call, Core } from './core.ts'
import { type Fields, isFields } from './json.ts'
import { jsonPatch, PatchError } from './patch/index.ts'
import { apiVersionOf } from './resource.ts'
import { internal, StatusError } from './status.ts'
import type { AdmissionHook, AdmissionRequest, AdmissionResponse, Operation, StoredObject } from './types.ts'

export interface Review {
  readonly operation: Operation
  readonly object: Fields | undefined
  readonly oldObject: StoredObject | undefined
  readonly dryRun: boolean
  readonly options: Fields | undefined
}

/** Whether any hook wants this request: most objects have none, and their writes stay in one turn. */
export const isReviewed = (core: Core, call: Call, operation: Operation, mutating: boolean): boolean =>
  core.hooks.some((hook) => hook.mutating === mutating && isMatched(hook, call, operation))

function isMatched(hook: AdmissionHook, call: Call, operation: Operation): boolean {
  const { group, plural } = call.resource
  return hook.match({ group, version: call.version.name, resource: plural }, operation, call.subresource)
}

/** Mutating hooks, each on what the one before left; returns the object, changed or not. */
export async function mutate(core: Core, call: Call, review: Review): Promise<Fields | undefined> {
  let { object } = review
  for (const hook of core.hooks) {
    if (!hook.mutating || !isMatched(hook, call, review.operation)) continue
    const response = await ask(core, call, hook, { ...review, object })
    if (response?.patch !== undefined && object !== undefined) object = patched(object, response.patch)
  }
  return object
}

/** Validating hooks; throws the first denial. */
export async function validate(core: Core, call: Call, review: Review): Promise<void> {
  for (const hook of core.hooks)
    if (!hook.mutating && isMatched(hook, call, review.operation)) await ask(core, call, hook, review)
}

async function ask(
  core: Core,
  call: Call,
  hook: AdmissionHook,
  review: Review,
): Promise<AdmissionResponse | undefined> {
  let response: AdmissionResponse
  try {
    response = await hook.review(toRequest(core, call, review))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    if (hook.failurePolicy === 'Ignore') {
      core.log.warn({ err: error, hook: hook.name }, 'an admission hook failed and is passed over')
      return undefined
    }
    throw internal(`failed calling webhook "${hook.name}": failed to call webhook: ${why}`)
  }
  call.warnings.push(...(response.warnings ?? []))
  if (!response.allowed) throw denial(hook.name, response)
  return response
}

function denial(name: string, { status = {} }: AdmissionResponse): StatusError {
  const by = `admission webhook "${name}" denied the request`
  const why = status.message ?? status.reason
  const words = why === undefined || why === '' ? `${by} without explanation` : `${by}: ${why}`
  // Anything below 400 is not taken for a refusal.
  return new StatusError(Math.max(400, status.code ?? 400), status.reason, words)
}

function toRequest(core: Core, call: Call, review: Review): AdmissionRequest {
  const { resource, version, subresource, namespace } = call
  const { group, kind, plural } = resource
  const name = call.name ?? nameOf(review.object)
  const inVersion = (object: Fields | StoredObject | undefined): StoredObject | null =>
    object === undefined
      ? null
      : ({ ...object, apiVersion: apiVersionOf(resource, version.name) } as unknown as StoredObject)
  return {
    uid: core.random.uuid(),
    kind: { group, version: version.name, kind },
    resource: { group, version: version.name, resource: plural },
    ...(subresource === undefined ? {} : { subResource: subresource }),
    name,
    ...(namespace === undefined ? {} : { namespace }),
    operation: review.operation,
    userInfo: { username: call.user.user, groups: call.user.groups },
    object: inVersion(review.object),
    oldObject: inVersion(review.oldObject),
    dryRun: review.dryRun,
    options: (review.options as AdmissionRequest['options'] | undefined) ?? null,
  }
}

const nameOf = (object: Fields | undefined): string => {
  const metadata = object?.['metadata']
  return isFields(metadata) && typeof metadata['name'] === 'string' ? metadata['name'] : ''
}

/** A patch that does not fit is the server's error, as in kube-apiserver. */
function patched(object: Fields, patch: string): Fields {
  try {
    const changed = jsonPatch(object, JSON.parse(Buffer.from(patch, 'base64').toString('utf8')))
    return isFields(changed) ? changed : object
  } catch (error) {
    if (error instanceof PatchError || error instanceof SyntaxError) throw internal(error.message)
    throw error
  }
}
