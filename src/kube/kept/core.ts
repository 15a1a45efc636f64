/** core/v1. Numbers: k8s.io/api core/v1/generated.proto; what is written when it is zero: types.go beside it. */
import { CONDITION, META, SMALL_META } from './meta.ts'
import {
  ALWAYS_BOOLEAN,
  ALWAYS_INTEGER,
  ALWAYS_TEXT,
  annotation,
  BOOLEAN,
  INT_OR_TEXT,
  INTEGER,
  LABELS,
  list,
  message,
  sharedList,
  sharedMessage,
  TEXT,
  UNIQUE_TEXT,
} from './shapes.ts'

/** PodCondition and NodeCondition without their times, of which the kubelet writes some every few minutes. */
const KUBELET_CONDITION = sharedMessage({
  type: [1, ALWAYS_TEXT],
  status: [2, ALWAYS_TEXT],
  reason: [5, TEXT],
  message: [6, TEXT],
})

/** What an antrea-agent writes of the ports it opened for a Pod (antrea-io/antrea pkg/agent/nodeportlocal/types). */
const NODE_PORT_LOCAL = 'nodeportlocal.antrea.io'

/** Pods are many and big (some 12 KiB of JSON with managedFields), so only what is decided from stays. */
export const POD = message({
  metadata: [1, message({ ...SMALL_META.fields, annotations: [12, annotation(NODE_PORT_LOCAL)] })],
  spec: [2, sharedMessage({ nodeName: [10, TEXT], hostNetwork: [11, BOOLEAN] })],
  status: [
    3,
    message({
      phase: [1, TEXT],
      podIP: [6, TEXT],
      podIPs: [12, list(message({ ip: [1, ALWAYS_TEXT] }))],
      conditions: [2, sharedList(KUBELET_CONDITION)],
      message: [3, TEXT],
      reason: [4, TEXT],
    }),
  ],
})

const NODE_SYSTEM_INFO = sharedMessage({
  kernelVersion: [4, ALWAYS_TEXT],
  osImage: [5, ALWAYS_TEXT],
  containerRuntimeVersion: [6, ALWAYS_TEXT],
  kubeletVersion: [7, ALWAYS_TEXT],
  operatingSystem: [9, ALWAYS_TEXT],
  architecture: [10, ALWAYS_TEXT],
})

export const NODE = message({
  metadata: [1, META],
  spec: [2, message({ podCIDR: [1, TEXT], podCIDRs: [7, list(TEXT)], providerID: [3, UNIQUE_TEXT] })],
  status: [
    3,
    message({
      addresses: [5, list(message({ type: [1, ALWAYS_TEXT], address: [2, ALWAYS_TEXT] }))],
      conditions: [4, sharedList(KUBELET_CONDITION)],
      nodeInfo: [7, NODE_SYSTEM_INFO],
    }),
  ],
})

export const NAMESPACE = message({
  metadata: [1, META],
  spec: [2, sharedMessage({ finalizers: [1, sharedList(TEXT)] })],
  status: [3, sharedMessage({ phase: [1, TEXT] })],
})

const SERVICE_PORT = message({
  name: [1, TEXT],
  protocol: [2, TEXT],
  appProtocol: [6, ALWAYS_TEXT],
  port: [3, ALWAYS_INTEGER],
  targetPort: [4, INT_OR_TEXT],
  nodePort: [5, INTEGER],
})

/** PortStatus; networking/v1 numbers its IngressPortStatus alike. */
export const PORT_STATUS = message({
  port: [1, ALWAYS_INTEGER],
  protocol: [2, ALWAYS_TEXT],
  error: [3, ALWAYS_TEXT],
})

const LOAD_BALANCER_INGRESS = message({
  ip: [1, TEXT],
  hostname: [2, TEXT],
  ipMode: [3, ALWAYS_TEXT],
  ports: [4, list(PORT_STATUS)],
})

export const SERVICE = message({
  metadata: [1, META],
  spec: [
    2,
    message({
      ports: [1, list(SERVICE_PORT)],
      selector: [2, LABELS],
      clusterIP: [3, TEXT],
      clusterIPs: [18, list(ALWAYS_TEXT)],
      type: [4, TEXT],
      externalIPs: [5, list(ALWAYS_TEXT)],
      sessionAffinity: [7, TEXT],
      loadBalancerIP: [8, TEXT],
      loadBalancerSourceRanges: [9, list(ALWAYS_TEXT)],
      externalName: [10, TEXT],
      externalTrafficPolicy: [11, TEXT],
      healthCheckNodePort: [12, INTEGER],
      publishNotReadyAddresses: [13, BOOLEAN],
      ipFamilyPolicy: [17, ALWAYS_TEXT],
      ipFamilies: [19, list(ALWAYS_TEXT)],
      allocateLoadBalancerNodePorts: [20, ALWAYS_BOOLEAN],
      loadBalancerClass: [21, ALWAYS_TEXT],
      internalTrafficPolicy: [22, ALWAYS_TEXT],
      trafficDistribution: [23, ALWAYS_TEXT],
    }),
  ],
  status: [
    3,
    message({
      loadBalancer: [1, message({ ingress: [1, list(LOAD_BALANCER_INGRESS)] })],
      conditions: [2, list(CONDITION)],
    }),
  ],
})

/** ObjectReference */
export const OBJECT_REFERENCE = message({
  kind: [1, TEXT],
  namespace: [2, TEXT],
  name: [3, TEXT],
  uid: [4, UNIQUE_TEXT],
})

/** TypedLocalObjectReference */
export const TYPED_LOCAL_OBJECT_REFERENCE = message({
  apiGroup: [1, ALWAYS_TEXT],
  kind: [2, ALWAYS_TEXT],
  name: [3, ALWAYS_TEXT],
})
