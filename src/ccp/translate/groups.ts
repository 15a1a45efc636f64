/** NSX groups as selectors, Services and addresses: nested groups flattened, AND within a criterion, OR between. */
import type { LabelSelectorRequirement } from '../../kube/antrea.ts'
import type { Problem } from '../../protocol/ccp.ts'
import { canonicalJson } from '../../protocol/hash.ts'
import type { Steps } from '../../world/steps.ts'
import {
  type Block,
  isMulticast,
  isMulticastV4,
  NOT_PLAIN,
  parseBlocks,
  plainBlock,
  plainV4,
} from './addresses.ts'
import {
  type ExpressionBody,
  type FlatExpressionBody,
  GroupBody,
  GroupMembersBody,
  readBody,
} from './body.ts'
import type { Code } from './codes/index.ts'
import { conditionOf, isGenericCondition, isGenericMember, serviceOf } from './conditions.ts'
import { Blocks, Distinct } from './distinct.ts'
import { problem, quote } from './findings.ts'
import { editedList, type KeptList, type ListEdit } from './kept-lists.ts'
import type { Lookup } from './lookup.ts'
import type { DesiredObject } from './types.ts'

/** Pods by labels and by the labels of their Namespace; both parts must hold. An absent part asks nothing. */
export interface PodTerm {
  readonly pod?: readonly LabelSelectorRequirement[]
  readonly namespace?: readonly LabelSelectorRequirement[]
}

/** The Pods behind a Service. */
export interface ServiceRef {
  readonly namespace: string
  readonly name: string
}

/** The members: all that any term or Service selects, and all that any block holds. */
export interface GroupShape {
  readonly terms: readonly PodTerm[]
  readonly services: readonly ServiceRef[]
  readonly blocks: readonly Block[]
  /** Its addresses are those of members outside the cluster, of which there may be none just now. */
  readonly isGeneric: boolean
  readonly problems: readonly Problem[]
}

/** Twice the largest set that NSX takes in one group; 256 shards of 1,000 hold them with room for an uneven spread. */
const BLOCKS_MAX = 200_000
const TERMS_MAX = 500
const NESTING_MAX = 16
/** Addresses read in one step: some 0.2 ms. */
const ADDRESSES_A_STEP = 500

export interface ReadShape {
  readonly shape: GroupShape
  /** The group's own body; undefined: it cannot be read. */
  readonly body: GroupBody | undefined
  /** How its blocks came to differ from those of before; undefined: they were all read. */
  readonly edit: ListEdit | undefined
}

/**
 * Everything one group stands for. With an ERROR among the problems the rest must not be used. `before`: an earlier shape of
 * the group, whose list of addresses is read again only where it differs.
 */
export function* groupShape(group: DesiredObject, lookup: Lookup, before?: GroupShape): Steps<ReadShape> {
  const collector = new Collector(lookup, before === undefined ? undefined : lists.get(before))
  const body = collector.bodyOf(group)
  if (body !== undefined) yield* collector.group(group.path, body, NO_TRAIL)
  const { problems, isGeneric, list, edit } = collector
  const terms = collector.terms()
  const services = collector.services()
  const blocks = collector.all()
  if (blocks.length > BLOCKS_MAX || terms.length + services.length > TERMS_MAX)
    collector.report(
      'GROUP_TOO_LARGE',
      group.path,
      `${blocks.length} addresses, ${terms.length + services.length} criteria`,
    )
  const shape = { terms, services, blocks, isGeneric, problems }
  if (list?.length === blocks.length && blocks.length > 0) lists.set(shape, { texts: list, blocks })
  return { shape, body, edit }
}

const NO_TRAIL: readonly string[] = []

/** Of shapes whose addresses come from one list, in its order. */
const lists = new WeakMap<GroupShape, KeptList>()

const serviceText = ({ namespace, name }: ServiceRef): string => `${namespace}/${name}`

const NO_BLOCKS: readonly Block[] = []

class Collector {
  readonly problems: Problem[] = []
  isGeneric = false
  /** The list of addresses, where there is one only and each of its texts has its own block; `edit`: it was not read whole. */
  list: readonly string[] | undefined
  edit: ListEdit | undefined
  private readonly lookup: Lookup
  private readonly before: KeptList | undefined
  private readonly foundTerms = new Distinct<PodTerm>(canonicalJson)
  private readonly foundServices = new Distinct(serviceText)
  private blocks: Blocks | undefined
  /** Paths: a group that is reached twice adds nothing the second time. */
  private done: Set<string> | undefined
  private edited: readonly Block[] | undefined
  private listCount = 0

  constructor(lookup: Lookup, before: KeptList | undefined) {
    this.lookup = lookup
    this.before = before
  }

  terms(): readonly PodTerm[] {
    return this.foundTerms.sorted()
  }

  services(): readonly ServiceRef[] {
    return this.foundServices.sorted()
  }

  all(): readonly Block[] {
    return this.edited ?? this.blocks?.list ?? NO_BLOCKS
  }

