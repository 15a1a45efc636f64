/** The controller half: its webhooks and APIs for both kinds of API server, around one run at a time. */
import { stringify } from 'yaml'
import { SILENT } from '../../log/index.ts'
import type { Handler, ServerRequest, ServerResponse } from '../../world/index.ts'
import type { AdmissionHook, AggregatedApi, AggregatedResource } from '../apiserver/types.ts'
import { MutatorCrash, review, serveReview } from './admission/index.ts'
import { delegatedAccess } from './agent/index.ts'
import type { ComputedGroup, SpanStore } from './compute/index.ts'
import { serveConversion } from './convert.ts'
import { CONTROLLER_NAME } from './infos.ts'
import { type Profile, profileNamed } from './profiles.ts'
import { type Run, startRun } from './run.ts'
import {
  CONTROLPLANE_RESOURCES,
  createBundle,
  createControlplane,
  createLogLevel,
  createStatistics,
  createSystem,
  inForm,
  json,
  noSuchPath,
  notAllowed,
  refuse,
  STATS_RESOURCES,
  SYSTEM_RESOURCES,
} from './serve/index.ts'
import { timestamp } from './status.ts'
import type { ControllerOptions, StandInController, StandInDeps } from './types.ts'

/** The name in the certificate with which kube-apiserver calls aggregated APIs. */
const FRONT_PROXY = 'front-proxy-client'

type Serve = (request: ServerRequest, parts: readonly string[]) => Promise<ServerResponse>

interface Life {
  readonly run: Run
  readonly stop: AbortController
  readonly apis: ReadonlyMap<string, Serve>
  readonly logLevel: ReturnType<typeof createLogLevel>
}

interface ServedApi {
  readonly group: string
  readonly version: string
  readonly resources: readonly AggregatedResource[]
}

/** What the newest one serves. */
const APIS: readonly ServedApi[] = [
  { group: 'controlplane.antrea.io', version: 'v1beta2', resources: CONTROLPLANE_RESOURCES },
  { group: 'system.antrea.io', version: 'v1beta1', resources: SYSTEM_RESOURCES },
  { group: 'stats.antrea.io', version: 'v1alpha1', resources: STATS_RESOURCES },
]

const servedBy = ({ lacks }: Profile): readonly ServedApi[] =>
  APIS.map((api) => ({ ...api, resources: api.resources.filter(({ name }) => !lacks.has(name)) }))

