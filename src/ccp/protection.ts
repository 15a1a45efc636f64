/**
 * An admission policy that keeps others from the adapter's tiers and objects (Kubernetes, "Validating Admission Policy",
 * admissionregistration.k8s.io/v1 since 1.30). Subresources are not matched: antrea-controller writes status as before.
 */
import { MANAGED_BY_LABEL, MANAGER } from '../kube/marks.ts'
import { ANNOTATIONS } from './ownership.ts'

export interface ProtectionInput {
  /** User names that may write: of the client certificate's CN, or `system:serviceaccount:NAMESPACE:NAME`. */
  readonly users: readonly string[]
  readonly tiers: readonly string[]
}

interface Guard {
  readonly name: string
  readonly resources: readonly string[]
  readonly operations: readonly ('CREATE' | 'UPDATE' | 'DELETE')[]
  /** True for an object (CEL, of `it`) that only the adapter may write; asked of the old and of the new one. */
  readonly isKept: (it: string) => string
  readonly message: string
}

/** Strings of JSON are strings of CEL too. */
const text = (value: string): string => JSON.stringify(value)

const hasKey = (it: string, map: 'labels' | 'annotations', key: string): string =>
  `(has(${it}.metadata.${map}) && ${text(key)} in ${it}.metadata.${map})`

const guards = (tiers: readonly string[]): readonly Guard[] => {
  const names = `[${tiers.map(text).join(', ')}]`
  return [
    {
      name: `${MANAGER}-objects`,
      resources: ['clusternetworkpolicies', 'clustergroups'],
      operations: ['CREATE', 'UPDATE', 'DELETE'],
      isKept: (it) =>
        `(${hasKey(it, 'labels', MANAGED_BY_LABEL)} && ${it}.metadata.labels[${text(MANAGED_BY_LABEL)}] == ${text(MANAGER)}) || ${hasKey(it, 'annotations', ANNOTATIONS.clusterId)}`,
      message: `only ${MANAGER} writes the objects that carry its label or annotation; change the policy in NSX`,
    },
    {
      name: `${MANAGER}-policies-in-tiers`,
      resources: ['clusternetworkpolicies'],
      operations: ['CREATE', 'UPDATE', 'DELETE'],
      isKept: (it) => `has(${it}.spec.tier) && ${it}.spec.tier in ${names}`,
      message: `only ${MANAGER} writes policies of NSX's tiers; take another tier`,
    },
    {
      // One that is there already may go, with its Namespace too.
      name: `${MANAGER}-namespaced-policies-in-tiers`,
      resources: ['networkpolicies'],
      operations: ['CREATE', 'UPDATE'],
      isKept: (it) => `has(${it}.spec.tier) && ${it}.spec.tier in ${names}`,
      message: `only ${MANAGER} writes policies of NSX's tiers; take another tier`,
    },
    {
      name: `${MANAGER}-tiers`,
      resources: ['tiers'],
      operations: ['CREATE', 'UPDATE', 'DELETE'],
      isKept: (it) => `${it}.metadata.name in ${names}`,
      message: `only ${MANAGER} writes NSX's tiers`,
    },
  ]
}

/** The objects to apply, policies before their bindings. */
export function protection({ users, tiers }: ProtectionInput): readonly object[] {
  const all = guards(tiers)
  return [...all.map((guard) => policyOf(guard, users)), ...all.map(({ name }) => bindingOf(name))]
}

const API_VERSION = 'admissionregistration.k8s.io/v1'
const metadata = (name: string) => ({ name, labels: { 'app.kubernetes.io/part-of': MANAGER } })

const policyOf = ({ name, resources, operations, isKept, message }: Guard, users: readonly string[]) => ({
  apiVersion: API_VERSION,
  kind: 'ValidatingAdmissionPolicy',
  metadata: metadata(name),
  spec: {
    failurePolicy: 'Fail',
    matchConstraints: {
      resourceRules: [{ apiGroups: ['crd.antrea.io'], apiVersions: ['*'], operations, resources }],
    },
    matchConditions: [
      {
        name: 'by-another-user',
        expression: `!(request.userInfo.username in [${users.map(text).join(', ')}])`,
      },
    ],
    // With DELETE there is no new object, with CREATE no old one.
    validations: [
      { expression: `object == null || !(${isKept('object')})`, message, reason: 'Forbidden' },
      { expression: `oldObject == null || !(${isKept('oldObject')})`, message, reason: 'Forbidden' },
    ],
  },
})

const bindingOf = (name: string) => ({
  apiVersion: API_VERSION,
  kind: 'ValidatingAdmissionPolicyBinding',
  metadata: metadata(name),
  spec: { policyName: name, validationActions: ['Deny'] },
})
