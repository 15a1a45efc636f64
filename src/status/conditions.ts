/**
 * The health as conditions, as Kubernetes has them (API conventions, "Typical status properties"): each is True when all is
 * well and False when not, so that a script never has to know which way a name is meant. Made from the table of warnings.
 */
import type { ActiveWarning, WarningCode } from '../health/index.ts'

export interface StatusCondition {
  readonly type: string
  readonly status: 'True' | 'False'
  /** The worst warning's code in CamelCase, `AllWell` or `NotReady`. */
  readonly reason: string
  readonly message: string
  /** Milliseconds since 1970; absent where it is True: nobody keeps since when all has been well. */
  readonly since?: number
}

/** Every warning is in exactly one of these; a test holds that. */
export const CONDITIONS: Readonly<Record<string, RegExp>> = {
  ClusterReachable: /^(KUBE_(?!TOKEN)|LEASE_|API_ABSENT|ANTREA_)/,
  NsxReachable: /^(NSX_|CCP_PROTOCOL)/,
  PolicyInForce:
    /^(CCP_(?!PROTOCOL|PAUSED)|HELD_|GROUPS_|NAME_CONFLICT|TIER_|DRIFT_|LOOKS_LIKE|FOREIGN_|SECOND_ADAPTER|OBSERVING)/,
  InventoryReported: /^(INVENTORY_(?!PAUSED)|NOT_READABLE)/,
  WritingAllowed: /_PAUSED$/,
  StandbyAvailable: /^(NO_STANDBY|STANDBY_|INSTANCES_)/,
  CredentialsValid: /^(CERTIFICATE_|KUBE_TOKEN_|IDENTITY_)/,
  ClocksAgree: /^NODE_CLOCK_/,
  DiagnosticsKept: /^DIAGNOSTICS_/,
}

/** Notes of how something is done, which is not ill. */
const NOTES: ReadonlySet<string> = new Set<WarningCode>(['API_ABSENT', 'NSX_PUBLIC_API', 'NOT_READABLE'])

const RANK = { error: 0, warning: 1, info: 2 } as const

export function conditionsOf(
  ready: boolean,
  reasons: readonly string[],
  warnings: readonly ActiveWarning[],
): StatusCondition[] {
  const conditions = Object.entries(CONDITIONS).map(([type, codes]): StatusCondition => {
    const own = warnings
      .filter(({ code }) => codes.test(code) && !NOTES.has(code))
      .sort((a, b) => RANK[a.severity] - RANK[b.severity] || a.since - b.since)
    const [worst] = own
    if (worst === undefined) return well(type)
    const message = own.map(({ title, detail }) => (detail === '' ? title : `${title}: ${detail}`)).join('; ')
    const since = Math.min(...own.map((one) => one.since))
    return { type, status: 'False', reason: camelCase(worst.code), message, since }
  })
  const isReady: StatusCondition = ready
    ? well('Ready')
    : { type: 'Ready', status: 'False', reason: 'NotReady', message: reasons.join('; ') }
  return [isReady, ...conditions]
}

const well = (type: string): StatusCondition => ({ type, status: 'True', reason: 'AllWell', message: '' })

/** `NSX_UNREACHABLE` → `NsxUnreachable`. */
const camelCase = (code: WarningCode): string =>
  code
    .toLowerCase()
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
