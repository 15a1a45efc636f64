/** A plan's lines for eyes. Pure. */
import type { DiffEnd, DiffHead, DiffHold, DiffLine, DiffStep } from '../serve/index.ts'
import { duration, paint, plain } from './terminal.ts'

const MARKS = {
  create: ['green', '+'],
  update: ['yellow', '~'],
  delete: ['red', '-'],
} as const

const STAGES: Readonly<Record<string, string>> = {
  tiers: 'tiers',
  children: 'parts of groups, each waited for until it is computed',
  parents: 'groups take their new parts',
  'narrow-policies': 'first only narrower: policies',
  'narrow-groups': 'first only narrower: groups',
  'widen-groups': 'then wider: groups',
  policies: 'policies',
  'delete-policies': 'policies that NSX does not hold any more',
  'delete-groups': 'groups that nobody names any more',
  'delete-children': 'old parts of groups',
}

/** A screen that is printed line by line, so that a long plan is never held. */
export function createDiffScreen(isRead: boolean): (line: DiffLine) => readonly string[] {
  let stage = ''
  let told = 0
  let head: DiffHead | undefined
  let isHolding = false
  return (line) => {
    switch (line.t) {
      case 'head':
        head = line
        return headLines(line)
      case 'step': {
        told += 1
        const title = line.stage === stage ? [] : ['', paint('bold', stageWords(line.stage, isRead))]
        stage = line.stage
        return [...title, ...stepLines(line)]
      }
      case 'hold': {
        const title = isHolding ? [] : ['', paint('bold', 'Held back')]
        isHolding = true
        return [...title, ...holdLines(line)]
      }
      case 'end':
        return endLines(line, head, told, isHolding)
    }
  }
}

const stageWords = (stage: string, isInventory: boolean): string => {
  if (!isInventory) return STAGES[stage] ?? stage
  const [at, what] = stage.split('-')
  return `stage ${at}, ${what}`
}

function headLines({ channel, role, leader, facts }: DiffHead): string[] {
  const who =
    role === 'leading'
      ? 'this instance leads'
      : `this instance is in ${role}; ${leader === '' ? 'nobody leads' : `${leader} leads`}`
  if (channel === 'mp')
    return [
      `Inventory: ${facts['objects_in_cluster']} objects of the cluster against ${facts['objects_in_nsx']} in NSX${
        facts['nsx_read_now'] === true ? ' (read just now)' : ''
      }; ${who}`,
    ].map(plain)
  const age = duration(Number(facts['snapshot_age_seconds'] ?? 0) * 1_000)
  return [
    `Policy: version ${facts['version']} of ${facts['source']} (snapshot of ${age} ago), ${facts['policies']} policies and ${facts['groups']} groups, against the cluster; ${who}${
      facts['mode'] === 'observe' ? '; it only observes' : ''
    }`,
  ].map(plain)
}

function stepLines({ op, kind, name, display_name, path, changes, more_changes }: DiffStep): string[] {
  const [colour, sign] = MARKS[op]
  const called = display_name === undefined ? name : `${name} “${display_name}”`
  const lines = [
    paint(colour, `${sign} ${plain(`${kind} ${called}`)}`),
    ...(path === undefined ? [] : [`    ${plain(path)}`]),
    ...changes.flatMap((change) => changeLines(op, change)),
  ]
  if (more_changes !== undefined) lines.push(`    … and ${more_changes} more fields`)
  return lines
}

function changeLines(
  op: DiffStep['op'],
  { field, before, after }: DiffStep['changes'][number],
): readonly string[] {
  if (before !== undefined && after !== undefined)
    return before.length + after.length + field.length < WIDE
      ? [`    ${paint('yellow', '~')} ${plain(`${field}: ${before} → ${after}`)}`]
      : [
          `    ${paint('yellow', '~')} ${plain(field)}:`,
          `        ${paint('red', `- ${plain(before)}`)}`,
          `        ${paint('green', `+ ${plain(after)}`)}`,
        ]
  const text = plain(`${field}: ${before ?? after ?? ''}`)
  if (op === 'create') return [`      ${text}`]
  return [before === undefined ? `    ${paint('green', `+ ${text}`)}` : `    ${paint('red', `- ${text}`)}`]
}

/** Longer ones are told in two lines. */
const WIDE = 90

function holdLines({ what, code, text, count, names }: DiffHold): string[] {
  const more = count > names.length ? [`      … and ${count - names.length} more`] : []
  return [
    `  ${paint('yellow', '!')} ${paint('bold', what)} (${count})${code === undefined ? '' : ` ${code}`}: ${plain(text)}`,
    ...names.map((name) => `      ${plain(name)}`),
    ...more,
  ]
}

function endLines(
  { differs }: DiffEnd,
  head: DiffHead | undefined,
  told: number,
  isHolding: boolean,
): string[] {
  const { create = 0, update = 0, delete: gone = 0, offset = 0 } = head ?? {}
  const all = create + update + gone
  if (all === 0)
    return [
      '',
      differs
        ? 'Nothing is written at the moment.'
        : isHolding
          ? 'Nothing to do; what is held stays as it is.'
          : paint('green', 'Nothing to do: all is as it should be.'),
    ]
  const left = all - offset - told
  return [
    '',
    ...(left > 0 ? [`… and ${left} more steps: --offset ${offset + told}, or --limit ${all}`] : []),
    `Plan: ${create} to create, ${update} to update, ${gone} to delete.`,
  ]
}
