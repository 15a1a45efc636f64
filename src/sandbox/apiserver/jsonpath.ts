/** JSONPath as additionalPrinterColumns use it: fields, indexes, and a filter on one field's equality. */
import { type Fields, isFields, isList } from './json.ts'
import { ageText } from './table.ts'

type Step =
  | { readonly field: string }
  | { readonly index: number | '*' }
  | { readonly where: string; readonly is: string }

const STEP =
  /\.([A-Za-z_][\w-]*(?:\\.[\w-]+)*)|\['([^']+)'\]|\[(\d+|\*)\]|\[\?\(\s*@\.([\w.-]+)\s*==\s*["']([^"']*)["']\s*\)\]/y

/** Undefined when the path has something else in it; its column is empty then. */
export function parsePath(path: string): readonly Step[] | undefined {
  const steps: Step[] = []
  STEP.lastIndex = 0
  let at = 0
  while (at < path.length) {
    STEP.lastIndex = at
    const found = STEP.exec(path)
    if (found === null) return undefined
    const [all, field, quotedField, index, where, is] = found
    if (index !== undefined) steps.push({ index: index === '*' ? '*' : Number(index) })
    else if (where !== undefined) steps.push({ where, is: is ?? '' })
    else steps.push({ field: (field ?? quotedField ?? '').replaceAll('\\.', '.') })
    at += all.length
  }
  return steps
}

function follow(values: readonly unknown[], step: Step): readonly unknown[] {
  return values.flatMap((value) => {
    if ('field' in step) return isFields(value) && Object.hasOwn(value, step.field) ? [value[step.field]] : []
    if (!isList(value)) return []
    if ('index' in step) return step.index === '*' ? value : value.slice(step.index, step.index + 1)
    return value.filter((item) => isFields(item) && item[step.where] === step.is)
  })
}

/** The cell of a column: what the path finds first, as the column's type has it; null when it finds nothing. */
export function jsonPathCell(path: string, type: string): (object: Fields, nowMs: number) => unknown {
  const steps = parsePath(path)
  if (steps === undefined) return () => null
  return (object, nowMs) => {
    const found = steps.reduce<readonly unknown[]>(follow, [object])
    if (found.length === 0) return type === 'date' ? '<unknown>' : null
    const [first] = found
    switch (type) {
      case 'date':
        return typeof first === 'string' ? ageText(first, nowMs) : '<invalid>'
      case 'integer':
        return typeof first === 'number' ? Math.trunc(first) : null
      case 'number':
      case 'boolean':
        return typeof first === type ? first : null
      default:
        return typeof first === 'string' ? first : JSON.stringify(first)
    }
  }
}
