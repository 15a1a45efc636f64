/** Aggregated APIs: requests go on to their handler with the caller's name, and APIService objects say so. */
import type { ServerRequest, ServerResponse } from '../../world/index.ts'
import { type Core, nowText } from './core.ts'
import { storedOf } from './meta.ts'
import { StatusError } from './status.ts'
import type { AggregatedApi, UserInfo } from './types.ts'

export const aggregatedFor = (core: Core, group: string, version: string): AggregatedApi | undefined =>
  core.aggregated.find((api) => api.group === group && api.version === version)

/** Credentials stay here; the handler learns who asks. 503 when it fails. */
export async function proxy(
  api: AggregatedApi,
  request: ServerRequest,
  user: UserInfo,
): Promise<ServerResponse> {
  const kept = Object.entries(request.headers).filter(
    ([name]) => name !== 'authorization' && !/^(x-remote-|impersonate-)/.test(name),
  )
  const headers = {
    ...Object.fromEntries(kept),
    'x-remote-user': user.user,
    'x-remote-group': user.groups.join(', '),
  }
  try {
    return await api.handler({ ...request, headers, body: (bytesMax) => request.body(bytesMax) })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new StatusError(503, 'ServiceUnavailable', `error trying to reach service: ${why}`)
  }
}

const ID = 'apiservices.apiregistration.k8s.io'

/** An APIService for each aggregated API and each local group version. */
export function registerApiServices(core: Core): void {
  const local = core.registry.all().map(({ group, storage }) => `${storage}.${group}`)
  for (const name of new Set(local)) if (name !== 'v1.') put(core, name, undefined)
  put(core, 'v1.', undefined)
  for (const api of core.aggregated) put(core, `${api.version}.${api.group}`, api)
}

function put(core: Core, name: string, api: AggregatedApi | undefined): void {
  const [version = '', ...group] = name.split('.')
  const condition = {
    type: 'Available',
    status: 'True',
    lastTransitionTime: nowText(core),
    reason: api === undefined ? 'Local' : 'Passed',
    message: api === undefined ? 'Local APIServices are always available' : 'all checks passed',
  }
  const object = {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    spec: {
      ...(api === undefined ? {} : { service: { namespace: 'kube-system', name: 'antrea', port: 443 } }),
      group: group.join('.'),
      version,
      groupPriorityMinimum: api === undefined ? 18_000 : 100,
      versionPriority: api === undefined ? 1 : 100,
    },
    status: { conditions: [condition] },
  }
  const key = name.endsWith('.') ? `${name}` : name
  core.store.put(ID, key, (resourceVersion) =>
    storedOf(object, {
      name: key,
      uid: core.random.uuid(),
      resourceVersion,
      creationTimestamp: nowText(core),
    }),
  )
}
