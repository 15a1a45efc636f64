/**
 * `explain`: what a code means and what to do, wherever it was seen; or, asked of the daemon, what NSX and the cluster hold
 * of something and how they hang together.
 */
import { type Command, Option } from 'commander'
import { CODES as TRANSLATION_CODES } from '../ccp/translate/codes/index.ts'
import { nearest } from '../config/problems.ts'
import { needsPerson } from '../errors.ts'
import { WARNINGS, type Warning } from '../health/index.ts'
import { LOOK_TIMEOUT_MS } from '../limits.ts'
import type { Explained } from '../serve/index.ts'
import { CODES } from './codes/index.ts'
import { addSocketOption, ask } from './endpoint.ts'
import { explainScreen } from './explain-screen.ts'
import { say, table } from './terminal.ts'

export interface Explanation {
  readonly code: string
  /** What kind of code it is, in words. */
  readonly kind: string
  readonly lines: readonly string[]
}

interface Options {
  readonly socket: string
  readonly output: 'text' | 'json'
  readonly json?: boolean
}

/** The daemon's own deadline comes first. */
const CALL_TIMEOUT_MS = LOOK_TIMEOUT_MS + 15_000

export function configure(command: Command): void {
  addSocketOption(command)
  command
    .argument(
      '[what]',
      'a code; an NSX path; a rule_id; a name; clusternetworkpolicy/NAME, clustergroup/NAME, tier/NAME, pod/NAMESPACE/NAME; all codes without it',
    )
    .addOption(
      new Option('-o, --output <format>', 'how it is printed').choices(['text', 'json']).default('text'),
    )
    .option('--json', 'the same as -o json')
    .addHelpText(
      'after',
      '\nCodes are explained without the daemon. Everything else is asked of it: what NSX wants, what that became, what the' +
        '\ncluster has of it, what the nodes have realized and what the rules matched; backwards from an object to NSX; and from' +
        '\na Pod to the groups that hold it and the rules that bear on it, in the order of evaluation.' +
        '\nOf what is refused it says which rule, why, what to change, and what is in force instead.' +
        '\n\nExamples:\n  antrea-nsx-adapter explain NAME_CONFLICT' +
        '\n  antrea-nsx-adapter explain /infra/domains/default/security-policies/web/rules/allow' +
        '\n  antrea-nsx-adapter explain 1024' +
        '\n  antrea-nsx-adapter explain pod/shop/web-0' +
        '\n  antrea-nsx-adapter explain clustergroup/NAME -o json | jq .from.used_by',
    )
    .action((what: string | undefined, options: Options) => show(what, options))
}

async function show(what: string | undefined, { socket, output, json }: Options): Promise<void> {
  const isJson = json === true || output === 'json'
  if (what === undefined) {
    const all = [...EXPLANATIONS.values()]
    return say(isJson ? JSON.stringify(all, null, 2) : overview(all))
  }
  if (isCode(what)) {
    const found = explain(what)
    return say(isJson ? JSON.stringify(found, null, 2) : screenOf(found))
  }
  const query = new URLSearchParams({ what })
  const explained = await ask<Explained>(socket, 'GET', `/explain?${query}`, CALL_TIMEOUT_MS)
  say(isJson ? JSON.stringify(explained, null, 2) : explainScreen(explained))
}

/** Codes are words in capitals with underlines; a known one is also taken in small letters. */
const isCode = (word: string): boolean =>
  EXPLANATIONS.has(word.toUpperCase()) || /^[A-Z]{2,}(_[A-Z0-9]+)+$/.test(word)

const screenOf = ({ code, kind, lines }: Explanation): string => [`${code}: ${kind}`, ...lines].join('\n')

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
