/**
 * How old Antrea's heartbeats are (semantics §8). Node clocks are not asked: an age is the time since we saw the
 * heartbeat change, on our monotonic clock. For one we have not seen change, the API server's own clock helps: each write
 * we watch live carries its time in managedFields, and that anchors it to ours.
 */

import type { AntreaAgentInfo, AntreaControllerInfo, MonitoringCondition } from '../../kube/antrea.ts'
import type { KubeObject, Store } from '../../kube/index.ts'
import { NODE_CLOCK_OFF_MS } from '../../limits.ts'
import { type Heartbeat, judgeAgent, type SeenAgent, type SeenController } from './judge.ts'

export interface HeartbeatStores {
  readonly antreaAgentInfos: Store<AntreaAgentInfo>
  readonly antreaControllerInfos: Store<AntreaControllerInfo>
  /** Written now and then by others: their writes tell the API server's time as well. */
  readonly endpointSlices: Store
  readonly clusterNetworkPolicies: Store
}

export interface Heartbeats {
  /** Begins to look; returns the end. `onChange`: what is thought of an agent or the set of agents changed, or the controller reported. */
  follow(onChange: () => void): () => void
  agents(): SeenAgent[]
  /** Of the Node of this name, whether or not it is known. */
  agent(node: string): SeenAgent
  controller(): SeenController | undefined
  /** Since the first `follow`. */
  watchedMs(): number
  /** Nodes whose heartbeat is written with a time over 60 s away from the API server's. */
  clocksOff(): string[]
}

interface Beat {
  readonly text: string
  readonly firstSeenMs: number
  /** When we saw it change, live. */
  readonly changedMs: number | undefined
  /** The API server's time of the last write, milliseconds since 1970. */
  readonly writtenAt: number | undefined
  readonly conditions: readonly MonitoringCondition[]
}

const agentConditions = (object: KubeObject) => (object as AntreaAgentInfo).agentConditions ?? []
const controllerConditions = (object: KubeObject) =>
  (object as AntreaControllerInfo).controllerConditions ?? []

const lastBeat = (conditions: readonly MonitoringCondition[]): string =>
  conditions
    .map(({ lastHeartbeatTime }) => lastHeartbeatTime ?? '')
    .sort()
    .at(-1) ?? ''

/** The newest time in an object's managedFields. */
export function writtenAt({ metadata }: KubeObject): number | undefined {
  const times = (metadata.managedFields ?? [])
    .map(({ time }) => Date.parse(time ?? ''))
    .filter((time) => Number.isFinite(time))
  return times.length === 0 ? undefined : Math.max(...times)
}

