/** One agent: it watches its Node's policies, reports each as realized, and writes its heartbeat. */
import { STANDIN_AGENT_WATCH_SILENCE_MS } from '../../../limits.ts'
import type { Logger } from '../../../log/index.ts'
import { type Clock, type Handler, type HttpClient, type Random, sleep } from '../../../world/index.ts'
import { call, messageOf } from '../api.ts'
import { CONTROLPLANE, type WirePolicy } from '../compute/index.ts'
import { pause, watchLines } from '../follow.ts'
import type { Pod } from '../model.ts'
import { timestamp } from '../status.ts'
import type { AgentPlace, Traffic } from '../types.ts'
import { type AgentAccess, createAgentApi } from './api.ts'
import { collectBundles } from './bundles.ts'
import type { HeldPolicy } from './policies.ts'

const API = `/apis/${CONTROLPLANE}`
const AGENT_PORT = 10_350
/** The real agent waits until the controller has made its AntreaAgentInfo. */
const INFO_RETRY_MS = 1_000
/** How long the first heartbeat waits for the controller. */
const CONTACT_MS = 2_000

export interface AgentDeps {
  readonly http: HttpClient
  readonly clock: Clock
  readonly random: Random
  readonly log?: Logger
  readonly node: string
  /** Of Antrea. */
  readonly version: string
  readonly subnets: () => readonly string[]
  readonly localPods: () => readonly Pod[]
  /** Puts its API onto a socket. */
  readonly serve?: (handler: Handler) => Promise<AgentPlace>
  readonly access: AgentAccess
  /** What passed on this Node since `begin` was last called, which is when the agent starts. */
  readonly counted: { begin(): void; of(uid: string, rule: string): Traffic }
  readonly realizationDelayMs: number
  readonly heartbeatMs: number
}

export interface Agent {
  /** No effect while it runs. */
  start(): void
  /** What it knows is forgotten, as in a restart. */
  stop(): void
  setFailing(message: string | undefined): void
  setBundleFailing(message: string | undefined): void
}

interface WatchLine {
  readonly type: string
  readonly object: WirePolicy
}

interface Life {
  readonly stop: AbortController
  /** Generation of each policy of Antrea's on this Node. */
  readonly policies: Map<string, number>
  /** Every policy of this Node, and when its flows are there. */
  readonly held: Map<string, HeldPolicy>
  /** When each is to be reported, in this order. */
  readonly due: Map<string, number>
  wake: () => void
  /** Called with every line of the watch. */
  connected: () => void
  /** Where its API is. */
  place?: AgentPlace
}

