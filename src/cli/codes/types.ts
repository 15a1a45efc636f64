/** How a code is explained. */
export interface CodeHelp {
  readonly title: string
  readonly text: string
}

/** A room's table: code → what happened, and what to do. */
export type Entries = Readonly<Record<string, readonly [title: string, text: string]>>
