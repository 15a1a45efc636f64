/** Which warning an error of the link is. */
import type { AdapterError } from '../errors.ts'
import type { Health, WarningCode } from '../health/index.ts'

const LINK_WARNINGS: readonly WarningCode[] = [
  'NSX_UNREACHABLE',
  'NSX_UNTRUSTED',
  'NSX_REFUSED',
  'CCP_PROTOCOL',
]

const PROTOCOL =
  /^(LINE_|PROTOCOL_|SNAPSHOT_|TRANSACTION_|STREAM_GAP|MANAGER_BEHIND|NSX_PROTOCOL|NSX_NOT_JSON)/
/** In good order; a new session follows at once. */
const PLANNED = new Set(['STREAM_BYE', 'STREAM_RESET', 'STREAM_ENDED', 'SESSION_ENDED'])

/** The warning for this error; undefined: none (it heals by itself). */
export function linkWarning(error: AdapterError | undefined): WarningCode | undefined {
  if (error === undefined) return 'NSX_UNREACHABLE'
  if (PLANNED.has(error.code)) return undefined
  if (error.code === 'TRANSPORT_UNTRUSTED') return 'NSX_UNTRUSTED'
  if (PROTOCOL.test(error.code)) return 'CCP_PROTOCOL'
  if (error.kind === 'needs-person') return 'NSX_REFUSED'
  return 'NSX_UNREACHABLE'
}

/** Raises the one that fits and takes the others back; without an error all of them. */
export function sayLink(health: Health, problem: { error: AdapterError | undefined } | undefined): void {
  const code = problem === undefined ? undefined : linkWarning(problem.error)
  const detail = problem?.error?.message ?? 'the manager fell silent; the link is made anew'
  for (const one of LINK_WARNINGS) {
    if (one === code) health.set(one, detail)
    else health.clear(one)
  }
}
