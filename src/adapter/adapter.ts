/**
 * The adapter in one piece: both channels over the Kubernetes side and one manager, under the root chart. Everything of
 * the world comes in as an argument, so the daemon, the sandbox and the simulator run this same composition.
 */
import { type ActorRefFrom, createActor, fromCallback, type InspectionEvent } from 'xstate'
import { type AdapterEvent, adapterMachine, createWatchesMachine } from '../../machines/index.ts'
import { createIntentNames, DEFAULT_TIERS, provideCcp } from '../ccp/index.ts'
import { inspectSessions, inspectTransitions, stateWords, type Transition } from '../diagnostics/index.ts'
import { asAdapterError } from '../errors.ts'
import type { Health } from '../health/index.ts'
import { agentClientOf } from '../kube/agents/index.ts'
import { createKubeSide, type KubeSide } from '../kube/cluster.ts'
import type { Instances } from '../kube/instances.ts'
import { readOnly } from '../kube/read-only.ts'
import { createAgentHealth, provideMp } from '../mp/index.ts'
import { asObserver, isRest, type NsxManager, type NsxRest, openNsx } from '../nsx/index.ts'
import {
  createAntreaLevels,
  createOperations,
  type OwnFiles,
  ownFilesOf,
  placesOfStores,
  viewOfStores,
} from '../operations/index.ts'
import { COMPONENTS, createProgress, statusOf } from '../status/index.ts'
import { countedBy, insightOf, type Made } from './insight.ts'
import { createPauses } from './pauses.ts'
import { createStatusParts } from './status-parts.ts'
import { type Adapter, type AdapterOptions, WATCHED } from './types.ts'

/** Charts that hold a session with the manager. */
const CHANNELS = { 'adapter/ccp': 'ccp', 'adapter/mp': 'mp' } as const

/** Builds the adapter; nothing is sent before `start`. Throws the errors of reading the credentials. */
export async function createAdapter(options: AdapterOptions): Promise<Adapter> {
  const { settings, clock, random, log, health } = options
  const inspectStates = inspectTransitions(clock, (transition) => onTransition(transition))
  const inspectLinks = inspectSessions(clock, CHANNELS, (fact) => options.onFact?.(fact))
  const inspect = (event: InspectionEvent) => {
    inspectStates(event)
    inspectLinks(event)
    options.inspect?.(event)
  }
  const progress = createProgress(clock)
  const onTransition = (transition: Transition) => {
    progress.note(transition)
    report(options, transition)
  }
  const kube = await createKubeSide({
    access: options.kubeAccess,
    connect: options.connectKube,
    clock,
    random,
    log: log.child({ room: 'kube' }),
    health,
    instance: settings.instance,
    userAgent: `antrea-nsx-adapter/${options.version}`,
    resources: WATCHED,
    lease: settings.lease,
    inspect,
  })
  const nsx = openNsx({ ...options, log: log.child({ room: 'nsx' }) })
  const instances = kube.instances({
    hello: (signal) => (isRest(nsx) ? nsx.probe(signal) : nsx.probe('ccp', signal)),
    isOpen: () => isOpen(health, 'ccp') && isOpen(health, 'mp'),
    certificateSha256: options.nsxCertificateSha256,
    version: options.version,
  })
  const made: Made = {}
  const ownFiles: OwnFiles = async () => [
    ...ownFilesOf(status(), options.ownLog),
    ...((await options.ownFiles?.()) ?? []),
  ]
  const actor: Root = createActor(compose(options, kube, nsx, instances, made, ownFiles), {
    id: 'adapter',
    clock,
    inspect,
  })
  actor.subscribe({
    error: (error) => {
      log.error({ code: 'INTERNAL', err: error }, 'the root chart broke; the process has to be started again')
      options.onBroken?.(error)
    },
  })
  const status = () =>
    statusOf({
      about: {
        version: options.version,
        instance: settings.instance,
        cluster: { id: settings.clusterId, name: settings.clusterName },
      },
      role: stateWords(actor.getSnapshot().value.role),
      watched: WATCHED,
      health,
      kube,
      instances,
      parts: parts(made),
    })
  const parts = createStatusParts(clock, progress, kube.store('antreaAgentInfos'))
  const closeSockets = async () => {
    await Promise.all([kube.close(), isRest(nsx) ? nsx.close() : options.nsxHttp?.close()])
  }
  return {
    start: () => void actor.start(),
    approve: () => actor.send({ type: 'APPROVE' }),
    renewed() {
      if (isRest(nsx)) nsx.renewed()
      actor.send({ type: 'RENEWED' })
    },
    pause: (channel, forMs) => actor.send({ type: 'PAUSE', channel, forMs: forMs }),
    resume: (channel) => actor.send({ type: 'RESUME', channel }),
    idleMs: () => progress.idleMs(),
    async stop() {
      await stopped(actor)
      actor.stop()
      await closeSockets()
    },
    async kill() {
      nsx.reset()
      actor.stop()
      await closeSockets()
    },
    adoption: () => made.adopter?.show() ?? [],
    async adopt(shown) {
      made.pauses?.check('ccp')
      await made.adopter?.adopt(shown)
    },
    status,
    cluster: { own: kube.own, http: kube.http, watchEvents: kube.watchEvents },
    get insight() {
      return insightOf(made, (name) => kube.store(name))
    },
  }
}

