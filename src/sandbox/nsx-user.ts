/** What a person does in NSX: groups, services, policies with their span, and looking at what became of them. */
import { needsPerson } from '../errors.ts'
import {
  type ClusterControlPlane,
  type Group,
  INVENTORY_PATHS,
  type InventoryObject,
  type InventoryType,
  type ListResult,
  type SecurityPolicy,
  type Service,
} from '../nsx/model.ts'
import type { Rest } from './rest.ts'

export interface NsxUser {
  putGroup(id: string, group: Group): Promise<void>
  putService(id: string, service: Service): Promise<void>
  /** Creates or replaces the policy, and spans it to the cluster. Gives it as stored. */
  putPolicy(id: string, policy: SecurityPolicy): Promise<SecurityPolicy>
  deletePolicy(id: string): Promise<void>
  deleteGroup(id: string): Promise<void>
  deleteService(id: string): Promise<void>
  /** consolidated_status of realized-state/status, in NSX's words. */
  realization(intentPath: string): Promise<string>
  /** What NSX shows of this cluster. */
  inventory(type: InventoryType): Promise<readonly InventoryObject[]>
}

const INFRA = '/policy/api/v1/infra'
const DOMAIN = `${INFRA}/domains/default`
const CONTROL_PLANES = `${INFRA}/sites/default/enforcement-points/default/cluster-control-planes`
const PAGES_MAX = 1_000

export const groupPath = (id: string): string => `/infra/domains/default/groups/${id}`
export const servicePath = (id: string): string => `/infra/services/${id}`
export const policyPath = (id: string): string => `/infra/domains/default/security-policies/${id}`

export function createNsxUser(rest: Rest, clusterId: string): NsxUser {
  /** Writes with the revision the object has, as every careful client of NSX does. */
  const put = async (path: string, body: object): Promise<unknown> => {
    const before = await rest.call('GET', path, undefined, { accept: [404] })
    const revision =
      before.status === 404 ? {} : { _revision: (before.body as { _revision?: number })._revision }
    return (await rest.call('PUT', path, { ...body, ...revision })).body
  }
  const remove = async (path: string) => void (await rest.call('DELETE', path, undefined, { accept: [404] }))
  return {
    putGroup: async (id, group) => void (await put(`${DOMAIN}/groups/${id}`, group)),
    putService: async (id, service) => void (await put(`${INFRA}/services/${id}`, service)),
    async putPolicy(id, policy) {
      const path = `${DOMAIN}/security-policies/${id}`
      const stored = (await put(path, policy)) as SecurityPolicy
      const span = `${path}/container-cluster-span/sandbox`
      if ((await rest.call('GET', span, undefined, { accept: [404] })).status === 404)
        await rest.call('PUT', span, {
          resource_type: 'SecurityPolicyContainerCluster',
          container_cluster_type: 'ANTREA',
          container_cluster_path: await controlPlanePath(rest, clusterId),
        })
      return stored
    },
    deletePolicy: (id) => remove(`${DOMAIN}/security-policies/${id}`),
    deleteGroup: (id) => remove(`${DOMAIN}/groups/${id}`),
    deleteService: (id) => remove(`${INFRA}/services/${id}`),
    async realization(intentPath) {
      const answer = await rest.call(
        'GET',
        `${INFRA}/realized-state/status?intent_path=${encodeURIComponent(intentPath)}`,
        undefined,
        { accept: [404] },
      )
      const { consolidated_status: status } = (answer.body ?? {}) as {
        consolidated_status?: { consolidated_status?: string }
      }
      return status?.consolidated_status ?? 'UNINITIALIZED'
    },
    async inventory(type) {
      const path = `/api/v1/fabric/${INVENTORY_PATHS[type]}`
      const all = await listAll<InventoryObject>(rest, path, { container_cluster_id: clusterId })
      return all.filter((object) => (object.container_cluster_id ?? clusterId) === clusterId)
    },
  }
}

async function controlPlanePath(rest: Rest, clusterId: string): Promise<string> {
  const found = (await listAll<ClusterControlPlane>(rest, CONTROL_PLANES)).find(
    ({ node_id: nodeId }) => nodeId === clusterId,
  )
  if (found?.path === undefined)
    throw needsPerson('SANDBOX_NOT_REGISTERED', `the manager does not list the cluster ${clusterId}`)
  return found.path
}

async function listAll<T>(
  rest: Rest,
  path: string,
  query: Readonly<Record<string, string>> = {},
): Promise<T[]> {
  const all: T[] = []
  let cursor: string | undefined
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const words = new URLSearchParams({ ...query, ...(cursor === undefined ? {} : { cursor }) }).toString()
    const answer = await rest.get<ListResult<T>>(words === '' ? path : `${path}?${words}`)
    all.push(...answer.results)
    cursor = answer.cursor
    if (cursor === undefined || cursor === '') break
  }
  return all
}
