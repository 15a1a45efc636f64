/** One condition of a group as a requirement on labels. */
import type { LabelSelectorRequirement } from '../../kube/antrea.ts'
import type { FlatExpressionBody } from './body.ts'
import type { Code } from './codes/index.ts'
import { quote } from './findings.ts'
import type { ServiceRef } from './groups.ts'

export type ConditionResult =
  | { readonly member: 'pod' | 'namespace'; readonly requirement: LabelSelectorRequirement }
  | { readonly code: Code; readonly detail: string }

/** Where the inventory puts a label: `dis:k8s:<key>` as the tag's scope, its value as the tag. */
const LABEL_SCOPE_PREFIX = 'dis:k8s:'
/** Longest scope the inventory writes; a key that fills it may have been shortened. */
const SCOPE_CHARS_MAX = 128

/** Set by the API server on every Namespace since Kubernetes 1.21. */
const NAMESPACE_NAME_LABEL = 'kubernetes.io/metadata.name'

const LABEL_NAME = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)$/
const LABEL_PREFIX = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

function isLabelKey(key: string): boolean {
  const parts = key.split('/')
  const [name, prefix] = parts.length === 2 ? [parts[1], parts[0]] : [parts[0], undefined]
  if (parts.length > 2 || name === undefined || !LABEL_NAME.test(name)) return false
  return prefix === undefined || LABEL_PREFIX.test(prefix)
}

const refuse = (code: Code, detail: string): ConditionResult => ({ code, detail })

/** Members that live outside the cluster, by their path: segments, ports, virtual machines. */
export const isGenericMember = (path: string): boolean => !/\/groups\/[^/]+$/.test(path)

/** Of members outside the cluster, of which NSX knows the addresses; the Kubernetes ones filter others or are addresses. */
const GENERIC_MEMBERS =
  /^(IPSet|VirtualMachine|LogicalPort|LogicalSwitch|Segment|SegmentPort|TransportNode|DVPG|DVPort|VpcSubnet|VpcSubnetPort|BareMetal.*|Kubernetes.*|Antrea.*)$/

export const isGenericCondition = ({ member_type: member }: FlatExpressionBody): boolean =>
  GENERIC_MEMBERS.test(member ?? '')

/** The requirement, or why there is none. Tags are compared as labels are: by exact case. */
export function conditionOf(condition: FlatExpressionBody): ConditionResult {
  const { member_type: member, key, value, exclude } = condition
  const operator = condition.operator ?? ''
  const about = `${member ?? '?'} ${key ?? '?'} ${operator} ${quote(value)}`
  if (exclude !== undefined && exclude !== null)
    return refuse('MEMBER_UNSUPPORTED', `${about} has exclusions`)
  if (member !== 'Pod' && member !== 'Namespace') return refuse('MEMBER_UNSUPPORTED', about)
  if (member === 'Pod' && key === 'Name') return refuse('POD_NAME', about)
  if (key !== 'Tag' && key !== 'Name') return refuse('MEMBER_UNSUPPORTED', about)
  if (value === undefined || value === null || value === '') return refuse('CONDITION_EMPTY', about)
  if (key === 'Name') return namespaceName(operator, value, about)
  if (operator !== 'EQUALS' && operator !== 'NOTEQUALS') return refuse('OPERATOR', about)
  if ((condition.scope_operator ?? 'EQUALS') !== 'EQUALS') return refuse('SCOPE_NOTEQUALS', about)
  return tagOf(member === 'Pod' ? 'pod' : 'namespace', operator, value, about)
}

function namespaceName(operator: string, value: string, about: string): ConditionResult {
  if (operator !== 'EQUALS') return refuse('OPERATOR', about)
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(value))
    return refuse('LABEL_INVALID', `${about}: no Namespace can be called so`)
  return { member: 'namespace', requirement: { key: NAMESPACE_NAME_LABEL, operator: 'In', values: [value] } }
}

function tagOf(
  member: 'pod' | 'namespace',
  operator: 'EQUALS' | 'NOTEQUALS',
  value: string,
  about: string,
): ConditionResult {
  const bar = value.indexOf('|')
  const scope = bar === -1 ? '' : value.slice(0, bar)
  const tag = bar === -1 ? value : value.slice(bar + 1)
  if (scope === '') return refuse('TAG_WITHOUT_SCOPE', about)
  const key = scope.startsWith(LABEL_SCOPE_PREFIX) ? scope.slice(LABEL_SCOPE_PREFIX.length) : scope
  if (LABEL_SCOPE_PREFIX.length + key.length >= SCOPE_CHARS_MAX) return refuse('LABEL_UNRESOLVED', about)
  if (!isLabelKey(key)) return refuse('LABEL_INVALID', `${about}: ${quote(key)} is no label key`)
  if (tag === '')
    return { member, requirement: { key, operator: operator === 'EQUALS' ? 'Exists' : 'DoesNotExist' } }
  if (!LABEL_NAME.test(tag)) return refuse('LABEL_INVALID', `${about}: ${quote(tag)} is no label value`)
  return { member, requirement: { key, operator: operator === 'EQUALS' ? 'In' : 'NotIn', values: [tag] } }
}

/** Names as the API server takes them for Services (RFC 1035 labels) and Namespaces (RFC 1123 labels). */
const SERVICE_NAME = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/

/** One Service name and one Namespace name that hold together: the Pods behind that Service. */
export function serviceOf(
  conditions: readonly FlatExpressionBody[],
): ServiceRef | { readonly code: Code; readonly detail: string } {
  const fail = (code: Code, detail: string) => ({ code, detail })
  const about = conditions
    .map(({ member_type, key, operator, value }) => `${member_type} ${key} ${operator} ${quote(value)}`)
    .join(' AND ')
  const of = (member: string) => conditions.filter(({ member_type }) => member_type === member)
  if (of('Pod').length > 0) return fail('SERVICE_WITH_POD', about)
  const [service, ...others] = of('Service')
  const [namespace, ...more] = of('Namespace')
  const isByName = (condition: FlatExpressionBody | undefined) =>
    condition?.key === 'Name' && condition.operator === 'EQUALS' && (condition.exclude ?? null) === null
  if (!isByName(service) || others.length > 0) return fail('SERVICE_MEMBER', about)
  if (namespace === undefined) return fail('SERVICE_NO_NAMESPACE', about)
  if (!isByName(namespace) || more.length > 0 || conditions.length > 2) return fail('SERVICE_MEMBER', about)
  const [name, within] = [service?.value ?? '', namespace.value ?? '']
  if (name === '' || within === '') return fail('CONDITION_EMPTY', about)
  if (!SERVICE_NAME.test(name) || !/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(within))
    return fail('LABEL_INVALID', `${about}: no Service can be called so`)
  return { namespace: within, name }
}
