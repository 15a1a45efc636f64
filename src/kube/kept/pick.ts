/** The kept fields of an object that came as JSON. What has another type than its field is left out, as unknown fields are. */
import type { Message, Shape } from './shapes.ts'

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Pure; `value` is not changed. */
export function pick(message: Message, value: unknown): Record<string, unknown> {
  const picked: Record<string, unknown> = {}
  if (!isFields(value)) return picked
  for (const [name, [, shape]] of Object.entries(message.fields)) {
    if (name === '+') {
      if (shape.kind === 'message') Object.assign(picked, pick(shape, value))
      continue
    }
    const kept = pickValue(shape, value[name])
    if (kept !== undefined) picked[name] = kept
  }
  return picked
}

function pickValue(shape: Shape, value: unknown): unknown {
  switch (shape.kind) {
    case 'text':
      return typeof value === 'string' && (shape.keepsZero || value !== '') ? value : undefined
    case 'integer':
      return typeof value === 'number' && (shape.keepsZero || value !== 0) ? value : undefined
    case 'boolean':
      return typeof value === 'boolean' && (shape.keepsZero || value) ? value : undefined
    case 'time':
      return typeof value === 'string' && value !== '' ? value : undefined
    case 'int-or-text':
      return typeof value === 'number' || typeof value === 'string' ? value : undefined
    case 'list':
      return pickList(shape.items, value)
    case 'map':
      return pickMap(shape, value)
    case 'message':
      return isFields(value) ? pick(shape, value) : undefined
  }
}

function pickList(items: Shape, value: unknown): readonly unknown[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined
  // An empty text in a list stands for itself.
  const shape: Shape = items.kind === 'text' ? { ...items, keepsZero: true } : items
  const kept = value.map((item) => pickValue(shape, item)).filter((item) => item !== undefined)
  return kept.length === 0 ? undefined : kept
}

function pickMap({ without, only }: Extract<Shape, { kind: 'map' }>, value: unknown): Fields | undefined {
  if (!isFields(value)) return undefined
  const kept = Object.entries(value).filter(
    ([key, text]) => typeof text === 'string' && key !== without && (only === undefined || key === only),
  )
  return kept.length === 0 ? undefined : Object.fromEntries(kept)
}
