/** Rules of names, labels and annotations with apimachinery's words (k8s.io/apimachinery/pkg/util/validation). */
import { type Fields, fieldsOf, isList, listOf, quoted, textOf } from './json.ts'
import { type FieldError, required, wrong } from './status.ts'

export type NameRule = 'subdomain' | 'label' | 'any'

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/
const VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/

const SUBDOMAIN_WORDS =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const LABEL_WORDS =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const QUALIFIED_WORDS =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const VALUE_WORDS =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

const RULES = {
  subdomain: { pattern: SUBDOMAIN, max: 253, words: SUBDOMAIN_WORDS, unit: 'characters' },
  label: { pattern: LABEL, max: 63, words: LABEL_WORDS, unit: 'bytes' },
}

/** Annotations together: 256 KiB (apimachinery's TotalAnnotationSizeLimitB). */
const ANNOTATIONS_BYTES_MAX = 256 * 1_024

const tooLong = (max: number) => `must be no more than ${max} bytes`

export function nameErrors(name: string, rule: NameRule, field = 'metadata.name'): readonly FieldError[] {
  if (rule === 'any')
    return /^\.{1,2}$|[/%]/.test(name)
      ? [wrong(field, quoted(name), name.includes('%') ? `may not contain '%'` : `may not contain '/'`)]
      : []
  const { pattern, max, words, unit } = RULES[rule]
  if (rule === 'label' && name.includes('.')) return [wrong(field, quoted(name), 'must not contain dots')]
  return [
    ...(name.length > max ? [wrong(field, quoted(name), `must be no more than ${max} ${unit}`)] : []),
    ...(pattern.test(name) ? [] : [wrong(field, quoted(name), words)]),
  ]
}

function qualifiedErrors(key: string): readonly string[] {
  const parts = key.split('/')
  if (parts.length > 2)
    return [
      `${QUALIFIED_WORDS.replace('name part ', 'a valid label key ')} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ]
  const name = parts.at(-1) ?? ''
  const prefix = parts.length === 2 ? (parts[0] ?? '') : undefined
  return [
    ...(prefix === '' ? ['prefix part must be non-empty'] : []),
    ...(prefix !== undefined && prefix !== '' && !SUBDOMAIN.test(prefix)
      ? [`prefix part ${SUBDOMAIN_WORDS}`]
      : []),
    ...(name === '' ? ['name part must be non-empty'] : []),
    ...(name.length > 63 ? [`name part ${tooLong(63)}`] : []),
    ...(QUALIFIED.test(name) ? [] : [QUALIFIED_WORDS]),
  ]
}

/** What is wrong with a label's key, and with its value; empty when nothing is. */
export const labelKeyErrors = qualifiedErrors
export const labelValueErrors = (value: string): readonly string[] => [
  ...(value.length > 63 ? [tooLong(63)] : []),
  ...(VALUE.test(value) ? [] : [VALUE_WORDS]),
]

const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) => (a < b ? -1 : 1)

export function labelErrors(labels: unknown, field: string): readonly FieldError[] {
  return Object.entries(fieldsOf(labels))
    .sort(byKey)
    .flatMap(([key, value]) => [
      ...qualifiedErrors(key).map((words) => wrong(field, quoted(key), words)),
      ...labelValueErrors(String(value)).map((words) => wrong(field, quoted(value), words)),
    ])
}

/** Everything ObjectMeta is checked for on create and update, but the name. */
export function metaErrors(metadata: Fields): readonly FieldError[] {
  const annotations = fieldsOf(metadata, 'annotations')
  const size = Object.entries(annotations).reduce(
    (sum, [key, value]) => sum + key.length + String(value).length,
    0,
  )
  return [
    ...labelErrors(metadata['labels'], 'metadata.labels'),
    ...Object.keys(annotations).flatMap((key) =>
      qualifiedErrors(key.toLowerCase()).map((words) => wrong('metadata.annotations', quoted(key), words)),
    ),
    ...(size > ANNOTATIONS_BYTES_MAX
      ? [
          {
            reason: 'FieldValueTooLong' as const,
            field: 'metadata.annotations',
            message: `Too long: may not be more than ${ANNOTATIONS_BYTES_MAX} bytes`,
          },
        ]
      : []),
    ...ownerErrors(metadata['ownerReferences']),
    ...finalizerErrors(metadata['finalizers']),
  ]
}

function ownerErrors(owners: unknown): readonly FieldError[] {
  if (!isList(owners)) return []
  const each = owners.flatMap((owner) =>
    ['apiVersion', 'kind', 'name', 'uid'].flatMap((key) => {
      const field = `metadata.ownerReferences.${key}`
      const given = textOf(owner, key)
      const isBad = given === '' || (key === 'apiVersion' && given.split('/').length > 2)
      if (!isBad) return []
      return [wrong(field, quoted(given), `${key === 'apiVersion' ? 'version ' : ''}must not be empty`)]
    }),
  )
  const controllers = owners.filter((owner) => fieldsOf(owner)['controller'] === true)
  return controllers.length < 2
    ? each
    : [
        ...each,
        wrong(
          'metadata.ownerReferences',
          quoted(owners),
          `Only one reference can have Controller set to true. Found "true" in references for ${controllers.slice(0, 2).map(ownerText).join(' and ')}`,
        ),
      ]
}

const ownerText = (owner: unknown): string => {
  const { kind, name } = fieldsOf(owner)
  return `${String(kind)}/${String(name)}`
}

const STANDARD_FINALIZERS = ['kubernetes', 'orphan', 'foregroundDeletion']

const isStandard = (finalizer: unknown): boolean =>
  STANDARD_FINALIZERS.includes(String(finalizer)) || String(finalizer).includes('/')

/** Built-in types refuse finalizers that custom resources are warned about. */
export const looseFinalizerErrors = (metadata: Fields): readonly FieldError[] =>
  listOf(metadata, 'finalizers').flatMap((one, at) =>
    isStandard(one)
      ? []
      : [
          wrong(
            `metadata.finalizers[${at}]`,
            quoted(one),
            'name is neither a standard finalizer name nor is it fully qualified',
          ),
        ],
  )

export const looseFinalizerWarnings = (metadata: Fields): readonly string[] =>
  listOf(metadata, 'finalizers')
    .filter((one) => !isStandard(one))
    .map(
      (one) =>
        `metadata.finalizers: ${quoted(one)}: prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers`,
    )

const finalizerErrors = (finalizers: unknown): readonly FieldError[] =>
  isList(finalizers)
    ? finalizers
        .flatMap((one) =>
          qualifiedErrors(String(one)).map((words) => wrong('metadata.finalizers', quoted(one), words)),
        )
        .concat(
          finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')
            ? [
                wrong(
                  'metadata.finalizers',
                  quoted(finalizers),
                  'finalizer orphan and foregroundDeletion cannot be both set',
                ),
              ]
            : [],
        )
    : []

export const nameRequired = (): FieldError => required('metadata.name', 'name or generateName is required')
