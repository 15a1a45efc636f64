/** From the route to the part that answers it. */
import type { ServerRequest, ServerResponse } from '../../world/index.ts'
import { aggregatedFor, proxy } from './aggregate.ts'
import { authorize } from './auth.ts'
import { type Answer, type Call, type Core, collectionOf } from './core.ts'
import { create } from './create.ts'
import { discover, openApi, versionInfo } from './discovery.ts'
import { type Fields, fieldsOf, textOf as memberText } from './json.ts'
import { type Body, getOne, listAll, matcherOf, objectText, prefixOf } from './list.ts'
import { podLog } from './logs.ts'
import { type Accepted, negotiate, prefersProtobuf } from './negotiate.ts'
import { patch } from './patching.ts'
import { isWritable, PROTOBUF_TYPE, writeObject } from './protobuf-write.ts'
import { readDeleteOptions, remove } from './remove.ts'
import { apiVersionOf, versionOf } from './resource.ts'
import { review } from './reviews.ts'
import type { ResourceRoute, Route } from './route.ts'
import { methodNotAllowed, noSuchResource, notDone, notFound, resourceText, StatusError } from './status.ts'
import type { Form } from './table.ts'
import type { ApiServerOptions, StoredObject, UserInfo } from './types.ts'
import { update } from './update.ts'
import type { Watches } from './watch.ts'

export interface Dispatch {
  readonly core: Core
  readonly options: ApiServerOptions
  readonly watches: Watches
  readonly request: ServerRequest
  readonly route: Route
  readonly user: UserInfo
}

const JSON_TYPE = 'application/json'

const json = (status: number, body: unknown, contentType = JSON_TYPE): ServerResponse => ({
  status,
  headers: { 'content-type': contentType },
  body: typeof body === 'string' ? body : JSON.stringify(body),
})

export async function dispatch(asked: Dispatch): Promise<ServerResponse> {
  const { core, request, route } = asked
  const reviewed = await review(request, asked.user, asked.options)
  if (reviewed !== undefined) return json(201, reviewed)
  if (route.kind === 'resource') {
    const api = aggregatedFor(core, route.group, route.version)
    if (api !== undefined) {
      authorize(asked.user, route.verb ?? 'get', route, asked.options)
      return proxy(api, request, asked.user)
    }
    return answerResource(asked, route)
  }
  return answerOther(asked)
}

const isCustom = (core: Core, group: string): boolean =>
  core.registry.all().some((one) => one.group === group && one.custom)

const HEALTH = /^\/(healthz|livez|readyz)(\/(ping|log|etcd|poststarthook\/[\w.-]+))?$/

function answerOther({ core, request }: Dispatch): ServerResponse {
  const { path, method } = request
  if (method !== 'GET' && method !== 'HEAD') throw methodNotAllowed()
  const found = discover(core, path, request.headers['accept'])
  if (found?.isAcceptable === false) negotiate('text/html')
  if (found !== undefined) return json(200, found.body, found.contentType)
  if (HEALTH.test(path))
    return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: 'ok' }
  if (path === '/version' || path === '/version/') return json(200, versionInfo)
  const document = openApi(core, path)
  if (document !== undefined) return json(200, document)
  if (path === '/') return json(200, { paths: rootPaths(core) })
  return notFoundText()
}

const notFoundText = (): ServerResponse => ({
  status: 404,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: '404 page not found\n',
})

function rootPaths(core: Core): readonly string[] {
  const groups = core.registry
    .all()
    .filter(({ group }) => group !== '')
    .flatMap((resource) => [
      `/apis/${resource.group}`,
      ...resource.versions.map(({ name }) => `/apis/${resource.group}/${name}`),
    ])
  const aggregated = core.aggregated.map(({ group, version }) => `/apis/${group}/${version}`)
  return [
    ...new Set([
      '/api',
      '/api/v1',
      '/apis',
      ...groups,
      ...aggregated,
      '/healthz',
      '/livez',
      '/readyz',
      '/version',
    ]),
  ].sort()
}

