/** The adapter as the process that systemd would run: `main.ts run --config FILE`. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ControlPlane } from './controlplane.ts'
import type { Nsx } from './nsx.ts'
import { type Running, start } from './processes.ts'

const ROOT = join(import.meta.dirname, '../../..')

export const ADAPTER_USER = 'antrea-nsx-adapter'
export const ADAPTER_NAMESPACE = 'antrea-nsx-adapter'

/** What counts as a change the adapter made in the cluster. */
export const ADAPTER_WRITES = { user: ADAPTER_USER, exceptLeasesIn: ADAPTER_NAMESPACE }

export interface AdapterHost {
  /** Starts a process of this instance name. */
  run(instance: string): Running
}

/** Gives the adapter its namespace, its rights and its credentials. */
export async function prepareAdapter(plane: ControlPlane, nsx: Nsx): Promise<AdapterHost> {
  await grantRights(plane)
  const { kubeconfig } = plane.addUser(ADAPTER_USER)
  const file = (name: string, content: string) => {
    const path = join(plane.folder, name)
    writeFileSync(path, content, { mode: 0o600 })
    return path
  }
  const common = {
    cluster: { id: nsx.cluster.id, name: nsx.cluster.name },
    nsx: {
      url: nsx.url,
      ca: file('nsx-ca.crt', nsx.caPem),
      cert: file('nsx-client.crt', nsx.cluster.credential.certPem),
      key: file('nsx-client.key', nsx.cluster.credential.keyPem),
    },
    kube: { kubeconfig },
    log: { level: process.env['REAL_TIER_LOG'] ?? 'info' },
  }
  return {
    run(instance) {
      const config = {
        ...common,
        instance,
        serve: { socket: join(plane.folder, `${instance}.sock`) },
        diagnostics: { file: join(plane.folder, `${instance}.sqlite`) },
      }
      return start({
        name: `adapter-${instance}`,
        command: process.execPath,
        // JSON is YAML.
        args: [
          join(ROOT, 'src/main.ts'),
          'run',
          '--config',
          file(`${instance}.yaml`, JSON.stringify(config)),
        ],
        logFile: join(plane.folder, `adapter-${instance}.log`),
      })
    },
  }
}

async function grantRights({ api }: ControlPlane): Promise<void> {
  await api.post('/api/v1/namespaces', { metadata: { name: ADAPTER_NAMESPACE } })
  await api.post('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: ADAPTER_USER },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: ADAPTER_USER }],
  })
}
