/** `explain`: what a code means and what to do, wherever it was seen. */
import type { Command } from 'commander'
import { CODES as TRANSLATION_CODES } from '../ccp/translate/codes/index.ts'
import { nearest } from '../config/problems.ts'
import { needsPerson } from '../errors.ts'
import { WARNINGS, type Warning } from '../health/index.ts'
import { CODES } from './codes/index.ts'
import { say, table } from './terminal.ts'

export interface Explanation {
  readonly code: string
  /** What kind of code it is, in words. */
  readonly kind: string
  readonly lines: readonly string[]
}

export function configure(command: Command): void {
  command
    .argument('[code]', 'a code from a log line, `status` or a realization; all of them without it')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  antrea-nsx-adapter explain NAME_CONFLICT')
    .action((code: string | undefined, { json }: { json?: boolean }) => {
      const found = code === undefined ? [...EXPLANATIONS.values()] : [explain(code)]
      if (json === true) return say(JSON.stringify(code === undefined ? found : found[0], null, 2))
      say(
        code === undefined
          ? overview(found)
          : [`${found[0]!.code}: ${found[0]!.kind}`, ...found[0]!.lines].join('\n'),
      )
    })
}

/** Throws needs-person EXPLAIN_UNKNOWN, with the nearest code that is there. */
export function explain(code: string): Explanation {
  const found = EXPLANATIONS.get(code.toUpperCase())
  if (found !== undefined) return found
  const near = nearest(code, [...EXPLANATIONS.keys()])
  throw needsPerson(
    'EXPLAIN_UNKNOWN',
    `there is no code ${code}; ${near === undefined ? '`explain` without a code lists them all' : `did you mean ${near}?`}`,
  )
}

const warning = ([code, { title, text, severity, blocksReady }]: [string, Warning]): Explanation => ({
  code,
  kind: `a warning of the adapter (${severity}${blocksReady === true ? '; it is not ready meanwhile' : ''})`,
  lines: [`${title}.`, `→ ${text}`],
})

/** A code may be a warning and an error at once: the warning says more. */
export const EXPLANATIONS: ReadonlyMap<string, Explanation> = new Map(
  [
    ...Object.entries(CODES).map(([code, { title, text }]) => ({
      code,
      kind: 'an error',
      lines: [`${title}.`, `→ ${text}`],
    })),
    ...Object.entries(TRANSLATION_CODES).map(([code, { severity, nsx, antrea, change }]) => ({
      code,
      kind:
        severity === 'ERROR'
          ? 'why a policy is held: it stays as it last was until this is changed in NSX'
          : 'a notice about a policy that is in force',
      lines: [`In NSX:    ${nsx}`, `In Antrea: ${antrea}`, `→ ${change}`],
    })),
    ...(Object.entries(WARNINGS) as [string, Warning][]).map(warning),
  ]
    .sort((a, b) => (a.code < b.code ? -1 : 1))
    .map((explanation) => [explanation.code, explanation]),
)

const overview = (all: readonly Explanation[]): string =>
  table(all.map(({ code, lines }) => [code, (lines[0] ?? '').replace(/^In NSX: +/, '')]))