async function answerResource(asked: Dispatch, route: ResourceRoute): Promise<ServerResponse> {
  const { core, request, user } = asked
  const resource = core.registry.find(route.group, route.plural)
  const version = resource === undefined ? undefined : versionOf(resource, route.version)
  const isGroupKnown = core.registry
    .all()
    .some((one) => one.group === route.group && one.versions.some(({ name }) => name === route.version))
  // Groups of custom resources answer like no path at all.
  const isCustomGroup = isCustom(core, route.group)
  const isGroupThere = () => core.registry.all().some(({ group }) => group === route.group)
  if (!isGroupKnown && !isCustomGroup && isGroupThere()) throw noSuchResource()
  if (!isGroupKnown || (isCustomGroup && resource === undefined)) return notFoundText()
  authorize(user, route.verb ?? request.method.toLowerCase(), route, asked.options)
  if (isCustomGroup && version?.served === false) return notFoundText()
  if (resource === undefined || version === undefined || !version.served) throw noSuchResource()
  if (version.refusal !== undefined) throw notDone(version.refusal)
  if (route.namespace !== undefined && !resource.namespaced)
    return isCustomGroup ? notFoundText() : refuse(noSuchResource())
  if (route.verb === undefined) throw methodNotAllowed()
  const isPlaced = route.namespace !== undefined || !resource.namespaced
  if (
    !isPlaced &&
    (route.name !== undefined || route.verb === 'create' || route.verb === 'deletecollection')
  ) {
    if (isCustomGroup && route.name !== undefined) return notFoundText()
    throw route.name === undefined ? methodNotAllowed() : noSuchResource()
  }
  const call: Call = {
    request,
    user,
    verb: route.verb,
    resource,
    version,
    namespace: route.namespace,
    name: route.name,
    subresource: route.subresource,
    warnings: version.deprecation === undefined ? [] : [version.deprecation],
  }
  const response = await answerCall(asked, call).catch((error: unknown) => {
    if (error instanceof StatusError && call.warnings.length > 0) error.warnings = warnings(call)
    throw error
  })
  return call.warnings.length === 0
    ? response
    : { ...response, headers: { ...response.headers, warning: warnings(call) } }
}

const refuse = (error: StatusError): never => {
  throw error
}

/** RFC 7234's warn-text; kube-apiserver keeps all of them under some 4 KiB. */
const WARNINGS_CHARS_MAX = 4_096

function warnings(call: Call): readonly string[] {
  let size = 0
  return call.warnings
    .map((text) => `299 - ${JSON.stringify(text.replace(/[\r\n]+/g, ' '))}`)
    .filter((text) => {
      size += text.length
      return size <= WARNINGS_CHARS_MAX
    })
}

/** Go's name of the type, for messages. */
const goTypeOf = ({ resource }: Call): string =>
  resource.custom ? 'unstructured.Unstructured' : `${resource.group.split('.')[0] || 'core'}.${resource.kind}`

function acceptedOf(call: Call): Accepted {
  const { verb, resource } = call
  return negotiate(call.request.headers['accept'], {
    answer: verb === 'list' || verb === 'watch' ? verb : 'object',
    goType: goTypeOf(call),
    hasProtobuf: !resource.custom && isWritable(resource.kind),
  })
}

/** An answer of one object, or of a Status, in protobuf where the client would rather have that. */
export function inProtobuf(response: ServerResponse): ServerResponse {
  if (typeof response.body !== 'string' || response.headers?.['content-type'] !== JSON_TYPE) return response
  const object = fieldsOf(JSON.parse(response.body))
  const kind = memberText(object, 'kind')
  if (kind !== 'Status' && !isWritable(kind)) return response
  return {
    ...response,
    headers: { ...response.headers, 'content-type': PROTOBUF_TYPE },
    body: writeObject(object, memberText(object, 'apiVersion')),
  }
}

async function answerCall(asked: Dispatch, call: Call): Promise<ServerResponse> {
  const response =
    call.subresource === undefined ? await answerVerb(asked, call) : await answerSubresource(asked, call)
  return prefersProtobuf(call.request.headers['accept']) && !call.resource.custom
    ? inProtobuf(response)
    : response
}

const streamed = (body: Body, { media }: Accepted, parameter: string): ServerResponse => ({
  status: 200,
  headers: { 'content-type': media === 'protobuf' ? `${PROTOBUF_TYPE}${parameter}` : JSON_TYPE },
  body,
})

async function answerVerb(asked: Dispatch, call: Call): Promise<ServerResponse> {
  const { core, watches } = asked
  if (!call.resource.verbs.includes(call.verb)) throw methodNotAllowed()
  // What cannot be answered is not done either.
  const accepted = acceptedOf(call)
  const { form } = accepted
  switch (call.verb) {
    case 'get':
      return json(200, getOne(core, call, form))
    case 'list':
      return streamed(listAll(core, call, accepted), accepted, '')
    case 'watch':
      return streamed(watches.open(core, watchCall(call), accepted), accepted, ';stream=watch')
    case 'create':
      if (call.name !== undefined) throw methodNotAllowed()
      return written(core, call, await create(core, call), form)
    case 'update':
      return written(core, call, await update(core, call), form)
    case 'patch':
      return written(core, call, await patch(core, call), form)
    case 'delete':
      return removeOne(core, call, form)
    case 'deletecollection':
      return removeAll(core, call)
    default:
      throw methodNotAllowed()
  }
}

