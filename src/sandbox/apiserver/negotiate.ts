/** What form and media type an answer has, told from the Accept header. */
import { StatusError } from './status.ts'
import type { Form, IncludeObject } from './table.ts'

export interface Accepted {
  readonly form: Form
}

const OFFERED = [
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/json;stream=watch',
  'application/vnd.kubernetes.protobuf;stream=watch',
]

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

const isJson = (type: string) => type === 'application/json' || type === 'application/*' || type === '*/*'

/** The first clause the server can answer; 406 when there is none. Only JSON is written. */
export function negotiate(header: string | undefined): Accepted {
  const clauses = readAccept(header)
  if (clauses.length === 0) return { form: 'object' }
  for (const { type, parameters } of clauses) {
    if (!isJson(type)) continue
    const as = parameters.get('as')
    if (as === undefined) return { form: 'object' }
    const form = FORMS[as]
    if (form !== undefined && parameters.get('g') === 'meta.k8s.io' && parameters.get('v') === 'v1')
      return { form }
  }
  throw new StatusError(
    406,
    'NotAcceptable',
    `406: Not Acceptable\n\nAvailable representations: ${OFFERED.join(', ')}`,
    {},
  )
}

export function includeOf(query: URLSearchParams): IncludeObject {
  const wanted = query.get('includeObject')
  return wanted === 'None' || wanted === 'Object' ? wanted : 'Metadata'
}
