/** What the mapping of an object looks up beside the object. */
import type { KubeObject } from '../../kube/types.ts'

export interface Lookup {
  get(key: string): KubeObject | undefined
}

export interface MapContext {
  readonly clusterId: string
  readonly namespaces: Lookup
  readonly nodes: Lookup
  readonly services: Lookup
  readonly pods: Lookup
  /** The EndpointSlices of a Service, by the Service's key. */
  slicesOf(serviceKey: string): Iterable<KubeObject>
  /** Keys of the Services that have this Pod among their endpoints. */
  servicesOf(podKey: string, podUid: string): Iterable<string>
  /** antrea-agent of a Node; undefined while nothing can be said. */
  agentStatus(nodeName: string): 'HEALTHY' | 'UNHEALTHY' | undefined
  /** False for a manager before 4.2, which does not know the newer fields and may refuse them. */
  readonly newerFields: boolean
}
