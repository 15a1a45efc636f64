/** Label keys and values as Kubernetes' validation judges them, with its words (apimachinery pkg/util/validation). */
const NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/
const VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

const CHARACTERS =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
const NAME_EXAMPLES = `(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`
const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"

const bytes = (text: string): number => Buffer.byteLength(text, 'utf8')

/** What is wrong with a label key; nothing: it is a qualified name. */
export function qualifiedNameFaults(key: string): string[] {
  const parts = key.split('/')
  const faults: string[] = []
  const [first = '', second] = parts
  if (parts.length > 2)
    return [
      `a valid label key ${CHARACTERS} ${NAME_EXAMPLES} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ]
  if (second !== undefined) {
    if (first === '') faults.push('prefix part must be non-empty')
    else if (bytes(first) > 253) faults.push('prefix part must be no more than 253 bytes')
    else if (!SUBDOMAIN.test(first)) faults.push(`prefix part ${SUBDOMAIN_RULE}`)
  }
  const name = second ?? first
  if (name === '') faults.push('name part must be non-empty')
  else if (bytes(name) > 63) faults.push('name part must be no more than 63 bytes')
  if (!NAME.test(name)) faults.push(`name part ${CHARACTERS} ${NAME_EXAMPLES}`)
  return faults
}

/** What is wrong with a label value. */
export function labelValueFaults(value: string): string[] {
  const faults: string[] = []
  if (bytes(value) > 63) faults.push('must be no more than 63 bytes')
  if (!VALUE.test(value))
    faults.push(
      `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
    )
  return faults
}