type Root = ActorRefFrom<typeof adapterMachine>

/** The channel's stream is open, whatever it does with it. */
const isOpen = (health: Health, channel: 'ccp' | 'mp'): boolean =>
  /(^| )link\.open\./.test(health.component(channel)?.state ?? '')

function compose(
  options: AdapterOptions,
  kube: KubeSide,
  nsx: NsxManager | NsxRest,
  instances: Instances,
  made: Made,
  ownFiles: OwnFiles,
): typeof adapterMachine {
  const { settings, clock, random, log, health } = options
  const isObserving = settings.mode === 'observe'
  const client = isObserving ? readOnly(kube.client) : kube.client
  const common = {
    clock,
    random,
    health,
    nsx: isObserving && !isRest(nsx) ? asObserver(nsx) : nsx,
    clusterId: settings.clusterId,
    clusterUid: () => kube.clusterUid(),
    instance: settings.instance,
    adapterVersion: options.version,
    tell: options.onFact ?? (() => {}),
  }
  const names = createIntentNames(settings.clusterId)
  const stores = Object.fromEntries(WATCHED.map((name) => [name, kube.store(name)])) as unknown as Parameters<
    typeof provideCcp
  >[0]['stores'] &
    Parameters<typeof provideMp>[0]['stores']
  const view = viewOfStores(stores)
  const pauses = createPauses(clock, health)
  made.pauses = pauses
  const agents = createAgentHealth(stores, () => clock.monotonicMs())
  made.agents = agents
  made.statistics = countedBy({ http: kube.http, clock, view, names })
  return adapterMachine.provide({
    actors: {
      lease: kube.lease,
      instances: instances.logic,
      watches: createWatchesMachine({
        ...Object.fromEntries(WATCHED.map((name) => [name, kube.watch(name)])),
        discovery: kube.discovery,
      }),
      readiness: readiness(kube),
      ccp: provideCcp({
        ...common,
        clusterName: settings.clusterName,
        log: log.child({ room: 'ccp' }),
        kube: client,
        stores,
        agents,
        ...askingAgents(options, stores),
        settings: {
          tiers: settings.tiers ?? DEFAULT_TIERS,
          fqdnProfiles: settings.fqdnProfiles ?? false,
          ...(settings.memberPollMs === undefined ? {} : { memberPollMs: settings.memberPollMs }),
          mode: settings.mode ?? 'enforce',
        },
        onDesired: names.take,
        onAdopter: (adopter) => {
          made.adopter = adopter
        },
        onInsight: (insight) => {
          made.ccp = insight
        },
      }),
      mp: provideMp({
        ...common,
        log: log.child({ room: 'mp' }),
        stores,
        isServed: (name) => kube.isServed(name),
        clusterName: settings.clusterName,
        gate: kube.gate,
        isPaused: () => pauses.view().mp !== undefined,
        onInsight: (insight) => {
          made.inventory = insight
        },
        operations: createOperations({
          kube: client,
          http: kube.http,
          clock,
          clusterId: settings.clusterId,
          cluster: view,
          names,
          ...(options.ownLog === undefined
            ? {}
            : { own: { instance: settings.instance, ...options.ownLog } }),
          namespace: settings.lease.namespace,
          ...(options.connectAgent === undefined
            ? {}
            : {
                antreaLevels: createAntreaLevels(placesOfStores(stores, client, options.connectAgent), clock),
                agents: agentClientOf(stores, options.connectAgent, clock),
              }),
          gate: kube.gate,
          version: options.version,
          ownFiles,
        }),
      }),
    },
    actions: {
      sayPaused: ({ context }, { channel }) => pauses.begin(channel, context.pauseMs[channel]),
      sayResumed: (_, { channel }) => pauses.end(channel),
      childFailed: ({ event }) => {
        const failed = event as unknown as { type: string; error?: unknown }
        const error = asAdapterError(failed.error)
        log.error(
          { event: failed.type, code: error.code, err: failed.error },
          'a part of the adapter broke and is started again',
        )
      },
    },
  })
}

type AgentStores = Pick<Parameters<typeof provideMp>[0]['stores'], 'antreaAgentInfos' | 'nodes'>

const askingAgents = ({ connectAgent, clock }: AdapterOptions, stores: AgentStores) =>
  connectAgent === undefined ? {} : { askAgent: agentClientOf(stores, connectAgent, clock) }

const readiness = (kube: KubeSide) =>
  fromCallback<AdapterEvent>(({ sendBack }) => {
    let was: boolean | undefined
    const look = () => {
      const is = kube.ready()
      if (is === was || (was === undefined && !is)) return
      was = is
      sendBack({ type: is ? 'KUBE_READY' : 'KUBE_LOST' })
    }
    look()
    return kube.onReadiness(look)
  })

function report(options: AdapterOptions, transition: Transition): void {
  const component = COMPONENTS[transition.machine]
  if (component !== undefined && transition.from !== transition.to)
    options.health.setComponent(component, transition.to)
  options.onTransition?.(transition)
}

function stopped(actor: Root): Promise<void> {
  return new Promise((resolve) => {
    const look = (snapshot: { value: { role: unknown } }) => {
      if (snapshot.value.role === 'stopped') resolve()
    }
    actor.subscribe({ next: look, complete: resolve, error: () => resolve() })
    actor.send({ type: 'STOP' })
    look(actor.getSnapshot())
  })
}
