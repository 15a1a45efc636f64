/** A group's expression in words. */
import { object, objects, text, texts } from './json.js'

/** @import { Json } from './json.js' */

/** @type {Readonly<Record<string, string>>} */
const OPERATORS = {
  EQUALS: '=',
  NOTEQUALS: '≠',
  CONTAINS: 'contains',
  STARTSWITH: 'starts with',
  ENDSWITH: 'ends with',
  IN: 'in',
  NOTIN: 'not in',
  MATCHES: 'matches',
}

/** Each kind of operand; what is not known is shown by its type. @type {Readonly<Record<string, (part: Json) => string>>} */
const WORDS = {
  Condition: (part) =>
    [
      text(part['member_type']),
      text(part['key']).toLowerCase(),
      OPERATORS[text(part['operator'])] ?? text(part['operator']),
      text(part['value']),
    ].join(' '),
  ConjunctionOperator: (part) => text(part['conjunction_operator']).toLowerCase(),
  NestedExpression: (part) => `(${objects(part['expressions']).map(wordsOf).join(' ')})`,
  IPAddressExpression: (part) => `addresses ${some(texts(part['ip_addresses']))}`,
  MACAddressExpression: (part) => `MAC addresses ${some(texts(part['mac_addresses']))}`,
  PathExpression: (part) =>
    `groups ${some(texts(part['paths']).map((path) => path.slice(path.lastIndexOf('/') + 1)))}`,
  ExternalIDExpression: (part) =>
    `${text(part['member_type'])} with the ids ${some(texts(part['external_ids']))}`,
}

const SHOWN = 6

/** @param {readonly string[]} values */
const some = (values) =>
  values.length <= SHOWN
    ? values.join(', ')
    : `${values.slice(0, SHOWN).join(', ')} and ${values.length - SHOWN} more`

/** @param {Json} part @returns {string} */
const wordsOf = (part) => {
  const type = text(part['resource_type'])
  return Object.hasOwn(WORDS, type) ? (WORDS[type]?.(part) ?? type) : type
}

/** @param {Json} group */
export const expressionOf = (group) => objects(object(group)['expression']).map(wordsOf).join(' ')
