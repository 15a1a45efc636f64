/** Takes out of fields and texts what looks like a secret, by its name or by its form, and cuts them to a bounded size. Pure. */

/** Depth and length at which fields are cut: a line stays some tens of KiB whatever an error carries. */
const DEPTH_MAX = 6
const ENTRIES_MAX = 100
const STRING_CHARS_MAX = 4_096

const SECRET_NAME =
  /^(.*(password|passwd|secret|token|authorization|cookie|credential|private_?key)s?|(client-)?key-data|key_?pem)$/i
const SECRET_TEXT: readonly (readonly [RegExp, string])[] = [
  [/\b(Bearer|Basic)\s+[A-Za-z0-9+/=._~-]{6,}/gi, '$1 ***'],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, '***private key***'],
  [/(:\/\/[^/\s:@]+:)[^@/\s]+@/g, '$1***@'],
]

/** A copy without secrets, cut at the limits above; errors become objects with their causes. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return value
  if (depth >= DEPTH_MAX) return '…'
  if (value instanceof Error) return redact(plainError(value), depth + 1)
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (value instanceof Map || value instanceof Set) return `${value.size} entries`
  if (Array.isArray(value)) return value.slice(0, ENTRIES_MAX).map((item) => redact(item, depth + 1))
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, ENTRIES_MAX)
      .map(([name, inner]) => [
        name,
        SECRET_NAME.test(name) && inner !== undefined && inner !== null ? '***' : redact(inner, depth + 1),
      ]),
  )
}

/** The text with tokens, private keys and passwords in URLs masked, cut to its longest. */
export function redactText(text: string, charsMax = STRING_CHARS_MAX): string {
  const cut = text.length > charsMax ? `${text.slice(0, charsMax)}…` : text
  return SECRET_TEXT.reduce((masked, [pattern, mask]) => masked.replace(pattern, mask), cut)
}

function plainError(error: Error): Record<string, unknown> {
  const { cause, name: _name, message: _message, ...own } = error as Error & { cause?: unknown }
  return {
    name: error.name,
    message: error.message,
    ...own,
    stack: error.stack,
    ...(cause === undefined ? {} : { cause }),
  }
}
