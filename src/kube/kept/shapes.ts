/**
 * The words of which the tables of kept fields are made. A field is `[number, shape]`. Go leaves most zero values out of
 * JSON (`omitempty`) and writes them in protobuf; `ALWAYS_` shapes are those it writes in both: pointers, and fields
 * without omitempty. Empty lists and maps are kept in neither.
 */
export interface Text {
  readonly kind: 'text'
  readonly keepsZero: boolean
  /** Another one in each object (a name, a uid): there is nothing to share. */
  readonly unique: boolean
}

export type Shape =
  | Text
  | { readonly kind: 'integer' | 'boolean'; readonly keepsZero: boolean }
  /** metav1.Time and metav1.MicroTime: seconds and nanoseconds in protobuf, RFC 3339 in JSON. */
  | { readonly kind: 'time'; readonly isMicro: boolean }
  /** intstr.IntOrString */
  | { readonly kind: 'int-or-text' }
  | { readonly kind: 'list'; readonly items: Shape; readonly shared: boolean }
  /** `only`: this key and no other. */
  | { readonly kind: 'map'; readonly without: string; readonly only?: string; readonly shared: boolean }
  | Message

export type Field = readonly [number: number, shape: Shape]

export interface Message {
  readonly kind: 'message'
  /** The field `+` is inline in JSON and a message of its own in protobuf. */
  readonly fields: Readonly<Record<string, Field>>
  /** Few different ones in many objects: equal ones become one frozen value. */
  readonly shared: boolean
}

export const TEXT: Shape = { kind: 'text', keepsZero: false, unique: false }
export const ALWAYS_TEXT: Shape = { kind: 'text', keepsZero: true, unique: false }
export const UNIQUE_TEXT: Shape = { kind: 'text', keepsZero: false, unique: true }
export const INTEGER: Shape = { kind: 'integer', keepsZero: false }
export const ALWAYS_INTEGER: Shape = { kind: 'integer', keepsZero: true }
export const BOOLEAN: Shape = { kind: 'boolean', keepsZero: false }
export const ALWAYS_BOOLEAN: Shape = { kind: 'boolean', keepsZero: true }
export const TIME: Shape = { kind: 'time', isMicro: false }
export const INT_OR_TEXT: Shape = { kind: 'int-or-text' }
/** A map of texts that many objects have alike. */
export const LABELS: Shape = { kind: 'map', without: '', shared: true }
/** kubectl's copy of the object within the object is of no use to who only reads. */
export const ANNOTATIONS: Shape = {
  kind: 'map',
  without: 'kubectl.kubernetes.io/last-applied-configuration',
  shared: false,
}

export const annotation = (only: string): Shape => ({ kind: 'map', without: '', only, shared: false })

export const message = (fields: Readonly<Record<string, Field>>): Message => ({
  kind: 'message',
  fields,
  shared: false,
})
export const sharedMessage = (fields: Readonly<Record<string, Field>>): Message => ({
  kind: 'message',
  fields,
  shared: true,
})
export const list = (items: Shape): Shape => ({ kind: 'list', items, shared: false })
export const sharedList = (items: Shape): Shape => ({ kind: 'list', items, shared: true })
