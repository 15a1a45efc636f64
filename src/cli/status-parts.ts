/** Parts of the screen of `status`: the channels' progress, policies by tier, what is refused and why. */
import type { StatusSnapshot } from '../status/index.ts'
import { duration, paint, table } from './terminal.ts'

const ago = (ms: number | undefined, now: number): string =>
  ms === undefined ? 'never' : `${duration(now - ms)} ago`
const lag = (ms: number): string => (ms === 0 ? 'none' : duration(ms))

/** Of the instance that leads: how far both channels are. */
export function progressTable({ progress: { ccp, mp } }: StatusSnapshot, now: number): string {
  return table([
    ['CHANNEL', 'FULL SYNC', 'BEHIND', 'HEARTBEAT'],
    ['ccp', ago(ccp.lastFullSync, now), lag(ccp.lagMs), '–'],
    ['mp', ago(mp.lastFullSync, now), lag(mp.lagMs), ago(mp.lastHealthReport, now)],
  ])
}

/** Undefined: NSX has told nothing yet. */
export function policyTable({ policies: { categories, rules, drift } }: StatusSnapshot): string | undefined {
  const rows = Object.entries(categories).map(([category, { accepted, refused, empty }]) => [
    category,
    String(accepted),
    String(refused),
    String(empty),
  ])
  if (rows.length === 0) return undefined
  const told = `rules: ${rules.accepted} accepted, ${rules.rejected} rejected`
  const drifted = drift === 0 ? '' : `; ${drift} object${drift === 1 ? '' : 's'} to be written`
  return `${table([['TIER', 'IN FORCE', 'REFUSED', 'EMPTY'], ...rows])}\n${told}${drifted}`
}

/** On a screen; `-o json` has up to a hundred. */
const REFUSED_SHOWN_MAX = 10
const REASONS_SHOWN_MAX = 3

/** Each with its reasons and since when. */
export function refusedLines({ policies }: StatusSnapshot, now: number): string[] {
  const lines = policies.refused.slice(0, REFUSED_SHOWN_MAX).flatMap(({ path, name, since, reasons }) => {
    const shown = reasons.slice(0, REASONS_SHOWN_MAX).map(({ code, message, rule }) => {
      const where = rule === undefined ? '' : `${rule.split('/').at(-1)}: `
      return `      ${paint('bold', code)}  ${where}${message}`
    })
    if (reasons.length > REASONS_SHOWN_MAX) shown.push(`      and ${reasons.length - REASONS_SHOWN_MAX} more`)
    return [
      `  ${paint('yellow', '!')} ${name === '' ? path : `${name} (${path})`} is refused, for ${duration(now - since)}`,
      ...shown,
    ]
  })
  const all = Object.values(policies.categories).reduce((sum, { refused }) => sum + refused, 0)
  if (all > REFUSED_SHOWN_MAX)
    lines.push(`  and ${all - REFUSED_SHOWN_MAX} more refused policies: status -o json`)
  return lines
}
