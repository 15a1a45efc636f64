/** What the scenario does in the cluster and sees there: two Pods of its own, policies, groups and their members. */
import { waitFor } from '../errors.ts'
import { type Clock, sleep } from '../world/index.ts'
import type { Rest } from './rest.ts'

export interface PolicySeen {
  readonly name: string
  /** Rules of both directions. */
  readonly rules: number
}

export interface Kube {
  /** Two Pods of the scenario's own, running. */
  createPods(): Promise<void>
  removePods(): Promise<void>
  /** Sets or (null) removes labels of the one that moves between groups. */
  labelPod(labels: Readonly<Record<string, string | null>>): Promise<void>
  movedPodUid(): Promise<string>
  /** Every Pod that NSX must show: not those that are finished. */
  podUids(): Promise<readonly string[]>
  /** Ours, by name. */
  policies(): Promise<ReadonlyMap<string, PolicySeen>>
  /** The ClusterGroup a policy applies to; undefined when it is not there. */
  groupOf(policy: string | undefined): Promise<string | undefined>
  /** Names of a ClusterGroup's Pods, as Antrea computed them. */
  members(group: string): Promise<readonly string[]>
}

const MOVED = 'wanderer'
const RESIDENT = 'resident'
const ACNP = '/apis/crd.antrea.io/v1beta1/clusternetworkpolicies'
const OURS = 'labelSelector=app.kubernetes.io%2Fmanaged-by%3Dantrea-nsx-adapter'
/** Together 12 s: an image is pulled meanwhile. */
const POD_START_LOOKS = 48
const POD_START_LOOK_MS = 250

interface Items<T> {
  readonly items: readonly T[]
}
interface PodView {
  readonly metadata: { readonly name: string; readonly uid: string }
  readonly spec?: { readonly nodeName?: string }
  readonly status?: { readonly phase?: string; readonly podIP?: string }
}
interface RuleView {
  readonly appliedTo?: readonly { readonly group?: string }[]
}
interface PolicyView {
  readonly metadata: { readonly name: string }
  readonly spec?: {
    readonly ingress?: readonly RuleView[]
    readonly egress?: readonly RuleView[]
  }
}

/** `namespace` is the scenario's own; another one for each run, for one that is being deleted takes nothing in. */
export function readKube(rest: Rest, clock: Clock, namespace: string): Kube {
  const pods = `/api/v1/namespaces/${namespace}/pods`
  return {
    createPods: () => createPods(rest, clock, namespace),
    async removePods() {
      for (const name of [MOVED, RESIDENT])
        await rest.call('DELETE', `${pods}/${name}?gracePeriodSeconds=0`, undefined, { accept: [404] })
      await rest.call('DELETE', `/api/v1/namespaces/${namespace}`, undefined, { accept: [404] })
    },
    async labelPod(labels) {
      await rest.call(
        'PATCH',
        `${pods}/${MOVED}`,
        { metadata: { labels } },
        {
          contentType: 'application/merge-patch+json',
        },
      )
    },
    movedPodUid: async () => (await rest.get<PodView>(`${pods}/${MOVED}`)).metadata.uid,
    async podUids() {
      const { items } = await rest.get<Items<PodView>>('/api/v1/pods')
      return items.map(({ metadata }) => metadata.uid)
    },
    async policies() {
      const { items } = await rest.get<Items<PolicyView>>(`${ACNP}?${OURS}`)
      return new Map(
        items.map(({ metadata: { name }, spec = {} }) => [
          name,
          { name, rules: (spec.ingress?.length ?? 0) + (spec.egress?.length ?? 0) },
        ]),
      )
    },
    async groupOf(policy) {
      if (policy === undefined) return undefined
      const { spec } = await rest.get<PolicyView>(`${ACNP}/${policy}`)
      return [...(spec?.ingress ?? []), ...(spec?.egress ?? [])][0]?.appliedTo?.[0]?.group
    },
    async members(group) {
      const answer = await rest.get<{ effectiveMembers?: readonly { pod?: { name: string } }[] }>(
        `/apis/controlplane.antrea.io/v1beta2/clustergroupmembers/${group}`,
      )
      return (answer.effectiveMembers ?? []).flatMap(({ pod }) => (pod === undefined ? [] : [pod.name]))
    },
  }
}

/** In a cluster with kubelets they start by themselves; in one without, the sandbox says that they run. */
async function createPods(rest: Rest, clock: Clock, namespace: string): Promise<void> {
  const pods = `/api/v1/namespaces/${namespace}/pods`
  await rest.call(
    'POST',
    '/api/v1/namespaces',
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { accept: [409] },
  )
  const { items: nodes } = await rest.get<Items<{ metadata: { name: string } }>>('/api/v1/nodes')
  for (const [index, name] of [MOVED, RESIDENT].entries()) {
    const nodeName = nodes[index % Math.max(1, nodes.length)]?.metadata.name
    const created = await rest.call(
      'POST',
      pods,
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace, labels: { app: name } },
        spec: {
          ...(nodeName === undefined ? {} : { nodeName }),
          containers: [{ name: 'pause', image: 'registry.k8s.io/pause:3.10' }],
        },
      },
      { accept: [409] },
    )
    if (created.status !== 409) await ensureRunning(rest, clock, pods, name, `10.10.250.${index + 10}`)
  }
}

async function ensureRunning(
  rest: Rest,
  clock: Clock,
  pods: string,
  name: string,
  ip: string,
): Promise<void> {
  for (let look = 0; look < POD_START_LOOKS; look += 1) {
    const pod = await rest.get<PodView>(`${pods}/${name}`)
    if (pod.status?.podIP !== undefined) return
    const hasKubelet =
      (
        await rest.call(
          'GET',
          `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${pod.spec?.nodeName}`,
          undefined,
          { accept: [404, 403] },
        )
      ).status === 200
    if (!hasKubelet) {
      await rest.call('PUT', `${pods}/${name}/status`, {
        ...pod,
        status: {
          phase: 'Running',
          podIP: ip,
          podIPs: [{ ip }],
          conditions: [{ type: 'Ready', status: 'True' }],
        },
      })
      return
    }
    await sleep(clock, POD_START_LOOK_MS)
  }
  throw waitFor('SCENARIO_POD_NOT_RUNNING', `${pods}/${name} does not get an address from its kubelet`)
}
