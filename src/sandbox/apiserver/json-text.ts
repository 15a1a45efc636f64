/** What a parsed JSON value does not tell: how deep its text nests, and which fields it names twice. Pure. */
import { isFields, isList } from './json.ts'

export interface Scan {
  readonly isTooDeep: boolean
  /** Fields the text names, also those that are named twice. */
  readonly fields: number
}

/** Told from the text, so that no recursion meets a bomb; stops where it nests deeper than `max`. */
export function scanJson(text: string, max: number): Scan {
  let [depth, fields] = [0, 0]
  let quoted = false
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (quoted) {
      if (code === 0x5c) at += 1
      else if (code === 0x22) quoted = false
    } else if (code === 0x22) quoted = true
    else if (code === 0x3a) fields += 1
    else if (code === 0x7b || code === 0x5b) {
      depth += 1
      if (depth > max) return { isTooDeep: true, fields }
    } else if (code === 0x7d || code === 0x5d) depth -= 1
  }
  return { isTooDeep: false, fields }
}

export function countFields(value: unknown): number {
  if (isList(value)) return value.reduce<number>((sum, item) => sum + countFields(item), 0)
  if (!isFields(value)) return 0
  const fields = Object.values(value)
  return fields.reduce<number>((sum, field) => sum + countFields(field), fields.length)
}

export interface Twice {
  /** Objects that are named twice are merged, as Go reads them into its own types. */
  readonly merged: unknown
  /** Paths in the order of the text: `spec.ports[0].name`. */
  readonly paths: readonly string[]
}

const TOKEN = /\s*("(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+)/y

/** Reads a text that JSON.parse has taken and scanJson has found not too deep. */
export function readTwice(text: string): Twice {
  const paths: string[] = []
  let at = 0
  const token = (): string => {
    TOKEN.lastIndex = at
    const found = TOKEN.exec(text)
    at = TOKEN.lastIndex
    return found?.[1] ?? ''
  }
  const peek = (): string => {
    const before = at
    const next = token()
    at = before
    return next
  }
  const list = (path: string): unknown[] => {
    const items: unknown[] = []
    while (peek() !== ']') {
      items.push(value(`${path}[${items.length}]`, undefined))
      if (peek() === ',') token()
    }
    token()
    return items
  }
  const object = (path: string, into: unknown): unknown => {
    const fields = new Map<string, unknown>(isFields(into) ? Object.entries(into) : [])
    const seen = new Set<string>()
    while (peek() !== '}') {
      const key = JSON.parse(token()) as string
      token()
      const place = path === '' ? key : `${path}.${key}`
      // What it holds is read before it is known to be there twice.
      fields.set(key, value(place, seen.has(key) ? fields.get(key) : undefined))
      if (seen.has(key)) paths.push(place)
      seen.add(key)
      if (peek() === ',') token()
    }
    token()
    return Object.fromEntries(fields)
  }
  const value = (path: string, into: unknown): unknown => {
    const first = token()
    if (first === '{') return object(path, into)
    return first === '[' ? list(path) : JSON.parse(first)
  }
  return { merged: value('', undefined), paths }
}