/** A watch of one object's path is a watch with a selector of its name. */
function watchCall(call: Call): Call {
  if (call.name === undefined) return call
  const query = new URLSearchParams(call.request.query)
  const given = query.get('fieldSelector')
  query.set('fieldSelector', `${given === null || given === '' ? '' : `${given},`}metadata.name=${call.name}`)
  return { ...call, request: { ...call.request, query, body: (max) => call.request.body(max) } }
}

const written = (core: Core, call: Call, { code, object }: Answer, form: Form): ServerResponse =>
  json(code, textOf(core, call, object, form))

const textOf = (core: Core, call: Call, object: StoredObject, form: Form): string =>
  objectText(core, call, { key: '', revision: 0, object }, form)

const inVersion = (call: Call, object: StoredObject): StoredObject => ({
  ...object,
  apiVersion: apiVersionOf(call.resource, call.version.name),
})

async function answerSubresource(asked: Dispatch, call: Call): Promise<ServerResponse> {
  const { core, options } = asked
  const { subresource, resource, verb } = call
  if (subresource === 'log' && resource.plural === 'pods' && resource.group === '') {
    if (verb !== 'get') throw methodNotAllowed()
    return podLog(core, call, options)
  }
  if (subresource !== 'status') throw unknownSubresource(call)
  if (resource.custom && resource.hasStatus && (verb === 'create' || verb === 'delete'))
    throw new StatusError(
      405,
      'MethodNotAllowed',
      `${verb} is not supported on resources of kind "${resourceText(resource)}"`,
      { group: resource.group, kind: resource.plural },
    )
  if (!resource.hasStatus) throw resource.custom ? notFound(resource, call.name ?? '') : noSuchResource()
  const { form } = acceptedOf(call)
  switch (verb) {
    case 'get':
      return json(200, getOne(core, call, form))
    case 'update':
      return written(core, call, await update(core, call), form)
    case 'patch':
      return written(core, call, await patch(core, call), form)
    default:
      throw methodNotAllowed()
  }
}

const NOT_DONE =
  /^(exec|attach|portforward|proxy|eviction|binding|ephemeralcontainers|resize|scale|token|finalize|approval)(\/|$)/

function unknownSubresource({ subresource = '', resource, name = '' }: Call): StatusError {
  if (NOT_DONE.test(subresource)) return notDone(`the subresource ${subresource} of ${resource.plural}`)
  return resource.custom ? notFound(resource, name) : noSuchResource()
}

async function removeOne(core: Core, call: Call, form: Form): Promise<ServerResponse> {
  const options = await readDeleteOptions(call)
  const { object, isGone } = await remove(core, call, options)
  // A pod is sent back even when it is gone: its strategy is graceful.
  if (!isGone || call.resource.graceSeconds !== undefined) return json(200, textOf(core, call, object, form))
  const { group, plural } = call.resource
  const { name, uid } = object.metadata
  const details: Fields = { name, ...(group === '' ? {} : { group }), kind: plural, uid }
  return json(200, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details })
}

/** Everything that matches, one after the other; the answer lists what was found. */
async function removeAll(core: Core, call: Call): Promise<ServerResponse> {
  const options = await readDeleteOptions(call)
  const matches = matcherOf(call)
  const found = collectionOf(core, call.resource)
    .entries(prefixOf(call))
    .filter(({ object }) => matches === undefined || matches(object))
  const revision = core.store.revision()
  const items: StoredObject[] = []
  for (const { object } of found) {
    const { name, namespace } = object.metadata
    try {
      await remove(
        core,
        { ...call, name, namespace },
        { ...options, uid: undefined, resourceVersion: undefined },
      )
      items.push(inVersion(call, object))
    } catch (error) {
      if (!(error instanceof StatusError) || error.code !== 404) throw error
    }
  }
  return json(200, {
    kind: call.resource.listKind,
    apiVersion: apiVersionOf(call.resource, call.version.name),
    metadata: { resourceVersion: String(revision), ...(call.resource.custom ? { continue: '' } : {}) },
    items: call.resource.custom ? items : items.map(({ kind: _kind, apiVersion: _version, ...rest }) => rest),
  })
}
