/** GET of the hierarchical API: the intent below /infra as the tree of Child wrappers that its PATCH takes. */
import { badRequest, type JsonObject, notFound } from '../rest/index.ts'
import { KIND_NAMES, type KindName, kindOf, placeOf } from './kinds.ts'
import { byEvaluation, type PolicyObject, type PolicyStore } from './store.ts'

/** vcf-nsx 9.1.1 has no Child wrapper for it. */
const UNWRAPPED: readonly KindName[] = ['ClusterControlPlane']

/**
 * The Infra object; with `filter` (`Type-Domain|Group`, `.*` allowed) or `type_filter` (`Group;SecurityPolicy`) with the
 * objects of these types below `base_path`, and with those that lead to them. Throws 400 and 404.
 */
export function hierarchy(store: PolicyStore, query: URLSearchParams): JsonObject {
  const infra = found(store, '/infra')
  const basePath = query.get('base_path') || '/infra'
  const isWanted = wantedTypes(query)
  if (isWanted === undefined) return infra.body
  const trail = trailTo(store, basePath)
  const kinds = KIND_NAMES.filter((name) => !UNWRAPPED.includes(name))
  const childrenOf = (path: string): JsonObject[] =>
    kinds.flatMap((name) => {
      if (kindOf(name).parent !== store.get(path)?.kind) return []
      const children = store.children(path, name)
      const ordered = name === 'Rule' ? [...children].sort(byEvaluation) : children
      return ordered.flatMap((child) => {
        const below = childrenOf(child.path)
        return below.length > 0 || isWanted(name) ? [wrapped(child, below)] : []
      })
    })
  // From the base upwards, each parent with the one child that leads to it.
  const children = trail.reduce<JsonObject[]>(
    (below, object, index) =>
      below.length > 0 || (index === 0 && isWanted(object.kind)) ? [wrapped(object, below)] : [],
    childrenOf(basePath),
  )
  return { ...infra.body, ...(children.length === 0 ? {} : { children }) }
}

/** The objects from the base up to the last one below /infra. */
function trailTo(store: PolicyStore, basePath: string): PolicyObject[] {
  const place = placeOf(basePath.split('/').slice(1))
  if (place?.id === undefined) throw notFound(basePath)
  const trail: PolicyObject[] = []
  for (let object = found(store, basePath); object.kind !== 'Infra'; object = found(store, object.parentPath))
    trail.push(object)
  return trail
}

function found(store: PolicyStore, path: string): PolicyObject {
  const object = store.get(path)
  if (object === undefined) throw notFound(path)
  return object
}

const wrapped = ({ kind, id, body }: PolicyObject, children: readonly JsonObject[]): JsonObject => ({
  resource_type: `Child${kind}`,
  id,
  marked_for_delete: false,
  [kind]: children.length === 0 ? body : { ...body, children },
})

/** Undefined: nobody named a type. */
function wantedTypes(query: URLSearchParams): ((name: KindName) => boolean) | undefined {
  const types = query.get('type_filter')
  if (types !== null && types !== '') {
    const names = new Set(types.split(/[;,]/).map((name) => name.trim()))
    return (name) => names.has(name)
  }
  const filter = query.get('filter')
  if (filter === null || filter === '') return undefined
  const patterns = filter.split(';').map(patternOf)
  return (name) => patterns.some((pattern) => pattern.test(name))
}

/** Of regular expressions no more than alternatives and `.*`: a longer one could take for ever. */
function patternOf(filter: string): RegExp {
  const alternatives = /^Type-\^?\(?((?:\w|\.\*|\|){1,1024})\)?\$?$/.exec(filter.trim())?.[1]
  const parts = alternatives?.split('|') ?? []
  if (parts.length === 0 || parts.some((part) => part.split('.*').length > 3))
    throw badRequest('filter must be Type- with names of types, | between them, and .* in them.')
  return new RegExp(`^(?:${parts.join('|')})$`)
}
