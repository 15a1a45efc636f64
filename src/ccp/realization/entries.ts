/** Which policies there are, found by their place in the store, by their path in the reports and by their namespace. */
import type { KubeObject } from '../../kube/types.ts'
import type { Realized } from './types.ts'

type Source = 'clusterNetworkPolicies' | 'antreaNetworkPolicies' | 'networkPolicies'

const KINDS: Readonly<Record<Source, Realized['kind']>> = {
  clusterNetworkPolicies: 'AntreaClusterNetworkPolicy',
  antreaNetworkPolicies: 'AntreaNetworkPolicy',
  networkPolicies: 'K8sNetworkPolicy',
}

export interface Entry {
  readonly name: Source
  readonly key: string
  readonly uid: string
  readonly kind: Realized['kind']
  /** `k8s:{kind}/{uid}` (docs/protocol.md §2). */
  readonly path: string
  readonly generation: number | undefined
  readonly namespace: string | undefined
}

export interface EntryIndex {
  /** What stands at this key now; undefined (also for what has no uid): nothing. */
  put(name: Source, key: string, object: KubeObject | undefined): Entry | undefined
  at(path: string): Entry | undefined
  atKey(name: Source, key: string): Entry | undefined
  keys(name: Source): Iterable<string>
  paths(name: Source): string[]
  /** Generations by uid. */
  uids(name: Source): ReadonlyMap<string, number | undefined>
  /** Paths of the Kubernetes NetworkPolicies there. */
  inNamespace(namespace: string): ReadonlySet<string>
}

const NONE: ReadonlySet<string> = new Set()

export function createIndex(): EntryIndex {
  const byKey: Readonly<Record<Source, Map<string, Entry>>> = {
    clusterNetworkPolicies: new Map(),
    antreaNetworkPolicies: new Map(),
    networkPolicies: new Map(),
  }
  const byPath = new Map<string, Entry>()
  const byNamespace = new Map<string, Set<string>>()
  const remove = ({ name, key, path, namespace = '' }: Entry) => {
    byKey[name].delete(key)
    byPath.delete(path)
    const paths = byNamespace.get(namespace)
    if (paths?.delete(path) === true && paths.size === 0) byNamespace.delete(namespace)
  }
  return {
    put(name, key, object) {
      const before = byKey[name].get(key)
      const uid = object?.metadata.uid
      if (before !== undefined) remove(before)
      if (object === undefined || uid === undefined) return undefined
      const { generation, namespace } = object.metadata
      const kind = KINDS[name]
      const entry = { name, key, uid, kind, path: `k8s:${kind}/${uid}`, generation, namespace }
      byKey[name].set(key, entry)
      byPath.set(entry.path, entry)
      if (name === 'networkPolicies') {
        const paths = byNamespace.get(namespace ?? '')
        if (paths === undefined) byNamespace.set(namespace ?? '', new Set([entry.path]))
        else paths.add(entry.path)
      }
      return entry
    },
    at: (path) => byPath.get(path),
    atKey: (name, key) => byKey[name].get(key),
    keys: (name) => byKey[name].keys(),
    paths: (name) => [...byKey[name].values()].map(({ path }) => path),
    uids: (name) => new Map([...byKey[name].values()].map(({ uid, generation }) => [uid, generation])),
    inNamespace: (namespace) => byNamespace.get(namespace) ?? NONE,
  }
}