export function createHeartbeats(stores: HeartbeatStores, monotonicMs: () => number): Heartbeats {
  const beats = new Map<string, Beat>()
  const versions = new Map<string, string>()
  /** The API server's clock minus our monotonic one; late news only makes it smaller, so the largest is the best. */
  let offsetMs: number | undefined
  let sinceMs: number | undefined

  const anchor = (place: string, object: KubeObject, isLive: boolean) => {
    const version = object.metadata.resourceVersion ?? ''
    const before = versions.get(place)
    versions.set(place, version)
    const time = writtenAt(object)
    if (!isLive || before === undefined || before === version || time === undefined) return
    const offset = time - monotonicMs()
    if (offsetMs === undefined || offset > offsetMs) offsetMs = offset
  }

  const look = (
    place: string,
    object: KubeObject,
    conditions: readonly MonitoringCondition[],
    isLive: boolean,
  ) => {
    const before = beats.get(place)
    const text = lastBeat(conditions)
    anchor(place, object, isLive)
    const now = monotonicMs()
    const isChange = before !== undefined && before.text !== text
    beats.set(place, {
      text,
      firstSeenMs: before === undefined || isChange ? now : before.firstSeenMs,
      changedMs: isChange ? (isLive ? now : undefined) : before?.changedMs,
      writtenAt: writtenAt(object),
      conditions,
    })
  }

  const lookAt = (
    store: Store,
    keys: Iterable<string>,
    isLive: boolean,
    read: (object: KubeObject) => readonly MonitoringCondition[],
  ) => {
    for (const key of keys) {
      const place = `${store.type.plural} ${key}`
      const object = store.get(key)
      if (object !== undefined) look(place, object, read(object), isLive)
      else {
        beats.delete(place)
        versions.delete(place)
      }
    }
  }

  const heartbeat = (place: string): Heartbeat => {
    const now = monotonicMs()
    const beat = beats.get(place)
    if (beat === undefined) return { ageMs: undefined, watchedMs: 0, lastHeartbeatTime: undefined }
    const time = Date.parse(beat.text)
    return {
      ageMs: ageOf(beat, now, offsetMs),
      watchedMs: now - beat.firstSeenMs,
      lastHeartbeatTime: Number.isFinite(time) ? time : undefined,
    }
  }

  const agentAt = (name: string): SeenAgent => {
    const place = `${stores.antreaAgentInfos.type.plural} ${name}`
    return { name, heartbeat: heartbeat(place), conditions: beats.get(place)?.conditions ?? [] }
  }
  /** What is thought of these agents: one word for each. */
  const verdicts = (names: ReadonlySet<string>): string =>
    [...names].map((name) => judgeAgent(agentAt(name)).status).join(' ')

  return {
    follow(onChange) {
      sinceMs ??= monotonicMs()
      const { antreaAgentInfos: agents, antreaControllerInfos: controllers } = stores
      lookAt(agents, agents.keys(), false, agentConditions)
      lookAt(controllers, controllers.keys(), false, controllerConditions)
      const others = [stores.endpointSlices, stores.clusterNetworkPolicies]
      for (const store of others)
        for (const [key, object] of entries(store)) anchor(`${store.type.plural} ${key}`, object, false)
      const ends = [
        agents.subscribe((keys) => {
          // With a thousand nodes there are 17 heartbeats a second; nearly all of them change nothing.
          const before = verdicts(keys)
          const hadAll = [...keys].every((key) => beats.has(`${agents.type.plural} ${key}`))
          lookAt(agents, keys, agents.live, agentConditions)
          const hasAll = [...keys].every((key) => agents.get(key) !== undefined)
          if (!hadAll || !hasAll || verdicts(keys) !== before) onChange()
        }),
        controllers.subscribe((keys) => {
          lookAt(controllers, keys, controllers.live, controllerConditions)
          onChange()
        }),
        ...others.map((store) =>
          store.subscribe((keys) => {
            for (const key of keys) {
              const object = store.get(key)
              const place = `${store.type.plural} ${key}`
              if (object === undefined) versions.delete(place)
              else anchor(place, object, store.live)
            }
          }),
        ),
      ]
      return () => {
        for (const end of ends) end()
      }
    },
    agent: agentAt,
    agents: () => [...stores.antreaAgentInfos.values()].map(({ metadata }) => agentAt(metadata.name)),
    controller() {
      const [info] = stores.antreaControllerInfos.values()
      return info === undefined
        ? undefined
        : {
            heartbeat: heartbeat(`${stores.antreaControllerInfos.type.plural} ${info.metadata.name}`),
            connectedAgents: info.connectedAgentNum,
            conditions: info.controllerConditions ?? [],
          }
    },
    watchedMs: () => (sinceMs === undefined ? 0 : monotonicMs() - sinceMs),
    clocksOff: () =>
      [...stores.antreaAgentInfos.values()].flatMap((info) => {
        const beat = Date.parse(lastBeat(agentConditions(info)))
        const time = writtenAt(info)
        const isOff = Number.isFinite(beat) && time !== undefined && Math.abs(time - beat) > NODE_CLOCK_OFF_MS
        return isOff ? [info.metadata.name] : []
      }),
  }
}

function ageOf(beat: Beat, nowMs: number, offsetMs: number | undefined): number | undefined {
  if (beat.text === '') return undefined
  if (beat.changedMs !== undefined) return nowMs - beat.changedMs
  if (offsetMs === undefined || beat.writtenAt === undefined) return undefined
  return Math.max(0, nowMs + offsetMs - beat.writtenAt)
}

function* entries(store: Store): Generator<[string, KubeObject]> {
  for (const key of store.keys()) {
    const object = store.get(key)
    if (object !== undefined) yield [key, object]
  }
}
