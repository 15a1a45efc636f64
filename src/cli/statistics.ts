/** `statistics`: what the rules of policies matched, read from the cluster directly. */
import type { Command } from 'commander'
import { needsPerson } from '../errors.ts'
import {
  answerOf,
  type PolicyFigures,
  readStatistics,
  type Statistics,
  viewOfClient,
} from '../operations/index.ts'
import { type AgentOptions, agentsOf } from './agents.ts'
import { addClusterOptions, CLUSTER_NAMES, openCluster } from './cluster.ts'
import { paint, plain, say, table } from './terminal.ts'

interface Options extends AgentOptions {
  readonly json?: boolean
  readonly all?: boolean
}

export function configure(command: Command): void {
  addClusterOptions(command)
  command
    .argument(
      '[policy]',
      'the path or the last part of the path of a policy in NSX, or a policy’s name; all of NSX’s without it',
    )
    .option('--all', 'also of policies that NSX did not make')
    .option(
      '--token-file <file>',
      "a bearer token that the agents take, where antrea-controller has no statistics; agents.tokenFile of --config, or the kubeconfig's client certificate without it",
    )
    .option('--json', 'as JSON; counters are texts, since they may be larger than a number can be')
    .addHelpText(
      'after',
      '\nAntrea counts since its controller started and is told by its agents once a minute: SINCE says from when.' +
        '\nWhere it has no statistics, the agents are asked for the counters of their flows, which begin when the agent installs them.' +
        '\n\nExamples:\n  antrea-nsx-adapter statistics' +
        '\n  antrea-nsx-adapter statistics web-policy' +
        '\n  antrea-nsx-adapter statistics --all --json | jq ".policies[] | {path, packet_count}"',
    )
    .action((policy: string | undefined, options: Options) => show(policy, options))
}

async function show(policy: string | undefined, options: Options): Promise<void> {
  const cluster = await openCluster(options)
  try {
    const kinds = options.all === true || policy !== undefined ? undefined : new Set(['SecurityPolicy'])
    const view = viewOfClient(cluster.kube)
    const read = await readStatistics(
      { ...cluster, ...view, ...agentsOf(cluster, options), names: CLUSTER_NAMES },
      { paths: undefined, kinds },
      cluster.signal,
    )
    const figures = policy === undefined ? read.figures : chosen(read.figures, policy)
    say(options.json === true ? jsonOf(read, figures) : screen(read, figures))
  } finally {
    await cluster.close()
  }
}

/** By path, by its last part, or by the name in the cluster. Throws needs-person STATISTICS_NO_POLICY. */
export function chosen(figures: readonly PolicyFigures[], policy: string): readonly PolicyFigures[] {
  const found = figures.filter(
    ({ path, name }) => path === policy || name === policy || path.split('/').at(-1) === policy,
  )
  if (found.length > 0) return found
  throw needsPerson(
    'STATISTICS_NO_POLICY',
    `nothing in the cluster is called ${policy}; \`statistics --all\` lists what is counted`,
  )
}

const jsonOf = (read: Statistics, policies: readonly PolicyFigures[]): string => {
  const { policy_count: _, ...answer } = answerOf(read)
  return JSON.stringify(
    { ...answer, ...(read.agents.length === 0 ? {} : { agents: read.agents }), policies },
    null,
    2,
  )
}

const HEAD = ['POLICY', 'RULE', 'PACKETS', 'BYTES', 'SESSIONS', 'SINCE']

/** One line a policy, and one a rule below it. */
export function screen(read: Statistics, figures: readonly PolicyFigures[]): string {
  const { missingNodes, source, because, nodeProblems } = read
  const rows = [...figures].sort((a, b) => (a.path < b.path ? -1 : 1)).flatMap((policy) => rowsOf(policy))
  const lines = [
    figures.length === 0 ? 'No policy of NSX is in this cluster.' : table([HEAD, ...rows].map(plainRow)),
  ]
  lines.push('', `Counted by ${source === 'antrea-agents' ? "the agents' flows" : source}.`)
  if (because !== undefined) lines.push(plain(`antrea-controller has none: ${because.message}.`))
  if (missingNodes.length > 0)
    lines.push(
      paint(
        'yellow',
        `${source === 'antrea-agents' ? 'Could not be asked' : 'Not heard for minutes'}, and so not counted: ${plain(missingNodes.join(', '))}`,
      ),
    )
  const [first] = nodeProblems
  if (first !== undefined) lines.push(plain(`${first.node}: ${first.message} (${first.code}).`))
  return lines.join('\n')
}

const plainRow = (row: readonly string[]): string[] => row.map(plain)

function rowsOf(policy: PolicyFigures): string[][] {
  const { path, kind, name, since, problem, rules = [] } = policy
  const called = kind === 'SecurityPolicy' ? (path.split('/').at(-1) ?? path) : `${name} (${kind})`
  if (problem !== undefined) return [[called, '', 'not counted', '', '', problem.code]]
  const ruleRow = (rule: (typeof rules)[number]): string[] =>
    rule.problem === undefined
      ? ['', rule.rule_id, rule.packet_count ?? '', rule.byte_count ?? '', rule.session_count ?? '', '']
      : ['', rule.rule_id, 'not counted', '', '', rule.problem.code]
  const { packet_count = '', byte_count = '', session_count = '' } = policy
  return [
    [called, '', packet_count, byte_count, session_count, since?.creation_timestamp ?? ''],
    ...rules.map(ruleRow),
  ]
}