  report(code: Code, path: string, detail: string): void {
    this.problems.push(problem(code, `${path}: ${detail}`, { group_path: path }))
  }

  /** `trail`: the groups that it is nested in. */
  *group(path: string, body: GroupBody, trail: readonly string[]): Steps<void> {
    const expression = body.expression ?? []
    if (expression.length === 0 && trail.length === 0) this.report('EMPTY_GROUP', path, 'it has no criteria')
    let hasOutsiders = false
    for (const operands of this.alternatives(path, expression)) {
      const only = operands.length === 1 ? operands[0] : undefined
      if (only?.resource_type === 'IPAddressExpression') yield* this.addresses(path, only.ip_addresses ?? [])
      else if (only?.resource_type === 'PathExpression') {
        if (yield* this.nested(only.paths ?? [], [...trail, path])) hasOutsiders = true
      } else if (this.criterion(path, operands)) hasOutsiders = true
    }
    if (hasOutsiders) yield* this.effectiveMembers(path)
  }

  *nestedGroup(group: DesiredObject, trail: readonly string[]): Steps<void> {
    const { path } = group
    if (trail.includes(path) || trail.length > NESTING_MAX)
      return this.report('GROUP_CYCLE', path, 'it leads back to itself')
    this.done ??= new Set()
    if (this.done.has(path)) return
    this.done.add(path)
    const body = this.bodyOf(group)
    if (body !== undefined) yield* this.group(path, body, trail)
  }

  bodyOf(group: DesiredObject): GroupBody | undefined {
    const { path } = group
    if (path.startsWith('/orgs/')) return this.refuse('PROJECT_SCOPE', path, 'it lives in a project')
    if (path.startsWith('/global-infra/')) return this.refuse('GLOBAL_OBJECT', path, 'it is a global object')
    if (group.body === undefined) return this.refuse('OBJECT_TOO_LARGE', path, 'it came without its body')
    const read = readBody(GroupBody, group.body)
    if (!('body' in read)) return this.refuse('BODY_MALFORMED', path, `${read.field}: ${read.message}`)
    if (read.body.reference === true)
      return this.refuse('GLOBAL_OBJECT', path, 'it is a reference to a global group')
    if ((read.body.extended_expression ?? []).length > 0)
      this.report('MEMBER_UNSUPPORTED', path, 'it has an extended expression (identity)')
    return read.body
  }

  refuse(code: Code, path: string, detail: string): undefined {
    this.report(code, path, detail)
  }

  /** Split at OR: what is left of each part is joined by AND. */
  alternatives(path: string, expression: readonly ExpressionBody[]): readonly (readonly ExpressionBody[])[] {
    if (expression.length === 0) return []
    if (expression.length === 1 && !isConjunction(expression[0]!)) return [expression]
    const parts: ExpressionBody[][] = [[]]
    const isWellFormed =
      expression.length % 2 === 1 && expression.every((item, at) => isConjunction(item) === (at % 2 === 1))
    if (!isWellFormed) {
      this.report('EXPRESSION_MALFORMED', path, 'operands and conjunctions do not alternate')
      return []
    }
    for (const item of expression) {
      if (!isConjunction(item)) parts.at(-1)?.push(item)
      else if (item.conjunction_operator === 'OR') parts.push([])
      else if (item.conjunction_operator !== 'AND')
        this.report('EXPRESSION_MALFORMED', path, `conjunction ${quote(item.conjunction_operator)}`)
    }
    return parts
  }

  /** True: it names members outside the cluster, whose addresses the manager tells. */
  criterion(path: string, operands: readonly ExpressionBody[]): boolean {
    const only = operands.length === 1 ? operands[0] : undefined
    if (only !== undefined && OUTSIDERS.has(only.resource_type ?? '')) return true
    const conditions =
      only?.resource_type === 'Condition'
        ? [only]
        : operands.flatMap((operand) => this.conditions(path, operand))
    const outsiders = conditions.filter(isGenericCondition)
    if (outsiders.length > 0) {
      if (outsiders.length === conditions.length) return true
      this.report('MEMBERS_MIXED', path, 'a criterion joins Pods and members outside the cluster with AND')
    } else if (conditions.some(({ member_type: member }) => member === 'Service'))
      this.service(path, conditions)
    else if (conditions.length > 0) this.term(path, conditions)
    return false
  }

  /** The conditions of one operand that stands beside others. */
  conditions(path: string, operand: ExpressionBody): FlatExpressionBody[] {
    const type = operand.resource_type ?? ''
    if (type === 'Condition') return [operand]
    if (type === 'NestedExpression') return this.nestedConditions(path, operand.expressions ?? [])
    if (type === 'IPAddressExpression')
      this.report('AND_IP', path, 'addresses are joined to other criteria with AND')
    else if (type === 'PathExpression')
      this.report('AND_GROUP', path, 'nested groups are joined to other criteria with AND')
    else if (OUTSIDERS.has(type)) this.report('MEMBERS_MIXED', path, `${type} is joined to others with AND`)
    else this.report('MEMBER_UNSUPPORTED', path, `members by ${quote(operand.resource_type)}`)
    return []
  }

