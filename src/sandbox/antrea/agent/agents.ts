/** All agents: one for each Node, as Nodes come and go. */
import type { HttpClient } from '../../../world/index.ts'
import { follow } from '../follow.ts'
import type { KubeNode, Pod } from '../model.ts'
import { profileNamed } from '../profiles.ts'
import { startTracer, type Tracer } from '../trace/index.ts'
import type { AgentsOptions, StandInAgents, StandInDeps } from '../types.ts'
import { type Agent, createAgent } from './agent.ts'
import { delegatedAccess } from './api.ts'
import { createCounters, startStatistics } from './statistics.ts'

const REALIZATION_DELAY_MS = 50
const HEARTBEAT_MS = 60_000
const STATISTICS_MS = 60_000

interface Life {
  readonly http: HttpClient
  readonly stop: AbortController
  readonly agents: Map<string, Agent>
  readonly tracer: Tracer
}

export function createAgents(deps: StandInDeps, options: AgentsOptions = {}): StandInAgents {
  let life: Life | undefined
  const silent = new Set<string>()
  const failing = new Map<string, string>()
  const bundleFailing = new Map<string, string>()
  const counters = createCounters()

  const begin = async (): Promise<void> => {
    const http = deps.connect()
    const stop = new AbortController()
    const base = {
      http,
      clock: deps.clock,
      random: deps.random,
      ...(deps.log === undefined ? {} : { log: deps.log }),
    }
    const agents = new Map<string, Agent>()
    const podsOn = new Map<string, Map<string, Pod>>()
    const place = (key: string, pod: Pod | undefined, isThere: boolean) => {
      const node = pod?.spec?.nodeName
      if (pod === undefined || node === undefined || pod.spec?.hostNetwork === true) return
      const mine = podsOn.get(node) ?? new Map<string, Pod>()
      podsOn.set(node, mine)
      if (isThere) mine.set(key, pod)
      else mine.delete(key)
    }
    const pods = follow<Pod>(
      base,
      '/api/v1/pods',
      (key, now, before) => {
        place(key, before, false)
        place(key, now, true)
      },
      stop.signal,
    )
    const { serveAgent, agentAccess = delegatedAccess(http) } = options
    const nodes = follow<KubeNode>(
      base,
      '/api/v1/nodes',
      (name, now) => {
        const agent = agents.get(name)
        if (now === undefined) {
          agents.delete(name)
          agent?.stop()
        } else if (agent === undefined) {
          const fresh = createAgent({
            ...base,
            node: name,
            version: profileNamed(options.profile).version,
            subnets: () => nodes.objects.get(name)?.spec?.podCIDRs ?? [],
            localPods: () => [...(podsOn.get(name)?.values() ?? [])],
            access: agentAccess,
            counted: {
              begin: () => counters.installed(name),
              of: (uid, rule) => counters.flow(name, uid, rule),
            },
            ...(serveAgent === undefined ? {} : { serve: (handler) => serveAgent(name, handler) }),
            realizationDelayMs: options.realizationDelayMs ?? REALIZATION_DELAY_MS,
            heartbeatMs: options.heartbeatMs ?? HEARTBEAT_MS,
          })
          agents.set(name, fresh)
          fresh.setFailing(failing.get(name))
          fresh.setBundleFailing(bundleFailing.get(name))
          if (!silent.has(name)) fresh.start()
        }
      },
      stop.signal,
    )
    stop.signal.addEventListener('abort', () => {
      for (const agent of agents.values()) agent.stop()
    })
    const tracer = startTracer({
      ...base,
      signal: stop.signal,
      pods: pods.objects,
      nodes: nodes.objects,
      isAwake: (node) => agents.has(node) && !silent.has(node),
    })
    startStatistics(
      {
        ...base,
        signal: stop.signal,
        periodMs: options.statisticsMs ?? STATISTICS_MS,
        isAwake: (node) => agents.has(node) && !silent.has(node),
      },
      counters,
    )
    life = { http, stop, agents, tracer }
    await Promise.all([pods.synced, nodes.synced])
    tracer.lookAgain()
  }

  return {
    async start() {
      if (life === undefined) await begin()
    },
    async stop() {
      const ending = life
      life = undefined
      ending?.stop.abort(new Error('the agents were stopped'))
    },
    setSilent(node, isSilent) {
      if (isSilent) silent.add(node)
      else silent.delete(node)
      const agent = life?.agents.get(node)
      if (isSilent) agent?.stop()
      else agent?.start()
      if (!isSilent) life?.tracer.lookAgain()
    },
    setFailing(node, message) {
      if (message === undefined) failing.delete(node)
      else failing.set(node, message)
      life?.agents.get(node)?.setFailing(message)
    },
    setBundleFailing(node, message) {
      if (message === undefined) bundleFailing.delete(node)
      else bundleFailing.set(node, message)
      life?.agents.get(node)?.setBundleFailing(message)
    },
    addTraffic: counters.add,
  }
}
