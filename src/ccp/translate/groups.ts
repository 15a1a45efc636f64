/** NSX groups as selectors, Services and addresses: nested groups flattened, AND within a criterion, OR between. */
import type { LabelSelectorRequirement } from '../../kube/antrea.ts'
import type { Problem } from '../../protocol/ccp.ts'
import { canonicalJson } from '../../protocol/hash.ts'
import type { Steps } from '../../world/steps.ts'
import { type Block, isMulticast, isPlainV4, parseBlocks } from './addresses.ts'
import {
  type ExpressionBody,
  type FlatExpressionBody,
  GroupBody,
  GroupMembersBody,
  readBody,
} from './body.ts'
import type { Code } from './codes/index.ts'
import { conditionOf, isGenericCondition, isGenericMember, serviceOf } from './conditions.ts'
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
  /** How its blocks came to differ from those of before; undefined: they were all read. */
  readonly edit: ListEdit | undefined
}

/**
 * Everything one group stands for. With an ERROR among the problems the rest must not be used. `before`: an earlier shape of
 * the group, whose list of addresses is read again only where it differs.
 */
export function* groupShape(group: DesiredObject, lookup: Lookup, before?: GroupShape): Steps<ReadShape> {
  const collector = new Collector(lookup, before === undefined ? undefined : lists.get(before))
  yield* collector.group(group, [])
  const { terms, services, problems, isGeneric, list, edit } = collector
  const blocks = collector.all()
  if (blocks.length > BLOCKS_MAX || terms.size + services.size > TERMS_MAX)
    collector.report(
      'GROUP_TOO_LARGE',
      group.path,
      `${blocks.length} addresses, ${terms.size + services.size} criteria`,
    )
  const sorted = <T>(map: Map<string, T>) =>
    map.size < 2 ? [...map.values()] : [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item)
  const shape = { terms: sorted(terms), services: sorted(services), blocks, isGeneric, problems }
  if (list?.length === blocks.length && blocks.length > 0) lists.set(shape, { texts: list, blocks })
  return { shape, edit }
}

/** Of shapes whose addresses come from one list, in its order. */
const lists = new WeakMap<GroupShape, KeptList>()

class Collector {
  readonly terms = new Map<string, PodTerm>()
  readonly services = new Map<string, ServiceRef>()
  readonly blocks = new Map<string, Block>()
  readonly problems: Problem[] = []
  readonly lookup: Lookup
  /** A group that is reached twice adds nothing the second time. */
  readonly done = new Set<string>()
  isGeneric = false
  /** The list of addresses, where there is one only and each of its texts has its own block; `edit`: it was not read whole. */
  list: readonly string[] | undefined
  edit: ListEdit | undefined
  private readonly before: KeptList | undefined
  private edited: readonly Block[] | undefined
  private listCount = 0

  constructor(lookup: Lookup, before: KeptList | undefined) {
    this.lookup = lookup
    this.before = before
  }

  all(): readonly Block[] {
    return this.edited ?? [...this.blocks.values()]
  }

  report(code: Code, path: string, detail: string): void {
    this.problems.push(problem(code, `${path}: ${detail}`, { group_path: path }))
  }

  *group(group: DesiredObject, trail: readonly string[]): Steps<void> {
    const { path } = group
    if (trail.includes(path) || trail.length > NESTING_MAX)
      return this.report('GROUP_CYCLE', path, 'it leads back to itself')
    if (this.done.has(path)) return
    this.done.add(path)
    const body = this.bodyOf(group)
    if (body === undefined) return
    const expression = body.expression ?? []
    if (expression.length === 0 && trail.length === 0) this.report('EMPTY_GROUP', path, 'it has no criteria')
    let hasOutsiders = false
    for (const operands of this.alternatives(path, expression))
      if (yield* this.criterion(path, operands, [...trail, path])) hasOutsiders = true
    if (hasOutsiders) yield* this.effectiveMembers(path)
  }

  bodyOf(group: DesiredObject): GroupBody | undefined {
    const { path } = group
    const refuse = (code: Code, detail: string) => void this.report(code, path, detail)
    if (path.startsWith('/orgs/')) return refuse('PROJECT_SCOPE', 'it lives in a project') as undefined
    if (path.startsWith('/global-infra/'))
      return refuse('GLOBAL_OBJECT', 'it is a global object') as undefined
    if (group.body === undefined) return refuse('OBJECT_TOO_LARGE', 'it came without its body') as undefined
    const read = readBody(GroupBody, group.body)
    if (!('body' in read)) return refuse('BODY_MALFORMED', `${read.field}: ${read.message}`) as undefined
    if (read.body.reference === true)
      return refuse('GLOBAL_OBJECT', 'it is a reference to a global group') as undefined
    if ((read.body.extended_expression ?? []).length > 0)
      refuse('MEMBER_UNSUPPORTED', 'it has an extended expression (identity)')
    return read.body
  }