  nestedConditions(path: string, expressions: readonly FlatExpressionBody[]): FlatExpressionBody[] {
    const isWellFormed =
      expressions.length % 2 === 1 &&
      expressions.every((item, at) =>
        at % 2 === 1
          ? item.resource_type === 'ConjunctionOperator' && item.conjunction_operator === 'AND'
          : item.resource_type === 'Condition',
      )
    if (!isWellFormed) {
      this.report('EXPRESSION_MALFORMED', path, 'a nested expression is conditions joined by AND')
      return []
    }
    return expressions.filter((_, at) => at % 2 === 0)
  }

  term(path: string, conditions: readonly FlatExpressionBody[]) {
    const pod: LabelSelectorRequirement[] = []
    const namespace: LabelSelectorRequirement[] = []
    let isWhole = true
    for (const condition of conditions) {
      const found = conditionOf(condition)
      if ('code' in found) {
        this.report(found.code, path, found.detail)
        isWhole = false
      } else if (found.member === 'pod') pod.push(found.requirement)
      else namespace.push(found.requirement)
    }
    if (!isWhole) return
    const term: PodTerm = {
      ...(pod.length === 0 ? {} : { pod: distinct(pod) }),
      ...(namespace.length === 0 ? {} : { namespace: distinct(namespace) }),
    }
    this.foundTerms.add(term)
  }

  service(path: string, conditions: readonly FlatExpressionBody[]) {
    const found = serviceOf(conditions)
    if ('code' in found) this.report(found.code, path, found.detail)
    else this.foundServices.add(found)
  }

  *addresses(path: string, addresses: readonly string[]): Steps<void> {
    this.listCount += 1
    if (this.listCount === 1) {
      const known = this.before === undefined ? undefined : yield* editedList(this.before, addresses)
      this.list = addresses
      this.edited = known?.blocks
      this.edit = known?.edit
      if (known !== undefined) return
    } else {
      this.list = undefined
      this.edit = undefined
      for (const block of this.edited ?? []) this.blockList().add(block)
      this.edited = undefined
    }
    const problems = this.problems.length
    const blocks = this.blockList()
    for (let read = 1; read <= addresses.length; read += 1) {
      if (read % ADDRESSES_A_STEP === 0) yield
      const text = addresses[read - 1]!
      const plain = plainV4(text)
      if (plain !== NOT_PLAIN) {
        if (isMulticastV4(plain)) this.report('MULTICAST', path, `address ${quote(text)}`)
        blocks.addPlain(plain, plainBlock(text, plain))
      } else this.otherAddress(path, text, blocks)
    }
    if (this.problems.length > problems) this.list = undefined
  }

  otherAddress(path: string, text: string, blocks: Blocks): void {
    const found = parseBlocks(text)
    if (found === undefined) this.report('ADDRESS_INVALID', path, `address ${quote(text)}`)
    for (const block of found ?? []) {
      if (isMulticast(block)) this.report('MULTICAST', path, `address ${quote(text)}`)
      blocks.add(block)
    }
    if (found?.length !== 1) this.list = undefined
  }

  blockList(): Blocks {
    this.blocks ??= new Blocks()
    return this.blocks
  }

  *nested(paths: readonly string[], trail: readonly string[]): Steps<boolean> {
    let hasOutsiders = false
    for (const nestedPath of paths) {
      if (isGenericMember(nestedPath)) {
        hasOutsiders = true
        continue
      }
      const nested = this.lookup('Group', nestedPath)
      if (nested === undefined)
        this.problems.push(problem('GROUP_MISSING', `${nestedPath} is not there`, { group_path: nestedPath }))
      else yield* this.nestedGroup(nested, trail)
    }
    return hasOutsiders
  }

  /** The addresses that the manager has worked out for a group's members outside the cluster. */
  *effectiveMembers(path: string): Steps<void> {
    this.isGeneric = true
    const members = this.lookup('GroupMembers', path)
    if (members === undefined)
      return this.report('GROUP_MEMBERS_MISSING', path, 'the addresses of its members have not come')
    if (members.body === undefined)
      return this.report('OBJECT_TOO_LARGE', path, 'its members came without their body')
    const read = readBody(GroupMembersBody, members.body)
    if (!('body' in read))
      return this.report('BODY_MALFORMED', path, `GroupMembers ${read.field}: ${read.message}`)
    yield* this.addresses(path, read.body.ip_addresses)
  }
}

const isConjunction = ({ resource_type: type }: ExpressionBody): boolean => type === 'ConjunctionOperator'

/** Each once, in the order of their canonical form. */
function distinct(requirements: readonly LabelSelectorRequirement[]): readonly LabelSelectorRequirement[] {
  if (requirements.length < 2) return requirements
  const sorted = new Map(requirements.map((requirement) => [canonicalJson(requirement), requirement]))
  return [...sorted].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, requirement]) => requirement)
}

/** Operands that name members by what only NSX knows. */
const OUTSIDERS: ReadonlySet<string> = new Set(['ExternalIDExpression', 'MACAddressExpression'])
