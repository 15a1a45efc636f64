/** What a fresh kube-apiserver holds: its namespaces and the Service `kubernetes`. */
import { structShape } from './builtin/index.ts'
import { type Core, nowText } from './core.ts'
import { decodeObject } from './decode.ts'
import { type Fields, fieldsOf, omit } from './json.ts'
import { storedOf } from './meta.ts'
import { trackUpdate } from './patch/index.ts'
import { apiVersionOf, keyOf, storageVersion } from './resource.ts'
import { resourceText } from './status.ts'
import type { StoredObject } from './types.ts'

export function bootstrap(core: Core): void {
  for (const name of ['kube-system', 'kube-public', 'kube-node-lease', 'default'])
    make(core, '', 'namespaces', { metadata: { name } })
  make(core, '', 'services', {
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      labels: { component: 'apiserver', provider: 'kubernetes' },
    },
    spec: { clusterIP: '10.96.0.1', ports: [{ name: 'https', port: 443, targetPort: 6443 }] },
  })
}

function make(core: Core, group: string, plural: string, body: Fields): void {
  const resource = core.registry.find(group, plural)
  if (resource === undefined) throw new Error(`${plural} is not served`)
  const { object } = decodeObject(body, resource, storageVersion(resource))
  const prepared = resource.prepare(object, undefined)
  const metadata = fieldsOf(prepared, 'metadata')
  const managedFields = trackUpdate(
    resource.empty,
    omit(object, 'status') as unknown as StoredObject,
    structShape(resource.kind),
    {
      manager: 'kube-apiserver',
      operation: 'Update',
      apiVersion: apiVersionOf(resource, resource.storage),
      time: nowText(core),
    },
  )
  const key = keyOf(metadata['namespace'] as string | undefined, String(metadata['name']))
  core.store.put(resourceText(resource), key, (resourceVersion) =>
    storedOf(prepared, {
      ...metadata,
      uid: core.random.uuid(),
      creationTimestamp: nowText(core),
      managedFields,
      resourceVersion,
    }),
  )
}
