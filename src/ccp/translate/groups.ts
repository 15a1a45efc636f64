/** NSX groups as selectors and addresses: nested groups flattened, AND within a criterion, OR between. */
import type { LabelSelectorRequirement } from '../../kube/antrea.ts'
import type { Problem } from '../../protocol/ccp.ts'
import { canonicalJson } from '../../protocol/hash.ts'
import { type Block, isMulticast, parseBlocks } from './addresses.ts'
import { type ExpressionBody, type FlatExpressionBody, GroupBody, readBody } from './body.ts'
import type { Code } from './codes/index.ts'
import { conditionOf, isGenericMember } from './conditions.ts'
import { problem, quote } from './findings.ts'
import type { Lookup } from './lookup.ts'
import type { DesiredObject } from './types.ts'

/** Pods by labels and by the labels of their Namespace; both parts must hold. An absent part asks nothing. */
export interface PodTerm {
  readonly pod?: readonly LabelSelectorRequirement[]
  readonly namespace?: readonly LabelSelectorRequirement[]
}

/** The members: all that any term selects, and all that any block holds. */
export interface GroupShape {
  readonly terms: readonly PodTerm[]
  readonly blocks: readonly Block[]
  readonly problems: readonly Problem[]
}

const BLOCKS_MAX = 50_000
const TERMS_MAX = 500
const NESTING_MAX = 16

/** Everything one group stands for. With an ERROR among the problems the rest must not be used. */
export function groupShape(group: DesiredObject, lookup: Lookup): GroupShape {
  const collector = new Collector(lookup)
  collector.group(group, [])
  const { terms, blocks, problems } = collector
  if (blocks.size > BLOCKS_MAX || terms.size > TERMS_MAX)
    collector.report('GROUP_TOO_LARGE', group.path, `${blocks.size} addresses, ${terms.size} criteria`)
  const sorted = <T>(map: Map<string, T>) =>
    [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item)
  return { terms: sorted(terms), blocks: sorted(blocks), problems }
}

class Collector {
  readonly terms = new Map<string, PodTerm>()
  readonly blocks = new Map<string, Block>()
  readonly problems: Problem[] = []
  readonly lookup: Lookup
  /** A group that is reached twice adds nothing the second time. */
  readonly done = new Set<string>()

  constructor(lookup: Lookup) {
    this.lookup = lookup
  }

  report(code: Code, path: string, detail: string): void {
    this.problems.push(problem(code, `${path}: ${detail}`, { group_path: path }))
  }

  group(group: DesiredObject, trail: readonly string[]) {
    const { path } = group
    if (trail.includes(path) || trail.length > NESTING_MAX)
      return this.report('GROUP_CYCLE', path, 'it leads back to itself')
    if (this.done.has(path)) return
    this.done.add(path)
    if (path.startsWith('/orgs/')) return this.report('PROJECT_SCOPE', path, 'it lives in a project')
    if (path.startsWith('/global-infra/')) return this.report('GLOBAL_OBJECT', path, 'it is a global object')
    if (group.body === undefined) return this.report('OBJECT_TOO_LARGE', path, 'it came without its body')
    const read = readBody(GroupBody, group.body)
    if (!('body' in read)) return this.report('BODY_MALFORMED', path, `${read.field}: ${read.message}`)
    const { expression, extended_expression: extended, reference } = read.body
    if (reference === true) return this.report('GLOBAL_OBJECT', path, 'it is a reference to a global group')
    if ((extended ?? []).length > 0)
      this.report('MEMBER_UNSUPPORTED', path, 'it has an extended expression (identity)')
    if ((expression ?? []).length === 0 && trail.length === 0)
      this.report('EMPTY_GROUP', path, 'it has no criteria')
    for (const operands of this.alternatives(path, expression ?? []))
      this.criterion(path, operands, [...trail, path])
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

  criterion(path: string, operands: readonly ExpressionBody[], trail: readonly string[]) {
    const only = operands.length === 1 ? operands[0] : undefined
    if (only?.resource_type === 'IPAddressExpression') return this.addresses(path, only.ip_addresses ?? [])
    if (only?.resource_type === 'PathExpression') return this.nested(path, only.paths ?? [], trail)
    const conditions = operands.flatMap((operand) => this.conditions(path, operand))
    if (conditions.length > 0) this.term(path, conditions)
  }

  /** The conditions of one operand that stands beside others. */
  conditions(path: string, operand: ExpressionBody): FlatExpressionBody[] {
    switch (operand.resource_type) {
      case 'Condition':
        return [operand]
      case 'NestedExpression':
        return this.nestedConditions(path, operand.expressions ?? [])
      case 'IPAddressExpression':
        this.report('AND_IP', path, 'addresses are joined to other criteria with AND')
        return []
      case 'PathExpression':
        this.report('AND_GROUP', path, 'nested groups are joined to other criteria with AND')
        return []
      case 'ExternalIDExpression':
        this.report('GENERIC_GROUP', path, `members by ${operand.resource_type}`)
        return []
      default:
        this.report('MEMBER_UNSUPPORTED', path, `members by ${quote(operand.resource_type)}`)
        return []
    }
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

  addresses(path: string, addresses: readonly string[]) {
    for (const text of addresses) {
      const blocks = parseBlocks(text)
      if (blocks === undefined) this.report('ADDRESS_INVALID', path, `address ${quote(text)}`)
      for (const block of blocks ?? []) {
        if (isMulticast(block)) this.report('MULTICAST', path, `address ${quote(text)}`)
        this.blocks.set(block.cidr, block)
      }
    }
  }

  nested(path: string, paths: readonly string[], trail: readonly string[]) {
    for (const nestedPath of paths) {
      if (isGenericMember(nestedPath)) {
        this.report('GENERIC_GROUP', path, `member ${quote(nestedPath)}`)
        continue
      }
      const nested = this.lookup('Group', nestedPath)
      if (nested === undefined)
        this.problems.push(problem('GROUP_MISSING', `${nestedPath} is not there`, { group_path: nestedPath }))
      else this.group(nested, trail)
    }
  }
}
