/**
 * What NSX asks of a group beyond the shape of its fields: families of addresses, counts of conditions, and the rules of
 * ANTREA groups (the product's page "Antrea Groups" and its group limits).
 */
import ipaddr from 'ipaddr.js'
import { badRequest, type JsonObject, objects, strings } from '../rest/index.ts'

/** Limits of a group's criteria. */
const CONDITIONS_OF_ONE_TYPE_MAX = 5
const CONDITIONS_OF_A_GROUP_MAX = 35
const MACS_OF_A_GROUP_MAX = 4_000

const refuse = (property: string, why: string) =>
  badRequest(`Field level validation errors: {property ${property}: ${why}}`)

export const groupTypeOf = (own: JsonObject | undefined): string | undefined =>
  strings(own?.['group_type'])[0]

/** A criterion's conditions: one, or those of a NestedExpression. */
const conditionsOf = (operand: JsonObject): readonly JsonObject[] =>
  [operand, ...objects(operand['expressions'])].filter((part) => part['resource_type'] === 'Condition')

/** Throws 400 for a group that NSX would refuse; its fields have their shape already. */
export function checkGroup(path: string, own: JsonObject, before: JsonObject | undefined): void {
  const [was, is] = [groupTypeOf(before), groupTypeOf(own)]
  if (was !== undefined && is !== undefined && was !== is)
    throw badRequest(`The group_type of path=[${path}] cannot be changed.`)
  const expression = objects(own['expression'])
  for (const operand of expression) checkFamilies(operand)
  checkCounts(expression)
  if (is === 'ANTREA') checkAntrea(expression)
}

/** One expression holds addresses of one family. */
function checkFamilies(operand: JsonObject): void {
  const families = strings(operand['ip_addresses']).map((text) =>
    ipaddr.parse(text.split(/[-/]/)[0]?.trim() ?? '').kind(),
  )
  if (new Set(families).size > 1)
    throw refuse('ip_addresses', 'must not mix IPv4 and IPv6 addresses in one expression')
}

function checkCounts(expression: readonly JsonObject[]): void {
  let [conditions, macs] = [0, 0]
  for (const operand of expression) {
    macs += strings(operand['mac_addresses']).length
    const own = conditionsOf(operand)
    conditions += own.length
    if (own.length > CONDITIONS_OF_ONE_TYPE_MAX && new Set(own.map((c) => c['member_type'])).size === 1)
      throw refuse(
        'expressions',
        `must hold at most ${CONDITIONS_OF_ONE_TYPE_MAX} conditions of one member type`,
      )
  }
  if (conditions > CONDITIONS_OF_A_GROUP_MAX)
    throw refuse('expression', `must hold at most ${CONDITIONS_OF_A_GROUP_MAX} conditions`)
  if (macs > MACS_OF_A_GROUP_MAX)
    throw refuse('mac_addresses', `must hold at most ${MACS_OF_A_GROUP_MAX} addresses`)
}

/** Which operators an ANTREA group admits, by member type and key. */
const ANTREA_OPERATORS: Readonly<Record<string, Readonly<Record<string, readonly unknown[]>>>> = {
  Namespace: { Name: ['EQUALS'], Tag: ['EQUALS', 'NOTEQUALS'] },
  Service: { Name: ['EQUALS'] },
  Pod: { Tag: ['EQUALS', 'NOTEQUALS'] },
}

/** Addresses are the only static members; nested groups are judged by their own type. */
const ANTREA_OPERANDS: readonly unknown[] = [
  'Condition',
  'NestedExpression',
  'ConjunctionOperator',
  'IPAddressExpression',
  'PathExpression',
]

function checkAntrea(expression: readonly JsonObject[]): void {
  for (const operand of expression) {
    if (!ANTREA_OPERANDS.includes(operand['resource_type']))
      throw refuse('expression', `${String(operand['resource_type'])} is not allowed in an ANTREA group`)
    const conditions = conditionsOf(operand)
    for (const condition of conditions) checkAntreaCondition(condition)
    checkAntreaPairs(conditions)
  }
  checkAntreaConjunctions(expression)
}

function checkAntreaCondition(condition: JsonObject): void {
  const [type, key] = [String(condition['member_type']), String(condition['key'])]
  const keys = Object.hasOwn(ANTREA_OPERATORS, type) ? ANTREA_OPERATORS[type] : undefined
  if (keys === undefined)
    throw refuse('member_type', `${type} must be one of [Pod, Namespace, Service] in an ANTREA group`)
  const operators = Object.hasOwn(keys, key) ? keys[key] : undefined
  if (operators === undefined)
    throw refuse('key', `${key} of a ${type} must be one of [${Object.keys(keys).join(', ')}]`)
  if (!operators.includes(condition['operator']))
    throw refuse('operator', `of ${type} ${key} must be one of [${operators.join(', ')}]`)
  if ((condition['scope_operator'] ?? 'EQUALS') !== 'EQUALS')
    throw refuse('scope_operator', 'must be EQUALS in an ANTREA group')
  if (condition['value'] === undefined) throw refuse('value', 'is required')
}

/** A Service is named together with its Namespace, and never beside a Pod. */
function checkAntreaPairs(conditions: readonly JsonObject[]): void {
  const has = (type: string, key?: string) =>
    conditions.some((c) => c['member_type'] === type && (key === undefined || c['key'] === key))
  if (!has('Service')) return
  if (has('Pod')) throw refuse('expressions', 'a Service and a Pod cannot stand in one criterion')
  if (!has('Namespace', 'Name'))
    throw refuse('expressions', 'a Service must stand together with the Name of its Namespace')
}

/** AND joins only two single conditions of one member type. */
function checkAntreaConjunctions(expression: readonly JsonObject[]): void {
  expression.forEach((part, index) => {
    if (part['conjunction_operator'] !== 'AND') return
    const [left, right] = [expression[index - 1], expression[index + 1]]
    const isPair =
      left?.['resource_type'] === 'Condition' &&
      right?.['resource_type'] === 'Condition' &&
      left['member_type'] === right['member_type']
    if (!isPair)
      throw refuse(
        'conjunction_operator',
        'AND must stand between two single conditions of one member type in an ANTREA group',
      )
  })
}

/** What an operand's members are, where it is no condition. */
const STATIC_TYPES: Readonly<Record<string, string>> = {
  IPAddressExpression: 'IPAddress',
  MACAddressExpression: 'MACAddress',
  PathExpression: 'Group',
  IdentityGroupExpression: 'IdentityGroup',
}

/** The types of a group's members, as its expression names them; sorted. */
export function memberTypesOf(own: JsonObject): readonly string[] {
  const types = objects(own['expression']).flatMap((operand) => {
    const type = String(operand['resource_type'])
    if (type === 'ExternalIDExpression') return [String(operand['member_type'])]
    if (Object.hasOwn(STATIC_TYPES, type)) return [STATIC_TYPES[type] ?? '']
    return conditionsOf(operand).map((condition) => String(condition['member_type']))
  })
  return [...new Set(types)].sort()
}