  /** Split at OR: what is left of each part is joined by AND. */
  alternatives(path: string, expression: readonly ExpressionBody[]): ExpressionBody[][] {
    if (expression.length === 0) return []
    const parts: ExpressionBody[][] = [[]]
    const isWellFormed =
      expression.length % 2 === 1 &&
      expression.every((item, at) => (item.resource_type === 'ConjunctionOperator') === (at % 2 === 1))
    if (!isWellFormed) {
      this.report('EXPRESSION_MALFORMED', path, 'operands and conjunctions do not alternate')
      return []
    }
    for (const item of expression) {
      if (item.resource_type !== 'ConjunctionOperator') parts.at(-1)?.push(item)
      else if (item.conjunction_operator === 'OR') parts.push([])
      else if (item.conjunction_operator !== 'AND')
        this.report('EXPRESSION_MALFORMED', path, `conjunction ${quote(item.conjunction_operator)}`)
    }
    return parts
  }

  /** True: it names members outside the cluster, whose addresses the manager tells. */
  *criterion(path: string, operands: readonly ExpressionBody[], trail: readonly string[]): Steps<boolean> {
    const only = operands.length === 1 ? operands[0] : undefined
    if (only?.resource_type === 'IPAddressExpression') {
      yield* this.addresses(path, only.ip_addresses ?? [])
      return false
    }
    if (only?.resource_type === 'PathExpression') return yield* this.nested(only.paths ?? [], trail)
    if (only !== undefined && OUTSIDERS.has(only.resource_type ?? '')) return true
    const conditions = operands.flatMap((operand) => this.conditions(path, operand))
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
    const found = conditions.map((condition) => conditionOf(condition))
    const problems = found.filter((result) => 'code' in result)
    for (const { code, detail } of problems) this.report(code, path, detail)
    if (problems.length > 0) return
    const part = (member: 'pod' | 'namespace') => {
      const requirements = found.flatMap((result) =>
        'requirement' in result && result.member === member ? [result.requirement] : [],
      )
      if (requirements.length < 2) return requirements
      const sorted = new Map(requirements.map((requirement) => [canonicalJson(requirement), requirement]))
      return [...sorted].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, requirement]) => requirement)
    }
    const [pod, namespace] = [part('pod'), part('namespace')]
    const term: PodTerm = {
      ...(pod.length === 0 ? {} : { pod }),
      ...(namespace.length === 0 ? {} : { namespace }),
    }
    this.terms.set(canonicalJson(term), term)
  }

  service(path: string, conditions: readonly FlatExpressionBody[]) {
    const found = serviceOf(conditions)
    if ('code' in found) this.report(found.code, path, found.detail)
    else this.services.set(`${found.namespace}/${found.name}`, found)
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
      for (const block of this.edited ?? []) this.blocks.set(block.cidr, block)
      this.edited = undefined
    }
    const problems = this.problems.length
    let read = 0
    for (const text of addresses) {
      read += 1
      if (read % ADDRESSES_A_STEP === 0) yield
      if (isPlainV4(text)) {
        const cidr = `${text}/32`
        const block = { family: 4, cidr } as const
        if (isMulticast(block)) this.report('MULTICAST', path, `address ${quote(text)}`)
        this.blocks.set(cidr, block)
        continue
      }
      const blocks = parseBlocks(text)
      if (blocks === undefined) this.report('ADDRESS_INVALID', path, `address ${quote(text)}`)
      for (const block of blocks ?? []) {
        if (isMulticast(block)) this.report('MULTICAST', path, `address ${quote(text)}`)
        this.blocks.set(block.cidr, block)
      }
      if (blocks?.length !== 1) this.list = undefined
    }
    if (this.problems.length > problems) this.list = undefined
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
      else yield* this.group(nested, trail)
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

/** Operands that name members by what only NSX knows. */
const OUTSIDERS: ReadonlySet<string> = new Set(['ExternalIDExpression', 'MACAddressExpression'])
