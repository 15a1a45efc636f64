/** Answers of two servers made comparable: identities, versions and times become placeholders by first appearance. */

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const TIME = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z/g

type Names = Readonly<Record<string, string>>

/** One function for a whole case, so that equal uids and versions stay equal across its answers. */
export function normalizer(names: Names): (answer: unknown) => unknown {
  const uids = new Map<string, string>()
  const versions = new Map<string, string>()
  const numbered = (known: Map<string, string>, kind: string, value: string) => {
    const found = known.get(value) ?? `<${kind}:${known.size + 1}>`
    known.set(value, found)
    return found
  }
  const text = (value: string): string => {
    let result = value.replace(UUID, (uid) => numbered(uids, 'uid', uid)).replace(TIME, '<time>')
    result = result.replace(/too old resource version: \d+ \(\d+\)/, 'too old resource version: <n> (<n>)')
    result = result.replace(/(Too large resource version): \d+, current: \d+/, '$1: <n>, current: <n>')
    for (const [key, name] of Object.entries(names)) result = result.replaceAll(name, `<${key}>`)
    return result
      .replace(
        /(resource version: |ResourceVersion in (?:precondition|object meta|record|the precondition):? ?\(?|current: )(\d+)/g,
        (_, before: string, version: string) => `${before}${numbered(versions, 'rv', version)}`,
      )
      .replace(
        /(\\?"resourceVersion\\?":\\?")(\d+)/g,
        (_, before: string, version: string) => `${before}${numbered(versions, 'rv', version)}`,
      )
      .replace(/\b10\.96\.\d+\.\d+\b/g, '<ip>')
  }
  const visit = (value: unknown, key: string, parent: unknown): unknown => {
    if (typeof value === 'string') {
      if (key === 'resourceVersion' && value !== '') return numbered(versions, 'rv', value)
      if (key === 'continue' && value !== '') return '<continue>'
      if (key === 'name' && isGenerated(parent)) return value.replace(/[a-z0-9]{5}$/, '<suffix>')
      return text(key === 'message' && isStatus(parent) ? withoutFindings(value) : value)
    }
    if (key === 'resources' && isResourceList(parent)) return visit(sortedByName(value), '', value)
    if (key === 'causes' && Array.isArray(value)) return visit(inOrder(value), '', value)
    if (key === 'managedFields' && Array.isArray(value)) return visit([...value].sort(byWriter), '', value)
    if (key === 'cells' && Array.isArray(value)) return visit(value.map(withoutAge), '', value)
    if (Array.isArray(value)) return value.map((item) => visit(item, '', value))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, field]) => [text(name), visit(field, name, value)]),
    )
  }
  return (answer) => visit(answer, '', undefined)
}

/** The order of findings follows Go's maps and is no promise; a finding that comes twice says no more than once. */
const inOrder = (causes: readonly unknown[]): readonly unknown[] =>
  [...new Set(causes.map((cause) => JSON.stringify(cause)))]
    .sort()
    .map((cause) => JSON.parse(cause) as unknown)

const SEVERAL = /^(.* is invalid: )\[(.*)\]$/s

/** A message that lists findings shows what its causes are. */
const withoutFindings = (message: string): string => message.replace(SEVERAL, '$1[<causes>]')

const writerOf = (entry: Readonly<Record<string, unknown>>): string =>
  JSON.stringify([entry['operation'], entry['manager'], entry['subresource'] ?? '', entry['apiVersion']])

/** Entries are written in the order of their times, which whole seconds part by chance. */
const byWriter = (
  one: Readonly<Record<string, unknown>>,
  other: Readonly<Record<string, unknown>>,
): number => (writerOf(one) < writerOf(other) ? -1 : 1)

/** kube-apiserver lists the resources of a custom group in the order its controllers happened to see them. */
const isResourceList = (parent: unknown): boolean =>
  typeof parent === 'object' && parent !== null && 'kind' in parent && parent.kind === 'APIResourceList'

const sortedByName = (value: unknown): unknown =>
  Array.isArray(value) ? [...(value as { name: string }[])].sort((a, b) => (a.name < b.name ? -1 : 1)) : value

/** Ages of objects that have just been made. */
const withoutAge = (cell: unknown): unknown =>
  typeof cell === 'string' ? cell.replace(/^\d+s$/, '<age>') : cell

const isStatus = (parent: unknown): boolean =>
  typeof parent === 'object' && parent !== null && 'kind' in parent && parent.kind === 'Status'

const isGenerated = (parent: unknown): boolean =>
  typeof parent === 'object' && parent !== null && 'generateName' in parent
