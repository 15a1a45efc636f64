/** The policy of full size in a manager, put there as an administrator does, without a socket. */

import type { DesiredObject } from '../../src/ccp/translate/index.ts'
import { createRest, type Rest } from '../../src/sandbox/rest.ts'
import type { Handler } from '../../src/world/index.ts'
import { connectInProcess } from '../../src/world/link.ts'
import { createRealClock } from '../../src/world/real.ts'
import { addressesBut, GROUPS, groupAt, POLICIES, policyAt } from './ccp-scale.ts'

export const INTENT = '/policy/api/v1'

export function administratorOf(
  manager: Handler,
  { name, password }: { readonly name: string; readonly password: string },
): Rest {
  const clock = createRealClock()
  const { client } = connectInProcess(manager, {
    origin: 'https://localhost',
    peer: { address: '127.0.0.1' },
    clock,
  })
  return createRest(client, {
    authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
  })
}

export async function fillManager(rest: Rest, clusterId: string): Promise<void> {
  const { results } = await rest.get<{ results: { path: string; node_id: string }[] }>(
    `${INTENT}/infra/sites/default/enforcement-points/default/cluster-control-planes`,
  )
  const span = { container_cluster_path: results.find(({ node_id }) => node_id === clusterId)?.path }
  const put = (object: DesiredObject) => rest.call('PUT', INTENT + object.path, intentOf(object))
  for (let n = 0; n < GROUPS; n += 1) await put(groupAt(n))
  await put(addressesBut(0))
  for (let n = 0; n < POLICIES; n += 1) {
    const policy = policyAt(n, 1_000)
    await put(policy)
    await rest.call('PUT', `${INTENT}${policy.path}/container-cluster-span/${clusterId}`, span)
  }
}

/** Without what NSX itself gives an object. */
export function intentOf({ body }: DesiredObject): Record<string, unknown> {
  const { id: _id, unique_id: _unique, rules, ...rest } = body as Record<string, unknown>
  if (!Array.isArray(rules)) return { group_type: ['ANTREA'], ...rest }
  const list = rules as readonly Record<string, unknown>[]
  return {
    ...rest,
    rules: list.map(({ path: _path, rule_id: _rule, service_entries: entries, ...rule }) => ({
      ...rule,
      service_entries: (entries as readonly object[]).map((entry) => ({
        id: 'port',
        display_name: 'port',
        ...entry,
      })),
    })),
  }
}
