/** The three sentences of a code. */
export interface CodeText {
  readonly severity: 'ERROR' | 'NOTICE'
  /** What NSX says. */
  readonly nsx: string
  /** What Antrea can say. */
  readonly antrea: string
  /** What to change. */
  readonly change: string
}

export const error = (nsx: string, antrea: string, change: string): CodeText => ({
  severity: 'ERROR',
  nsx,
  antrea,
  change,
})
export const notice = (nsx: string, antrea: string, change: string): CodeText => ({
  severity: 'NOTICE',
  nsx,
  antrea,
  change,
})