export function createAgent(deps: AgentDeps): Agent {
  const { http, clock, node } = deps
  let bundleFailure: string | undefined
  let life: Life | undefined
  let failure: string | undefined
  let connected = false
  let round = 0

  const plan = (mine: Life, uid: string) => {
    mine.due.delete(uid)
    mine.due.set(uid, clock.monotonicMs() + deps.realizationDelayMs)
    mine.wake()
  }

  const take = (mine: Life, { type, object }: WatchLine) => {
    if (type === 'BOOKMARK') return
    const { name, generation = 0 } = object.metadata
    if (type === 'DELETED') mine.held.delete(name)
    else mine.held.set(name, { policy: object, installedMs: clock.monotonicMs() + deps.realizationDelayMs })
    if (type === 'DELETED') {
      mine.policies.delete(name)
      mine.due.delete(name)
      return
    }
    // Nobody collects reports on Kubernetes' own policies.
    if (!object.sourceRef.type.startsWith('Antrea') || mine.policies.get(name) === generation) return
    mine.policies.set(name, generation)
    plan(mine, name)
  }

  /** Repeats `attempt` for ever; it ends in good order or by failing. */
  const forever = async (signal: AbortSignal, attempt: () => Promise<void>) => {
    for (let failures = 0; !signal.aborted; ) {
      try {
        await attempt()
        failures = 0
      } catch (error) {
        if (signal.aborted) return
        failures += 1
        deps.log?.debug({ err: error, node }, 'an agent tries again')
      }
      await pause(deps, Math.max(1, failures), signal)
    }
  }

  const selector = new URLSearchParams({ watch: 'true', fieldSelector: `nodeName=${node}` })

  /** Every new watch begins with everything: a controller that was restarted has forgotten the reports. */
  const watchPolicies = (mine: Life) =>
    forever(mine.stop.signal, async () => {
      let isOpen = false
      try {
        for await (const line of watchLines(
          http,
          `${API}/networkpolicies?${selector}`,
          mine.stop.signal,
          STANDIN_AGENT_WATCH_SILENCE_MS,
        )) {
          if (!isOpen) {
            mine.policies.clear()
            mine.held.clear()
          }
          isOpen = true
          connected = true
          mine.connected()
          take(mine, line as WatchLine)
        }
      } finally {
        // A stream that ends is opened again at once; only when that fails is the controller out of reach.
        if (!isOpen) connected = false
      }
    })

  /** The controller counts who watches these as its agents. */
  const watchAppliedTo = (mine: Life) =>
    forever(mine.stop.signal, async () => {
      for await (const _ of watchLines(
        http,
        `${API}/appliedtogroups?${selector}`,
        mine.stop.signal,
        STANDIN_AGENT_WATCH_SILENCE_MS,
      ));
    })

  const sendReports = async (mine: Life): Promise<void> => {
    const { signal } = mine.stop
    while (!signal.aborted) {
      const [next] = mine.due
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          mine.wake = resolve
        })
        continue
      }
      const [uid, dueMs] = next
      const waitMs = dueMs - clock.monotonicMs()
      if (waitMs > 0) {
        await sleep(clock, waitMs, signal)
        continue
      }
      mine.due.delete(uid)
      const generation = mine.policies.get(uid)
      if (generation !== undefined) await report(mine, uid, generation)
    }
  }

  const report = async (mine: Life, uid: string, generation: number): Promise<void> => {
    const { signal } = mine.stop
    const body = {
      apiVersion: CONTROLPLANE,
      kind: 'NetworkPolicyStatus',
      metadata: { name: uid },
      nodes: [
        { nodeName: node, generation, realizationFailure: failure !== undefined, message: failure ?? '' },
      ],
    }
    try {
      const answer = await call(http, 'POST', `${API}/networkpolicies/${uid}/status`, { body, signal })
      if (answer.status < 300) return
      deps.log?.debug({ node, uid, why: messageOf(answer.body) }, 'a report was refused')
    } catch (error) {
      if (signal.aborted) return
      deps.log?.debug({ err: error, node, uid }, 'a report did not arrive')
    }
    plan(mine, uid)
    await pause(deps, 1, signal)
  }

  const info = (mine: Life) => {
    const lastHeartbeatTime = timestamp(clock)
    const condition = (type: string, isUp: boolean) => ({
      type,
      status: isUp ? 'True' : 'False',
      lastHeartbeatTime,
    })
    return {
      version: deps.version,
      podRef: { kind: 'Pod', namespace: 'kube-system', name: `antrea-agent-${node}` },
      nodeRef: { kind: 'Node', name: node },
      nodeSubnets: deps.subnets(),
      ovsInfo: { version: '3.3.0', bridgeName: 'br-int' },
      networkPolicyControllerInfo: mine.policies.size === 0 ? {} : { networkPolicyNum: mine.policies.size },
      localPodNum: deps.localPods().length,
      agentConditions: [
        condition('AgentHealthy', true),
        condition('ControllerConnectionUp', connected),
        condition('OVSDBConnectionUp', true),
        condition('OpenflowConnectionUp', true),
      ],
      apiPort: mine.place?.port ?? AGENT_PORT,
      ...(mine.place?.caPem === undefined
        ? {}
        : { apiCABundle: Buffer.from(mine.place.caPem).toString('base64') }),
    }
  }

  /** Its port is told with the first heartbeat. */
  const openApi = async (mine: Life): Promise<void> => {
    const { signal } = mine.stop
    const handler = createAgentApi({
      clock,
      signal,
      access: deps.access,
      info: () => info(mine),
      localPods: deps.localPods,
      policies: () => mine.policies,
      held: () => [...mine.held.values()],
      counted: deps.counted.of,
      round,
      conjunctions: new Map(),
      monotonicMs: () => clock.monotonicMs(),
      startedMs: clock.now(),
      hasFlows: ({ installedMs }) => failure === undefined && clock.monotonicMs() >= installedMs,
    })
    const place = await deps.serve?.(handler).catch((error: unknown) => {
      deps.log?.warn({ err: error, node }, 'an agent is without its API')
      return undefined
    })
    if (place === undefined) return
    const close = () =>
      void place.close().catch((error: unknown) => {
        deps.log?.debug({ err: error, node }, "an agent's API was not closed")
      })
    if (signal.aborted) return close()
    mine.place = place
    signal.addEventListener('abort', close, { once: true })
  }

  const collect = (mine: Life) => {
    const { signal } = mine.stop
    const collector = { http, clock, node, failure: () => bundleFailure }
    return forever(signal, () => collectBundles(collector, signal))
  }

  /** So that the first heartbeat does not say that the controller is out of reach. */
  const firstContact = (mine: Life) =>
    Promise.race([
      new Promise<void>((resolve) => {
        mine.connected = resolve
      }),
      sleep(clock, CONTACT_MS, mine.stop.signal),
    ])

  const beat = async (mine: Life): Promise<void> => {
    const { signal } = mine.stop
    const path = `/apis/crd.antrea.io/v1beta1/antreaagentinfos/${encodeURIComponent(node)}`
    await openApi(mine)
    await firstContact(mine)
    while (!signal.aborted) {
      let isWritten = false
      try {
        const answer = await call(http, 'PATCH', path, { body: info(mine), type: 'merge', signal })
        isWritten = answer.status < 300
      } catch (error) {
        if (signal.aborted) return
        deps.log?.debug({ err: error, node }, 'a heartbeat was not written')
      }
      await sleep(clock, isWritten ? deps.heartbeatMs : INFO_RETRY_MS, signal)
    }
  }

  return {
    start() {
      if (life !== undefined) return
      const mine: Life = {
        stop: new AbortController(),
        policies: new Map(),
        held: new Map(),
        due: new Map(),
        wake() {},
        connected() {},
      }
      mine.stop.signal.addEventListener('abort', () => mine.wake(), { once: true })
      life = mine
      round += 1
      deps.counted.begin()
      for (const work of [watchPolicies, watchAppliedTo, sendReports, beat, collect])
        work(mine).catch((error: unknown) => {
          if (!mine.stop.signal.aborted)
            deps.log?.warn({ err: error, node }, "a part of an agent's work ended")
        })
    },
    stop() {
      life?.stop.abort(new Error('the agent was stopped'))
      life = undefined
    },
    setFailing(message) {
      if (message === failure) return
      failure = message
      if (life !== undefined) for (const uid of life.policies.keys()) plan(life, uid)
    },
    setBundleFailing(message) {
      bundleFailure = message
    },
  }
}
