/** Context profiles: domain names become Antrea's `fqdn` peers where a person has allowed that; all else is refused. */
import type { Problem } from '../../protocol/ccp.ts'
import { ContextProfileBody, type RuleBody, readBody } from './body.ts'
import { problem, quote, type Where } from './findings.ts'
import type { Lookup } from './lookup.ts'
import { isAny } from './services.ts'

const NAMES_MAX = 100

/** A name, or `*.` and a name: what NSX and Antrea understand alike. Antrea takes letters, digits, dashes, dots, stars. */
const DOMAIN =
  /^(\*\.)?([A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?)(\.[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?)+$/

/** The domain names that a rule's profiles limit it to, in lower case and sorted; undefined: it has no profile. */
export function ruleDomains(
  rule: RuleBody,
  lookup: Lookup,
  where: Where,
  isEnabled: boolean,
  problems: Problem[],
): readonly string[] | undefined {
  if (rule.profiles === undefined || rule.profiles === null || rule.profiles.length === 0) return undefined
  const paths = rule.profiles.filter((profile) => !isAny(profile))
  const [path, ...more] = paths
  if (path === undefined) return undefined
  const report = (code: Parameters<typeof problem>[0], detail: string): undefined =>
    void problems.push(problem(code, detail, { ...where, field: 'profiles' }))
  if (rule.profiles.length > paths.length) return report('ANY_NOT_ALONE', `profiles ${quote(rule.profiles)}`)
  if (path.includes('/l7-access-profiles/')) return report('L7_PROFILE', `profile ${quote(path)}`)
  if (more.length > 0) return report('CONTEXT_PROFILE', `${paths.length} profiles in one rule`)
  const found = lookup('ContextProfile', path)
  if (found === undefined)
    return report(isEnabled ? 'PROFILE_MISSING' : 'CONTEXT_PROFILE', `profile ${quote(path)}`)
  if (found.body === undefined) return report('OBJECT_TOO_LARGE', `${path} came without its body`)
  const read = readBody(ContextProfileBody, found.body)
  if (!('body' in read)) return report('BODY_MALFORMED', `${path}: ${read.field}: ${read.message}`)
  const attributes = read.body.attributes ?? []
  const others = attributes.filter(({ key }) => key !== 'DOMAIN_NAME')
  if (attributes.length !== 1 || others.length > 0)
    return report(
      'CONTEXT_PROFILE',
      `${path} looks at ${quote(attributes.map(({ key }) => key))}, not at one list of domain names`,
    )
  if (!isEnabled) return report('FQDN_DISABLED', `${path} names domains`)
  const names = (attributes[0]?.value ?? []).map((name) => name.toLowerCase())
  if (names.length === 0 || names.length > NAMES_MAX || !names.every((name) => DOMAIN.test(name)))
    return report('FQDN_INVALID', `${path}: ${quote(names)}`)
  return [...new Set(names)].sort()
}