export function createController(deps: StandInDeps, options: ControllerOptions = {}): StandInController {
  let life: Life | undefined
  const profile = profileNamed(options.profile)
  const apis = servedBy(profile)

  const begin = (): Life => {
    const stop = new AbortController()
    const agents = new Set<object>()
    const run = startRun({
      http: deps.connect(),
      clock: deps.clock,
      random: deps.random,
      log: deps.log ?? SILENT,
      signal: stop.signal,
      statusWritesPerSecond: options.statusWritesPerSecond ?? 50,
      connectedAgents: () => agents.size,
      ...(options.place === undefined ? {} : { place: options.place }),
      profile,
    })
    const statistics = createStatistics(run.engine, deps.clock, timestamp)
    const controlplane = createControlplane({
      engine: run.engine,
      clock: deps.clock,
      stopped: () => stop.signal,
      report: run.report,
      collections: run.collections,
      count: statistics.add,
      agents,
    })
    const info = () => ({ metadata: { name: CONTROLLER_NAME }, ...run.controllerInfo() })
    const bundle = createBundle({
      clock: deps.clock,
      signal: stop.signal,
      name: 'controller',
      files: () => bundleFiles(run, info()),
    })
    return {
      run,
      stop,
      logLevel: createLogLevel(),
      apis: new Map<string, Serve>([
        ['controlplane.antrea.io', controlplane],
        ['system.antrea.io', createSystem({ info, bundle })],
        ['stats.antrea.io', statistics.serve],
      ]),
    }
  }

  const serveApi = async (api: ServedApi, request: ServerRequest): Promise<ServerResponse> => {
    if (life === undefined) return down()
    const root = `/apis/${api.group}/${api.version}`
    const parts = request.path
      .slice(root.length)
      .split('/')
      .filter((part) => part !== '')
      .map(decodePart)
    if (parts.some((part) => part === undefined)) return noSuchPath()
    if (parts.length === 0) return request.method === 'GET' ? resourceList(api) : notAllowed()
    const serve = life.apis.get(api.group)
    return serve === undefined || profile.lacks.has(parts[0] ?? '')
      ? noSuchPath()
      : inForm(request, await serve(request, parts as string[]))
  }

  const admission: readonly AdmissionHook[] = profile.webhooks.map((hook) => ({
    name: hook.name,
    mutating: hook.mutating,
    match: (gvr, operation, subresource) =>
      gvr.group === 'crd.antrea.io' &&
      gvr.version === hook.version &&
      gvr.resource === hook.resource &&
      (subresource === undefined || subresource === '') &&
      hook.operations.includes(operation),
    review: async (request) => {
      const call = `Post "https://antrea.kube-system.svc:443${hook.path}?timeout=5s"`
      if (life === undefined) throw new Error(`${call}: dial tcp 127.0.0.1:443: connect: connection refused`)
      try {
        return await review(hook, request, life.run.lookup)
      } catch (error) {
        if (error instanceof MutatorCrash) throw new Error(`${call}: EOF`)
        throw error
      }
    },
  }))

  const aggregated: readonly AggregatedApi[] = apis.map((api) => ({
    group: api.group,
    version: api.version,
    resources: api.resources,
    handler: (request) => serveApi(api, request),
  }))

  const handler: Handler = async (request) => {
    const { path } = request
    if (path === '/healthz' || path === '/livez' || path === '/readyz')
      return { status: 200, headers: { 'content-type': 'text/plain' }, body: 'ok' }
    if (path.startsWith('/mutate/') || path.startsWith('/validate/')) {
      if (life === undefined) return down()
      return request.method === 'POST'
        ? serveReview(request, profile.webhooks, life.run.lookup)
        : notAllowed()
    }
    if (path === '/convert/ippool') {
      if (life === undefined) return down()
      return request.method === 'POST' ? serveConversion(request) : notAllowed()
    }
    if (path === '/loglevel') {
      if (life === undefined) return down()
      const token = /^Bearer (\S+)$/.exec(request.headers['authorization'] ?? '')?.[1]
      const { access = delegatedAccess(deps.connect()) } = options
      if (token === undefined || !(await access(token, request.method, path)))
        return refuse(401, 'Unauthorized', 'Unauthorized')
      return request.method === 'GET' ? life.logLevel(request) : notAllowed()
    }
    const api = apis.find(({ group, version }) => isUnder(path, `/apis/${group}/${version}`))
    if (api === undefined) return noSuchPath()
    // Only the front proxy may say who its caller is; nobody else is known here.
    if (request.peer.verified !== true || request.peer.commonName !== FRONT_PROXY)
      return refuse(401, 'Unauthorized', 'Unauthorized')
    return serveApi(api, request)
  }

  return {
    admission,
    aggregated,
    handler,
    async start() {
      if (life !== undefined) return life.run.ready
      const mine = begin()
      life = mine
      await mine.run.ready
    },
    async stop() {
      const ending = life
      life = undefined
      ending?.stop.abort(new Error('the controller was stopped'))
    },
  }
}

const isUnder = (path: string, root: string): boolean => path === root || path.startsWith(`${root}/`)

const down = (): ServerResponse =>
  refuse(503, 'ServiceUnavailable', 'error trying to reach service: antrea-controller is down')

function decodePart(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}

const resourceList = ({ group, version, resources }: ServedApi): ServerResponse =>
  json(200, {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: `${group}/${version}`,
    resources: resources.map(({ singularName = '', ...rest }) => ({ ...rest, singularName })),
  })

/** What antctl would put into the bundle, but logs and profiles: there are none. */
function bundleFiles(run: Run, info: object): ReadonlyMap<string, string> {
  const listOf = <T>(store: SpanStore<T>) => [...store.entries()].map(([, { object }]) => object)
  const groups = (store: SpanStore<ComputedGroup>) =>
    listOf(store).map(({ name, members }) => ({
      name,
      members: [...members.values()].map(({ wire }) => wire),
    }))
  const files: Readonly<Record<string, unknown>> = {
    controllerinfo: info,
    networkpolicies: listOf(run.engine.policies),
    appliedtogroups: groups(run.engine.appliedToGroups),
    addressgroups: groups(run.engine.addressGroups),
  }
  return new Map(Object.entries(files).map(([name, value]) => [name, stringify(value)]))
}
