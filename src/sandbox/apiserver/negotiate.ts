/** What form and media type an answer has, told from the Accept header. */
import { PROTOBUF_TYPE } from './protobuf-write.ts'
import { badRequest, StatusError } from './status.ts'
import type { Form, IncludeObject } from './table.ts'

export type Media = 'json' | 'protobuf'

export interface Accepted {
  readonly form: Form
  readonly media: Media
}

/** What can be written of the kind that is asked for. */
export interface Offer {
  readonly answer: AnswerKind
  /** Go's name of the type, for messages. */
  readonly goType?: string
  readonly hasProtobuf?: boolean
}

const OFFERED = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']
const STREAMS = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch']

interface Clause {
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
}

export function readAccept(header: string | undefined): readonly Clause[] {
  return (header ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const [type = '', ...rest] = part.split(';').map((piece) => piece.trim())
      const parameters = new Map(
        rest.map((piece) => {
          const at = piece.indexOf('=')
          return [piece.slice(0, at), piece.slice(at + 1)] as const
        }),
      )
      return { type: type.toLowerCase(), parameters }
    })
}

const FORMS: Readonly<Record<string, Form>> = {
  Table: 'table',
  PartialObjectMetadata: 'metadata',
  PartialObjectMetadataList: 'metadata',
}

const isJson = (type: string) => type === 'application/json' || type === '*/*'

/** What the answer is: one object, a list, or a stream of events. */
export type AnswerKind = 'object' | 'list' | 'watch'

/** Whether the client would rather read protobuf than JSON, whatever it asked for: refusals are written so. */
export function prefersProtobuf(header: string | undefined): boolean {
  const first = readAccept(header).find(({ type }) => isJson(type) || type === PROTOBUF_TYPE)
  return first?.type === PROTOBUF_TYPE
}

/** The first clause the server can answer; 406 when there is none. Tables and metadata alone are written as JSON. */
export function negotiate(header: string | undefined, offer: Offer = { answer: 'object' }): Accepted {
  const { answer, goType = '', hasProtobuf = false } = offer
  const clauses = readAccept(header)
  if (clauses.length === 0) return { form: 'object', media: 'json' }
  let isTransformUnknown = false
  for (const { type, parameters } of clauses) {
    const as = parameters.get('as')
    if (type === PROTOBUF_TYPE && hasProtobuf && as === undefined)
      return { form: 'object', media: 'protobuf' }
    if (!isJson(type)) continue
    if (as === undefined) return { form: 'object', media: 'json' }
    const form = FORMS[as]
    if (form !== undefined && parameters.get('g') === 'meta.k8s.io' && parameters.get('v') === 'v1') {
      checkNumber(as, answer, goType)
      return { form, media: 'json' }
    }
    isTransformUnknown = true
  }
  if (isTransformUnknown)
    throw new StatusError(
      406,
      'NotAcceptable',
      `only the following media types are accepted: ${OFFERED.join(', ')}`,
    )
  const offered = answer === 'object' ? OFFERED : [...OFFERED, ...STREAMS]
  throw new StatusError(
    406,
    'NotAcceptable',
    `406: Not Acceptable\n\nAvailable representations: ${offered.join(', ')}`,
    {},
  )
}

/** Metadata of one object is not that of a list. */
function checkNumber(as: string, answer: AnswerKind, goType: string): void {
  if (answer === 'list' && as === 'PartialObjectMetadata')
    throw new StatusError(
      406,
      'NotAcceptable',
      `you requested PartialObjectMetadata, but the requested object is a list (*${goType}List)`,
    )
  if (answer === 'object' && as === 'PartialObjectMetadataList')
    throw new StatusError(
      406,
      'NotAcceptable',
      `you requested PartialObjectMetadataList, but the requested object is not a list (*${goType})`,
    )
}

export function includeOf(query: URLSearchParams): IncludeObject {
  const wanted = query.get('includeObject') ?? ''
  if (wanted === 'None' || wanted === 'Object') return wanted
  if (wanted === '' || wanted === 'Metadata') return 'Metadata'
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(wanted)}: must be 'Metadata', 'Object', 'None', or empty`,
  )
}
