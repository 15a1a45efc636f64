/** Kubernetes NetworkPolicies as people of the cluster make them, beside NSX. */
import { APPS, chance, NAMESPACES, pick } from './model.ts'
import type { World } from './world.ts'

const POLICIES_MAX = 6

/** One comes, changes or goes. */
export async function changeKubePolicy(world: World, nextName: () => string): Promise<void> {
  const { random } = world
  const known = world.cluster.api.list('networkpolicies.networking.k8s.io')
  const collection = (namespace: string) =>
    `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`
  const spec = {
    podSelector: chance(random, 0.8) ? { matchLabels: { app: pick(random, APPS) } } : {},
    policyTypes: ['Ingress'],
  }
  if (known.length < 3 || (known.length < POLICIES_MAX && chance(random, 0.4))) {
    await world.kube('POST', collection(pick(random, NAMESPACES)), {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: nextName() },
      spec,
    })
    return
  }
  const { metadata } = pick(random, known)
  const path = `${collection(metadata.namespace ?? '')}/${metadata.name}`
  if (chance(random, 0.4)) await world.kube('DELETE', path)
  else await world.kube('PATCH', path, { spec }, 'application/merge-patch+json')
}
