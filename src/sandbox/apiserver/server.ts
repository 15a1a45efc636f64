/** Puts the parts together: one handler from authentication to the answer, and the switches around it. */
import { APISERVER_HISTORY_EVENTS_MAX } from '../../limits.ts'
import { SILENT } from '../../log/index.ts'
import type { Handler, ServerRequest, ServerResponse } from '../../world/index.ts'
import { registerApiServices } from './aggregate.ts'
import { createAudit, MUTATING } from './audit.ts'
import { authenticate } from './auth.ts'
import { bootstrap } from './bootstrap.ts'
import { builtinResources } from './builtin/index.ts'
import { type Core, createRegistry } from './core.ts'
import { serveDefinitions } from './crds.ts'
import { dispatch, inProtobuf } from './dispatch.ts'
import { createFaults } from './faults.ts'
import { prefersProtobuf } from './negotiate.ts'
import { startControllers } from './owners.ts'
import { keyOf } from './resource.ts'
import { parseRoute, type Route } from './route.ts'
import { badRequest, StatusError, statusBody } from './status.ts'
import { createStore } from './store.ts'
import type { ApiServer, ApiServerOptions, UserInfo } from './types.ts'
import { createWatches } from './watch.ts'

/** A server with the objects of a fresh cluster. Nothing runs but timers on the given clock. */
export function createApiServer(options: ApiServerOptions): ApiServer {
  const store = createStore(options.historyEventsMax ?? APISERVER_HISTORY_EVENTS_MAX)
  const core: Core = {
    clock: options.clock,
    random: options.random,
    log: options.log ?? SILENT,
    store,
    registry: createRegistry(),
    hooks: options.admission ?? [],
    aggregated: options.aggregated ?? [],
  }
  const services = () =>
    store
      .collection('services')
      .entries('')
      .map(({ object }) => object)
  for (const resource of builtinResources(services)) core.registry.put(resource)
  const watches = createWatches()
  const stopControllers = startControllers(core, options.kubelet?.removeAfterMs)
  const stopDefinitions = serveDefinitions(core, (path) => watches.drop(path))
  bootstrap(core)
  registerApiServices(core)
  const audit = createAudit()
  const faults = createFaults()

  const handler: Handler = async (request) => {
    const asked: Asked = { verb: '', user: undefined }
    const path = request.path
    const finish = (response: ServerResponse): ServerResponse => {
      const isDry = request.query.has('dryRun')
      audit.record({
        verb: asked.verb,
        user: asked.user?.user ?? '',
        path,
        code: response.status,
        mutating: MUTATING.has(asked.verb) && !isDry,
      })
      return withCommonHeaders(core, response)
    }
    try {
      const route = routeOf(request)
      asked.verb = verbOf(request, route)
      asked.user = authenticate(request, options)
      const spoil = faults.isEmpty
        ? undefined
        : await faults.strike(core.clock, path, asked.verb, request.signal)
      const response = finish(await dispatch({ core, options, watches, request, route, user: asked.user }))
      return spoil === undefined ? response : spoil(response)
    } catch (error) {
      const response = failure(core, request, error)
      return finish(prefersProtobuf(request.headers['accept']) ? inProtobuf(response) : response)
    }
  }
  return {
    handler,
    compact: () => store.compact(),
    audit,
    faults: {
      add: faults.add,
      clear: faults.clear,
      freezeWatches: (path) => watches.freeze(path),
      dropWatches: (path) => watches.drop(path),
    },
    resourceVersion: () => String(store.revision()),
    get: (resource, name, namespace) => store.collection(resource).get(keyOf(namespace, name))?.object,
    list: (resource) =>
      store
        .collection(resource)
        .entries('')
        .map(({ object }) => object),
    openWatches: () => watches.size,
    close() {
      watches.close()
      stopControllers()
      stopDefinitions()
    },
  }
}

interface Asked {
  verb: string
  user: UserInfo | undefined
}

function routeOf(request: ServerRequest): Route {
  const route = parseRoute(request.method, request.path, request.query)
  if (route === undefined) throw badRequest('the path of the request is not properly escaped')
  return route
}

const verbOf = (request: ServerRequest, route: Route): string =>
  route.kind === 'resource' && route.verb !== undefined ? route.verb : request.method.toLowerCase()

const withCommonHeaders = (core: Core, response: ServerResponse): ServerResponse => ({
  ...response,
  headers: {
    'audit-id': core.random.uuid(),
    'cache-control': 'no-cache, private',
    ...response.headers,
  },
})

function failure(core: Core, request: ServerRequest, error: unknown): ServerResponse {
  if (!(error instanceof StatusError)) {
    if (request.signal.aborted) throw error
    core.log.error({ err: error, path: request.path }, 'the API server failed at a request')
  }
  const known =
    error instanceof StatusError
      ? error
      : new StatusError(500, 'InternalError', 'Internal error occurred: see the log of the sandbox', {})
  const seconds = known.details?.retryAfterSeconds
  return {
    status: known.code,
    headers: {
      'content-type': 'application/json',
      ...(seconds === undefined ? {} : { 'retry-after': String(seconds) }),
      ...(known.warnings.length === 0 ? {} : { warning: known.warnings }),
    },
    body: JSON.stringify(statusBody(known)),
  }
}
