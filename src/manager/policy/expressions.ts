/** Calls of a group's expressions on their own (vcf-nsx 9.1.1, groups/{g}/ip-address-expressions/{e} and its like). */
import {
  badRequest,
  type Call,
  EMPTY,
  type JsonObject,
  notFound,
  objects,
  type Route,
  readJson,
} from '../rest/index.ts'
import { kindOf } from './kinds.ts'
import type { PolicyStore } from './store.ts'
import { writeObject } from './write.ts'

interface ExpressionCalls {
  readonly literal: string
  /** The list in the expression, and the one in the body of add and remove. */
  readonly field: string
  readonly given: string
}

const CALLS: Readonly<Record<string, ExpressionCalls>> = {
  'ip-address-expressions': { literal: 'IPAddressExpression', field: 'ip_addresses', given: 'ip_addresses' },
  'mac-address-expressions': {
    literal: 'MACAddressExpression',
    field: 'mac_addresses',
    given: 'mac_addresses',
  },
  'path-expressions': { literal: 'PathExpression', field: 'paths', given: 'members' },
  'external-id-expressions': { literal: 'ExternalIDExpression', field: 'external_ids', given: 'members' },
}

/** Below each of NSX's roots. An expression is found by the id that it was written with. */
export function expressionRoutes(store: PolicyStore, uuid: () => string): readonly Route[] {
  return Object.entries(CALLS).flatMap(([segment, calls]) =>
    (['PATCH', 'POST', 'DELETE'] as const).map((method): Route => {
      return {
        method,
        pattern: `/infra/domains/:domain/groups/:group/${segment}/:expression`,
        access: 'admin',
        mutating: true,
        async run(call) {
          const body = method === 'DELETE' ? {} : await readJson(call.request)
          rewrite(store, uuid, call, (expression, id) => {
            if (method === 'PATCH')
              return patched(expression, id, { ...body, id, resource_type: calls.literal })
            if (method === 'DELETE') return without(expression, indexOf(expression, id, calls))
            return changed(expression, id, calls, body, call.query.get('action'))
          })
          return EMPTY
        },
      }
    }),
  )
}

type Expression = readonly JsonObject[]

function rewrite(
  store: PolicyStore,
  uuid: () => string,
  { params, principal }: Call,
  edit: (expression: Expression, id: string) => Expression,
): void {
  const parentPath = `/infra/domains/${params['domain']}`
  const path = `${parentPath}/groups/${params['group']}`
  store.transact(principal?.name ?? '', (tx) => {
    const group = tx.get(path)
    if (group === undefined) throw notFound(path)
    const held = group.own['expression']
    const expression = edit(objects(held), params['expression'] ?? '')
    const place = { kind: kindOf('Group'), id: group.id, path, parentPath }
    writeObject(tx, place, { ...group.own, expression }, { mode: 'patch', uuid })
  })
}

const OR: JsonObject = { resource_type: 'ConjunctionOperator', conjunction_operator: 'OR' }

function indexOf(expression: Expression, id: string, { literal }: ExpressionCalls): number {
  const index = expression.findIndex((part) => part['id'] === id && part['resource_type'] === literal)
  if (index === -1) throw notFound(`${literal}/${id}`)
  return index
}

/** In its place, or behind the others with OR before it. */
function patched(expression: Expression, id: string, after: JsonObject): Expression {
  const index = expression.findIndex((part) => part['id'] === id)
  if (index !== -1) return expression.with(index, after)
  return expression.length === 0 ? [after] : [...expression, OR, after]
}

/** The conjunction before it goes too; of the first one, that behind it. */
function without(expression: Expression, index: number): Expression {
  const first = Math.max(0, index - 1)
  return expression.toSpliced(first, 2)
}

function changed(
  expression: Expression,
  id: string,
  calls: ExpressionCalls,
  body: JsonObject,
  action: string | null,
): Expression {
  if (action !== 'add' && action !== 'remove')
    throw badRequest('The action of this call must be add or remove.')
  const given = body[calls.given]
  if (!Array.isArray(given))
    throw badRequest(`Field level validation errors: {property ${calls.given}: must be a list}`)
  const index = indexOf(expression, id, calls)
  const part = expression[index] ?? {}
  const held = Array.isArray(part[calls.field]) ? (part[calls.field] as readonly unknown[]) : []
  const kept = held.filter((item) => !given.includes(item))
  const list = action === 'add' ? [...held, ...given.filter((item) => !held.includes(item))] : kept
  return expression.with(index, { ...part, [calls.field]: list })
}
