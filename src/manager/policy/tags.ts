/** The tags in use (vcf-nsx 9.1.1, TagInfo). */
import { isObject, type JsonObject, listPage, ok, type Route } from '../rest/index.ts'

/** Objects that carry tags. */
export type Tagged = () => Iterable<JsonObject>

interface TagInUse {
  readonly scope: string
  readonly tag: string
  tagged_objects_count: number
}

/** Below each of NSX's roots. */
export function tagRoutes(tagged: Tagged): readonly Route[] {
  return [
    {
      method: 'GET',
      pattern: '/infra/tags',
      access: 'read',
      run: ({ query }) =>
        ok(
          listPage(inUse(tagged(), query), query, {
            defaultSort: 'scope',
            valueOf: (item, field) => ({ ...item })[field],
            keyOf: ({ scope, tag }) => JSON.stringify([scope, tag]),
            render: (item) => item,
          }),
        ),
    },
  ]
}

function inUse(objects: Iterable<JsonObject>, query: URLSearchParams): TagInUse[] {
  const found = new Map<string, TagInUse>()
  const isWanted = (name: 'scope' | 'tag', value: string) => {
    const wanted = query.get(name)
    return wanted === null || wanted.toLowerCase() === value.toLowerCase()
  }
  for (const { tags } of objects)
    for (const item of Array.isArray(tags) ? tags : []) {
      if (!isObject(item)) continue
      const [scope, tag] = [String(item['scope'] ?? ''), String(item['tag'] ?? '')]
      if (!isWanted('scope', scope) || !isWanted('tag', tag)) continue
      const key = JSON.stringify([scope, tag])
      const known = found.get(key)
      if (known === undefined) found.set(key, { scope, tag, tagged_objects_count: 1 })
      else known.tagged_objects_count += 1
    }
  return [...found.values()]
}
