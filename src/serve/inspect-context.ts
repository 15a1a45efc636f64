/** What a chart remembers, in brief: a line a field, no secret, bounded. Pure. */
import { INSPECT_CONTEXT_CHARS_MAX, INSPECT_CONTEXT_FIELDS_MAX } from '../limits.ts'
import { redact } from '../log/index.ts'

const INNER_MAX = 6

/** Fields that are undefined are left out; what is large is counted, what has a life of its own is named. */
export function briefContext(context: unknown): Record<string, string> {
  if (typeof context !== 'object' || context === null) return {}
  // By its name a field may hold a secret, whatever its value looks like.
  const fields = Object.entries(context).slice(0, INSPECT_CONTEXT_FIELDS_MAX)
  return Object.fromEntries(
    fields.flatMap(([name, value]) => {
      if (value === undefined || typeof value === 'function') return []
      const brief = words(value, 0)
      const { [name]: shown } = redact({ [name]: brief }) as Record<string, string>
      return [[name, cut(shown ?? '')]]
    }),
  )
}

const cut = (text: string): string =>
  text.length > INSPECT_CONTEXT_CHARS_MAX ? `${text.slice(0, INSPECT_CONTEXT_CHARS_MAX - 1)}…` : text

function words(value: unknown, depth: number): string {
  if (value === null || value === undefined) return 'none'
  if (typeof value === 'string') return depth === 0 ? value : cut(value)
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object') return String(value)
  if (value instanceof Error) return errorWords(value)
  if (Array.isArray(value)) return listWords(value, depth)
  if (value instanceof Map || value instanceof Set) return `${value.size} entries`
  if (value instanceof Uint8Array) return `${value.length} bytes`
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return `a ${value.constructor?.name ?? 'value'}`
  return objectWords(value as Record<string, unknown>, depth)
}

const errorWords = (error: Error & { code?: unknown }): string =>
  typeof error.code === 'string' ? `${error.code}: ${error.message}` : error.message

function listWords(list: readonly unknown[], depth: number): string {
  if (list.length === 0) return 'none'
  const isShort =
    list.length <= INNER_MAX && list.every((item) => typeof item !== 'object' && item !== undefined)
  return isShort && depth < 2 ? list.map((item) => words(item, depth + 1)).join(', ') : `${list.length} items`
}

function objectWords(value: Readonly<Record<string, unknown>>, depth: number): string {
  const all = Object.entries(value).filter(([, inner]) => inner !== undefined && typeof inner !== 'function')
  if (depth >= 2) return `{${all.length} fields}`
  const hidden = redact(
    Object.fromEntries(all.map(([name, inner]) => [name, words(inner, depth + 1)])),
  ) as Record<string, string>
  const shown = Object.entries(hidden)
    .slice(0, INNER_MAX)
    .map(([name, inner]) => `${name} ${inner}`)
  return [...shown, ...(all.length > INNER_MAX ? ['…'] : [])].join(', ') || 'nothing'
}
