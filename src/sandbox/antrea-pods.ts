/** Antrea's own Pods in kube-system, as its manifests make them, and what their containers wrote (klog's form). */
import { SANDBOX_CONTAINER_LINES_MAX } from '../limits.ts'
import type { Clock } from '../world/index.ts'
import type { ApiServerOptions, ContainerLine, ContainerLog } from './apiserver/types.ts'
import type { Rest } from './rest.ts'

const NAMESPACE = 'kube-system'
const COLLECTION = `/api/v1/namespaces/${NAMESPACE}/pods`

/** As the stand-in's AntreaControllerInfo and AntreaAgentInfos name them. */
export const CONTROLLER_POD = 'antrea-controller-0'
export const agentPod = (node: string): string => `antrea-agent-${node}`

export interface AntreaLogs {
  readonly podLogs: NonNullable<ApiServerOptions['podLogs']>
  /** A line of a container as it stands; of the Pod's first one, unless it is named. */
  write(pod: string, text: string, container?: string): void
  /** A line in klog's form. */
  klog(pod: string, level: 'I' | 'W' | 'E' | 'F', message: string): void
  /** The container ends, and another one begins with an empty log. */
  restart(pod: string, container?: string): void
  /** The Pod is gone, and its logs with it. */
  forget(pod: string): void
}

interface Kept extends ContainerLog {
  lines: ContainerLine[]
  readonly listeners: Set<(line: ContainerLine | undefined) => void>
}

function createKept(): Kept {
  const listeners: Kept['listeners'] = new Set()
  return {
    lines: [],
    listeners,
    follow(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

const mainOf = (pod: string): string =>
  pod.startsWith('antrea-controller') ? 'antrea-controller' : 'antrea-agent'

export function createAntreaLogs(clock: Clock): AntreaLogs {
  const logs = new Map<string, Kept>()
  const previous = new Map<string, Kept>()
  const keyOf = (pod: string, container = mainOf(pod)) => `${pod}/${container}`
  const logOf = (key: string): Kept => {
    const known = logs.get(key) ?? createKept()
    logs.set(key, known)
    return known
  }
  const end = ({ listeners }: Kept) => {
    for (const listener of [...listeners]) listener(undefined)
    listeners.clear()
  }
  const write = (pod: string, text: string, container?: string) => {
    const log = logOf(keyOf(pod, container))
    const line = { atMs: clock.now(), text }
    log.lines.push(line)
    if (log.lines.length > SANDBOX_CONTAINER_LINES_MAX) log.lines.shift()
    for (const listener of [...log.listeners]) listener(line)
  }
  return {
    podLogs({ metadata: { name, namespace } }, container, isPrevious) {
      if (namespace !== NAMESPACE || !name.startsWith('antrea-')) return undefined
      const key = keyOf(name, container)
      return isPrevious ? previous.get(key) : logOf(key)
    },
    write,
    klog: (pod, level, message) => write(pod, `${klogHead(level, clock)} ${message}`),
    restart(pod, container) {
      const key = keyOf(pod, container)
      const ended = logOf(key)
      previous.set(key, ended)
      logs.delete(key)
      end(ended)
    },
    forget(pod) {
      for (const [key, log] of logs) {
        if (!key.startsWith(`${pod}/`)) continue
        logs.delete(key)
        end(log)
      }
    },
  }
}

/** `I1125 09:00:00.000000       1 sandbox.go:1]` */
function klogHead(level: string, clock: Clock): string {
  const [date = '', time = ''] = new Date(clock.now()).toISOString().replace('Z', '').split('T')
  return `${level}${date.slice(5).replace('-', '')} ${time}000       1 sandbox.go:1]`
}

/** Creates the Pods, running, each with a few lines in its log. */
export async function createAntreaPods(
  rest: Rest,
  clock: Clock,
  nodeNames: readonly string[],
  logs: AntreaLogs,
): Promise<void> {
  const [first = ''] = nodeNames
  await createAntreaPod(rest, clock, first)
  logs.klog(CONTROLLER_POD, 'I', '"Starting Antrea Controller" version="v2.7.0"')
  for (const node of nodeNames) {
    await createAntreaPod(rest, clock, node, agentPod(node))
    logs.klog(agentPod(node), 'I', `"Starting Antrea Agent" version="v2.7.0" node="${node}"`)
  }
}

/** The controller's Pod, or with a name an agent's. */
export async function createAntreaPod(rest: Rest, clock: Clock, node: string, agent?: string): Promise<void> {
  const component = agent === undefined ? 'antrea-controller' : 'antrea-agent'
  const name = agent ?? CONTROLLER_POD
  const containers = agent === undefined ? [component] : [component, 'antrea-ovs']
  const image = `antrea/${component}-ubuntu:v2.7.0`
  const created = await rest.call(
    'POST',
    COLLECTION,
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: NAMESPACE, labels: { app: 'antrea', component } },
      spec: {
        nodeName: node,
        hostNetwork: true,
        terminationGracePeriodSeconds: 0,
        containers: containers.map((one) => ({ name: one, image })),
      },
    },
    { accept: [409] },
  )
  if (created.status === 409) return
  await putStatus(rest, name, statusOf(clock, containers, 0))
}

/** The Pod's status after its main container was started again. */
export const putRestart = (rest: Rest, clock: Clock, pod: string, restarts: number): Promise<void> =>
  putStatus(rest, pod, statusOf(clock, [mainOf(pod)], restarts))

async function putStatus(rest: Rest, name: string, status: object): Promise<void> {
  const { body } = await rest.call('GET', `${COLLECTION}/${name}`)
  await rest.call('PUT', `${COLLECTION}/${name}/status`, { ...(body as object), status })
}

function statusOf(clock: Clock, containers: readonly string[], restartCount: number): object {
  const startedAt = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z')
  const terminated = { exitCode: 1, reason: 'Error', startedAt, finishedAt: startedAt }
  return {
    phase: 'Running',
    startTime: startedAt,
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: startedAt }],
    containerStatuses: containers.map((name) => ({
      name,
      image: 'antrea',
      imageID: 'antrea',
      ready: true,
      restartCount,
      state: { running: { startedAt } },
      ...(restartCount === 0 ? {} : { lastState: { terminated } }),
    })),
  }
}
