/** AntreaControllerInfo, written every minute, and the empty AntreaAgentInfos that follow the Nodes. */
import { sleep } from '../../world/index.ts'
import { call, messageOf } from './api.ts'
import type { Engine } from './compute/index.ts'
import { follow, pause, type Stored } from './follow.ts'
import type { RunDeps } from './run.ts'
import { timestamp } from './status.ts'

const PERIOD_MS = 60_000
const PATH = '/apis/crd.antrea.io/v1beta1'
export const CONTROLLER_NAME = 'antrea-controller'
export const CONTROLLER_PORT = 10_349

export interface Infos {
  controllerInfo(): Readonly<Record<string, unknown>>
  nodesChanged(): void
  begin(): void
}

export function startInfos(deps: RunDeps, engine: Engine): Infos {
  const { http, signal } = deps
  let hasBegun = false

  const count = (name: string, value: number) => (value === 0 ? {} : { [name]: value })
  const controllerInfo = () => ({
    version: deps.profile.version,
    podRef: { kind: 'Pod', namespace: 'kube-system', name: `${CONTROLLER_NAME}-0` },
    nodeRef: { kind: 'Node', name: deps.place?.node ?? 'cp' },
    serviceRef: { kind: 'Service', name: 'antrea' },
    networkPolicyControllerInfo: {
      ...count('networkPolicyNum', engine.policies.size),
      ...count('addressGroupNum', engine.addressGroups.size),
      ...count('appliedToGroupNum', engine.appliedToGroups.size),
    },
    ...count('connectedAgentNum', deps.connectedAgents()),
    controllerConditions: [
      { type: 'ControllerHealthy', status: 'True', lastHeartbeatTime: timestamp(deps.clock) },
    ],
    apiPort: deps.place?.port ?? CONTROLLER_PORT,
  })

  const writeController = async (): Promise<void> => {
    const collection = `${PATH}/antreacontrollerinfos`
    const known = await call(http, 'GET', `${collection}/${CONTROLLER_NAME}`, { signal })
    const head = { apiVersion: 'crd.antrea.io/v1beta1', kind: 'AntreaControllerInfo' }
    const answer =
      known.status === 404
        ? await call(http, 'POST', collection, {
            body: { ...head, metadata: { name: CONTROLLER_NAME }, ...controllerInfo() },
            signal,
          })
        : await call(http, 'PUT', `${collection}/${CONTROLLER_NAME}`, {
            body: { ...head, metadata: (known.body as Stored).metadata, ...controllerInfo() },
            signal,
          })
    if (answer.status >= 300) throw new Error(messageOf(answer.body))
  }

  const keepController = async (): Promise<void> => {
    for (let failures = 0; !signal.aborted; ) {
      try {
        await writeController()
        failures = 0
        await sleep(deps.clock, PERIOD_MS, signal)
      } catch (error) {
        if (signal.aborted) return
        failures += 1
        deps.log?.debug({ err: error }, 'AntreaControllerInfo is written again')
        await pause(deps, failures, signal)
      }
    }
  }

  const agentInfos = new Map<string, Stored>()
  const inFlight = new Set<string>()
  /** One at a time for each name; what a change brought about is looked at again after it. */
  const reconcile = (name: string): void => {
    if (!hasBegun || signal.aborted || inFlight.has(name)) return
    const isWanted = engine.world.nodes.has(name)
    if (isWanted === agentInfos.has(name)) return
    inFlight.add(name)
    void changeAgentInfo(deps, name, isWanted)
      .then(() => 0)
      .catch(() => pause(deps, 5, signal))
      .finally(() => {
        inFlight.delete(name)
        // A write that went through shows in the copy a moment later.
        void pause(deps, 1, signal).then(() => reconcile(name))
      })
  }
  const reconcileAll = () => {
    for (const name of engine.world.nodes.keys()) reconcile(name)
    for (const name of agentInfos.keys()) reconcile(name)
  }

  return {
    controllerInfo,
    nodesChanged: reconcileAll,
    begin() {
      void keepController().catch(() => {})
      const copy = follow<Stored>(
        deps,
        `${PATH}/antreaagentinfos`,
        (name, now) => {
          if (now === undefined) agentInfos.delete(name)
          else agentInfos.set(name, now)
          reconcile(name)
        },
        signal,
      )
      void copy.synced.then(() => {
        hasBegun = true
        reconcileAll()
      })
    },
  }
}

/** The agent fills it; the controller only makes it and takes it away with the Node. */
async function changeAgentInfo({ http, signal }: RunDeps, name: string, isWanted: boolean): Promise<void> {
  const collection = `${PATH}/antreaagentinfos`
  const answer = isWanted
    ? await call(http, 'POST', collection, {
        body: {
          apiVersion: 'crd.antrea.io/v1beta1',
          kind: 'AntreaAgentInfo',
          metadata: { name },
          podRef: {},
          nodeRef: {},
          ovsInfo: {},
          networkInfo: {},
          networkPolicyControllerInfo: {},
        },
        signal,
      })
    : await call(http, 'DELETE', `${collection}/${encodeURIComponent(name)}`, { signal })
  if (answer.status >= 300 && answer.status !== 404 && answer.status !== 409)
    throw new Error(messageOf(answer.body))
}
