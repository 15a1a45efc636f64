/** A cluster of the user's, named by a kubeconfig, in place of the sandbox's own. */
import { waitFor } from '../errors.ts'
import { discoverAntrea, loadAccess } from '../kube/index.ts'
import type { Clock } from '../world/index.ts'
import { createHttpClient } from '../world/real.ts'
import { createNamespace } from './demo.ts'
import { createRest, type Rest } from './rest.ts'
import { LEASE_NAMESPACE } from './rights.ts'
import type { StartedCluster } from './started.ts'

/**
 * A real cluster: Antrea must be served; the lease's namespace is made if it is not there. At the end what this sandbox's
 * adapter wrote is taken out again: nobody else would know that cluster id.
 */
export async function useExternal(file: string, clock: Clock, clusterId: string): Promise<StartedCluster> {
  const { origin, tls, headers } = await loadAccess({ kubeconfig: file })
  const admin = createHttpClient({ origin, tls, headers })
  try {
    const { served, missing } = await discoverAntrea(admin, clock, 'sandbox')
    if (!served)
      throw waitFor(
        'ANTREA_MISSING',
        `${origin} does not serve crd.antrea.io/v1beta1 (${missing.join(', ')}); install Antrea 1.13 or later there first`,
      )
    await createNamespace(createRest(admin), LEASE_NAMESPACE)
  } catch (error) {
    await admin.close()
    throw error
  }
  return {
    admin,
    kubeconfig: file,
    adapterKubeconfig: file,
    adapterAccess: { kubeconfig: file },
    cluster: undefined,
    server: undefined,
    async stop() {
      await removeOurs(createRest(admin), clusterId).catch(() => {})
      await admin.close()
    },
  }
}

/** Policies first: a group in use cannot go. */
async function removeOurs(rest: Rest, clusterId: string): Promise<void> {
  for (const plural of ['clusternetworkpolicies', 'clustergroups']) {
    const collection = `/apis/crd.antrea.io/v1beta1/${plural}`
    const { items } = await rest.get<{
      items: {
        metadata: { name: string; annotations?: Record<string, string> }
        spec?: { childGroups?: unknown }
      }[]
    }>(`${collection}?labelSelector=app.kubernetes.io%2Fmanaged-by%3Dantrea-nsx-adapter`)
    const ours = items
      .filter(({ metadata }) => metadata.annotations?.['antrea-nsx-adapter/cluster-id'] === clusterId)
      .sort((a, b) => Number(a.spec?.childGroups === undefined) - Number(b.spec?.childGroups === undefined))
    for (const { metadata } of ours)
      await rest.call('DELETE', `${collection}/${metadata.name}`, undefined, { accept: [404] })
  }
}
