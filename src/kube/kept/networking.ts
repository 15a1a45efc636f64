/**
 * discovery/v1 and networking/v1. Numbers: generated.proto of both in k8s.io/api; what is written when it is zero:
 * types.go beside it.
 */
import { OBJECT_REFERENCE, PORT_STATUS, TYPED_LOCAL_OBJECT_REFERENCE } from './core.ts'
import { LABEL_SELECTOR, META, SMALL_META } from './meta.ts'
import {
  ALWAYS_BOOLEAN,
  ALWAYS_INTEGER,
  ALWAYS_TEXT,
  INT_OR_TEXT,
  INTEGER,
  list,
  message,
  sharedMessage,
  TEXT,
} from './shapes.ts'

const ENDPOINT = message({
  addresses: [1, list(ALWAYS_TEXT)],
  conditions: [
    2,
    sharedMessage({
      ready: [1, ALWAYS_BOOLEAN],
      serving: [2, ALWAYS_BOOLEAN],
      terminating: [3, ALWAYS_BOOLEAN],
    }),
  ],
  hostname: [3, ALWAYS_TEXT],
  targetRef: [4, OBJECT_REFERENCE],
  nodeName: [6, ALWAYS_TEXT],
  zone: [7, ALWAYS_TEXT],
})

const ENDPOINT_PORT = sharedMessage({
  name: [1, ALWAYS_TEXT],
  protocol: [2, ALWAYS_TEXT],
  port: [3, ALWAYS_INTEGER],
  appProtocol: [4, ALWAYS_TEXT],
})

export const ENDPOINT_SLICE = message({
  metadata: [1, SMALL_META],
  addressType: [4, ALWAYS_TEXT],
  endpoints: [2, list(ENDPOINT)],
  ports: [3, list(ENDPOINT_PORT)],
})

const INGRESS_BACKEND = message({
  service: [
    4,
    message({ name: [1, ALWAYS_TEXT], port: [2, message({ name: [1, TEXT], number: [2, INTEGER] })] }),
  ],
  resource: [3, TYPED_LOCAL_OBJECT_REFERENCE],
})

const HTTP_INGRESS_PATH = message({
  path: [1, TEXT],
  pathType: [3, ALWAYS_TEXT],
  backend: [2, INGRESS_BACKEND],
})

/** Its IngressRuleValue is a message of its own in protobuf, and inline in JSON. */
const INGRESS_RULE = message({
  host: [1, TEXT],
  '+': [2, message({ http: [1, message({ paths: [1, list(HTTP_INGRESS_PATH)] })] })],
})

const INGRESS_LOAD_BALANCER_INGRESS = message({
  ip: [1, TEXT],
  hostname: [2, TEXT],
  ports: [4, list(PORT_STATUS)],
})

export const INGRESS = message({
  metadata: [1, META],
  spec: [
    2,
    message({
      ingressClassName: [4, ALWAYS_TEXT],
      defaultBackend: [1, INGRESS_BACKEND],
      tls: [2, list(message({ hosts: [1, list(ALWAYS_TEXT)], secretName: [2, TEXT] }))],
      rules: [3, list(INGRESS_RULE)],
    }),
  ],
  status: [3, message({ loadBalancer: [1, message({ ingress: [1, list(INGRESS_LOAD_BALANCER_INGRESS)] })] })],
})

const NETWORK_POLICY_PORT = message({
  protocol: [1, ALWAYS_TEXT],
  port: [2, INT_OR_TEXT],
  endPort: [3, ALWAYS_INTEGER],
})

const NETWORK_POLICY_PEER = message({
  podSelector: [1, LABEL_SELECTOR],
  namespaceSelector: [2, LABEL_SELECTOR],
  ipBlock: [3, message({ cidr: [1, ALWAYS_TEXT], except: [2, list(ALWAYS_TEXT)] })],
})

export const NETWORK_POLICY = message({
  metadata: [1, META],
  spec: [
    2,
    message({
      podSelector: [1, LABEL_SELECTOR],
      ingress: [
        2,
        list(message({ ports: [1, list(NETWORK_POLICY_PORT)], from: [2, list(NETWORK_POLICY_PEER)] })),
      ],
      egress: [
        3,
        list(message({ ports: [1, list(NETWORK_POLICY_PORT)], to: [2, list(NETWORK_POLICY_PEER)] })),
      ],
      policyTypes: [4, list(ALWAYS_TEXT)],
    }),
  ],
})
