/** A configuration's values with where each came from: the file by line and column, the environment, the flags. */
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml'
import { ConfigError, type ConfigProblem } from './problems.ts'

export interface Sourced {
  /** Nested objects of raw values. */
  readonly values: Record<string, unknown>
  /** Where the value (or, with `key`, the key) at a path is written; the nearest parent's place when it is not there. */
  where(path: readonly PropertyKey[], key?: boolean): string
}

/** Parses YAML. Throws ConfigError with line and column for everything that is not one mapping. */
export function parseFile(text: string, name: string): Sourced {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return `${name}:${line}:${col}`
  }
  const [first, ...others] = document.errors.map(
    (error): ConfigProblem => ({
      code: 'CONFIG_SYNTAX',
      where: place(error.pos[0]),
      message: `is not valid YAML: ${error.message.split('\n')[0]}`,
    }),
  )
  if (first !== undefined) throw new ConfigError([first, ...others])
  const { contents } = document
  if (contents === null) return { values: {}, where: () => `${name}:1:1` }
  if (!isMap(contents))
    throw new ConfigError([
      {
        code: 'CONFIG_SYNTAX',
        where: place(contents.range?.[0] ?? 0),
        message: 'the file must be a mapping of settings, for example `nsx:` with `url:` below it',
      },
    ])
  return { values: toValues(document, name), where: (path, key) => place(offsetOf(contents, path, key)) }
}

function toValues(document: ReturnType<typeof parseDocument>, name: string): Record<string, unknown> {
  try {
    return document.toJS({ maxAliasCount: 20 }) as Record<string, unknown>
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new ConfigError([{ code: 'CONFIG_SYNTAX', where: `${name}:1:1`, message }])
  }
}

function offsetOf(contents: unknown, path: readonly PropertyKey[], key = false): number {
  let node: unknown = contents
  let offset = 0
  for (const [depth, segment] of path.entries()) {
    if (!isMap(node)) break
    const pair = node.items.find(({ key: name }) => isScalar(name) && String(name.value) === String(segment))
    if (pair === undefined) break
    const last = depth === path.length - 1
    const target = (last && !key ? (pair.value ?? pair.key) : pair.key) as {
      range?: [number, number, number]
    }
    offset = target.range?.[0] ?? offset
    node = pair.value
  }
  return offset
}
