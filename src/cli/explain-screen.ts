/** Explanations for eyes: one screen, from NSX to the nodes, or backwards. Pure. */
import type {
  Explained,
  ExplainedAntreaRule,
  ExplainedGroup,
  ExplainedNsxRule,
  ExplainedObject,
  ExplainedPod,
  ExplainedPolicy,
  ExplainedProblem,
  ExplainedStored,
  ExplainedUsed,
} from '../serve/index.ts'
import { paint, plain, table } from './terminal.ts'

/** Lines without control characters but our own colours. */
export function explainScreen(explained: Explained): string {
  return linesOf(explained).join('\n')
}

function linesOf(explained: Explained): string[] {
  switch (explained.kind) {
    case 'SecurityPolicy':
      return policyLines(explained)
    case 'Group':
      return groupLines(explained)
    case 'Pod':
      return podLines(explained)
    case 'ClusterNetworkPolicy':
    case 'ClusterGroup':
    case 'Tier':
      return objectLines(explained)
    default:
      return usedLines(explained)
  }
}

const title = (text: string): string => paint('bold', plain(text))
const head = (text: string): string[] => ['', title(text)]
const short = (hash: string | undefined): string =>
  hash === undefined || hash === '' ? 'unknown' : hash.replace(/^sha256:/, '').slice(0, 12)

const POLICY_STATES: Readonly<
  Record<ExplainedPolicy['state'], readonly ['green' | 'red' | 'yellow', string]>
> = {
  translated: ['green', 'translated exactly'],
  empty: ['green', 'nothing of it is left to enforce, and that is right'],
  held: ['red', 'refused: it cannot be translated exactly, so nothing of it is written'],
  obstructed: ['red', 'held: the cluster does not let it be written'],
}

function policyLines(policy: ExplainedPolicy): string[] {
  const { path, rule_path, display_name, category, sequence_number, hash, version, state, object } = policy
  const [colour, words] = POLICY_STATES[state]
  const lines = [
    title(rule_path ?? path),
    ...(rule_path === undefined ? [] : [`  a rule of ${plain(path)}`]),
    ...head('NSX wants'),
    plain(
      `  policy “${display_name}”, category ${category}${sequence_number === undefined ? '' : `, sequence number ${sequence_number}`}, scope ${policy.scope}`,
    ),
    `  revision ${short(hash)}, in version ${version} of what NSX told`,
    ...policy.rules.flatMap(ruleLines),
    ...more(policy.more_rules, 'rules'),
    ...head('Translation'),
    `  ${paint(colour, words)}`,
  ]
  if (object !== undefined)
    lines.push(
      plain(
        `  ${object.wanted ? 'becomes' : 'in force instead:'} ${object.kind} ${object.name}, tier ${object.tier}${
          object.tier_priority === undefined ? '' : ` (${object.tier_priority})`
        }, priority ${object.priority}`,
      ),
      ...object.rules.map(antreaLine),
      ...more(object.more_rules, 'rules'),
    )
  lines.push(...policy.problems.flatMap(problemLines))
  if (policy.groups.length > 0)
    lines.push(
      ...head('Groups'),
      ...policy.groups.map(({ name, path: from }) =>
        plain(`  clustergroup/${name}${from === undefined ? '' : `  ${from}`}`),
      ),
    )
  lines.push(...head('In the cluster'), ...storedLines(policy.stored, hash, state === 'translated'))
  lines.push(...head('Realization'), ...realizationLines(policy))
  const counted = statisticsLines(policy)
  if (counted.length > 0) lines.push(...head('Statistics'), ...counted)
  return lines
}

function ruleLines({
  rule_id,
  display_name,
  path,
  enabled,
  words,
  antrea_rules,
  problems,
}: ExplainedNsxRule): string[] {
  const name = display_name ?? path.split('/').at(-1) ?? path
  const errors = problems.filter(({ severity }) => severity === 'ERROR').length
  const became =
    antrea_rules.length > 0
      ? `→ ${antrea_rules.join(', ')}`
      : !enabled
        ? paint('yellow', '→ disabled')
        : errors > 0
          ? paint('red', '→ refused')
          : '→ nothing'
  return [
    plain(`  rule ${rule_id ?? ''} “${name}”`).replace('rule  ', 'rule '),
    `    ${plain(words)}`,
    `    ${became}`,
  ]
}

const ACTIONS: Readonly<Record<string, 'green' | 'red' | 'yellow'>> = {
  Allow: 'green',
  Drop: 'red',
  Reject: 'red',
  Pass: 'yellow',
}

const antreaLine = ({ name, action, words }: ExplainedAntreaRule): string =>
  `    ${plain(name)}  ${plain(words).replace(action, paint(ACTIONS[action] ?? 'blue', action))}`

function problemLines({
  code,
  severity,
  message,
  rule_path,
  field,
  nsx,
  antrea,
  change,
}: ExplainedProblem): string[] {
  const [colour, sign] = severity === 'ERROR' ? (['red', '✗'] as const) : (['blue', 'i'] as const)
  return [
    `  ${paint(colour, sign)} ${paint('bold', plain(code))}: ${plain(message)}`,
    ...(rule_path === undefined
      ? []
      : [`      at ${plain(rule_path)}${field === undefined ? '' : plain(`, ${field}`)}`]),
    ...(nsx === undefined ? [] : [`      In NSX:    ${nsx}`]),
    ...(antrea === undefined ? [] : [`      In Antrea: ${antrea}`]),
    ...(change === undefined ? [`      → antrea-nsx-adapter explain ${plain(code)}`] : [`      → ${change}`]),
  ]
}

function storedLines(stored: ExplainedStored, wanted: string, isTranslated: boolean): string[] {
  const { exists, equal, changed_by, applied_hash, changes = [], more_changes, next, generation } = stored
  if (!exists)
    return [
      `  ${isTranslated ? paint('red', 'it is not there') : 'nothing is there'}`,
      `  next: ${plain(next)}`,
    ]
  return [
    equal === undefined
      ? `  it is there, generation ${generation ?? 'unknown'}`
      : equal
        ? `  ${paint('green', 'it is there, just as it should be')} (generation ${generation ?? 'unknown'})`
        : `  ${paint('red', 'it is there, and differs')} (generation ${generation ?? 'unknown'})`,
    ...(changed_by === undefined
      ? []
      : [`  ${paint('yellow', `changed since by ${plain(changed_by.join(', ') || 'somebody')}`)}`]),
    ...(applied_hash === undefined
      ? []
      : [
          `  in force: revision ${short(applied_hash)}${applied_hash === wanted ? '' : ', the last that was accepted'}`,
        ]),
    ...changes.map(({ field, before, after }) =>
      plain(
        before === undefined
          ? `    + ${field}: ${after}`
          : after === undefined
            ? `    - ${field}: ${before}`
            : `    ~ ${field}: ${before} → ${after}`,
      ),
    ),
    ...more(more_changes, 'fields'),
    `  next: ${plain(next)}`,
  ]
}

const STATE_COLOURS: Readonly<Record<string, 'green' | 'red' | 'yellow'>> = {
  SUCCESS: 'green',
  ERROR: 'red',
}

function realizationLines({ realization }: ExplainedPolicy): string[] {
  if (realization === undefined) return ['  nothing is known of it yet']
  const { state, words, nodes } = realization
  return [
    `  ${paint(STATE_COLOURS[state] ?? 'yellow', plain(state))}: ${plain(words)}`,
    ...(nodes === undefined ? [] : [`  ${nodes.current} of ${nodes.desired} nodes`]),
  ]
}

function statisticsLines({ rules, statistics }: ExplainedPolicy): string[] {
  if (statistics === undefined) return []
  const { problem, since, source } = statistics
  if (problem !== undefined) return [`  not counted: ${plain(problem.message)} (${plain(problem.code)})`]
  const rows = rules.flatMap(({ rule_id, path, statistics: figures }) =>
    figures === undefined
      ? []
      : [
          [
            String(rule_id ?? path),
            figures.packet_count ?? figures.problem ?? '',
            figures.byte_count ?? '',
            figures.session_count ?? '',
          ],
        ],
  )
  if (rows.length === 0) return ['  not counted yet']
  const text = table([['RULE', 'PACKETS', 'BYTES', 'SESSIONS'], ...rows].map((row) => row.map(plain)))
  return [
    ...text.split('\n').map((line) => `  ${line}`),
    plain(`  counted by ${source ?? 'antrea-controller'}${since === undefined ? '' : `, since ${since}`}`),
  ]
}

function groupLines(group: ExplainedGroup): string[] {
  const { path, display_name, hash, version, words, object, stored, computed, pods, used_by } = group
  return [
    title(path),
    ...head('NSX wants'),
    plain(`  group “${display_name}”: ${words}`),
    `  revision ${short(hash)}, in version ${version} of what NSX told`,
    ...head('Translation'),
    object === undefined
      ? `  ${paint('red', 'it cannot be translated; policies that name it are held')}`
      : `  ${paint('green', 'translated exactly')}: ClusterGroup ${object.name}`,
    ...(object?.children ?? []).map(
      ({ name, words: what, stored: isStored }) =>
        `    ${plain(name)}  ${plain(what)}${isStored ? '' : paint('yellow', '  not there yet')}`,
    ),
    ...more(object?.more_children, 'parts'),
    ...group.problems.flatMap(problemLines),
    ...head('In the cluster'),
    ...storedLines(stored, hash, object !== undefined),
    ...(computed === undefined
      ? []
      : [`  ${computed ? 'its members are computed' : paint('yellow', 'its members are not computed yet')}`]),
    ...(pods === undefined
      ? []
      : [
          ...head(`Pods it holds (${pods.length + (group.more_pods ?? 0)})`),
          ...pods.map((pod) => plain(`  pod/${pod}`)),
          ...more(group.more_pods, 'Pods'),
        ]),
    ...head(`Named by (${used_by.length + (group.more_users ?? 0)})`),
    ...used_by.map((one) => plain(`  ${one}`)),
    ...more(group.more_users, 'rules'),
  ]
}

function usedLines({
  kind,
  path,
  display_name,
  words,
  hash,
  version,
  used_by,
  more_users,
}: ExplainedUsed): string[] {
  return [
    title(path),
    ...head('NSX wants'),
    plain(`  ${kind} “${display_name}”: ${words}`),
    `  revision ${short(hash)}, in version ${version} of what NSX told`,
    ...head(`Named by (${used_by.length + (more_users ?? 0)})`),
    ...used_by.map((one) => plain(`  ${one}`)),
    ...more(more_users, 'rules'),
  ]
}

function objectLines(object: ExplainedObject): string[] {
  const { kind, name, exists, ownership, why, intent_path, applied_hash, wanted_hash, source, facts, from } =
    object
  const revision =
    applied_hash === undefined && wanted_hash === undefined
      ? []
      : [
          `  in force: revision ${short(applied_hash)}${
            wanted_hash === undefined || wanted_hash === applied_hash
              ? ''
              : `; NSX wants ${short(wanted_hash)}`
          }`,
        ]
  return [
    title(`${kind} ${name}`),
    exists ? `  ${plain(ownership)}` : `  ${paint('yellow', plain(ownership))}`,
    `  ${plain(why)}`,
    ...(intent_path === undefined
      ? []
      : [plain(`  made from ${intent_path}${source === undefined ? '' : ` of ${source}`}`)]),
    ...revision,
    ...Object.entries(facts).map(([fact, value]) => plain(`  ${fact.replaceAll('_', ' ')}: ${value}`)),
    ...(from === undefined ? [] : ['', ...linesOf(from)]),
  ]
}

function podLines(pod: ExplainedPod): string[] {
  const { namespace, name, node, ips, host_network, groups, rules, peer_of } = pod
  const rows = rules.map((rule) => [
    String(rule.order),
    rule.direction,
    `${rule.tier}${rule.tier_priority === undefined ? '' : ` (${rule.tier_priority})`}`,
    String(rule.priority),
    rule.name,
    rule.words.replace(/^(\S+) (ingress|egress) /, '$1 ').replace(/, of .*$/, ''),
    rule.rule_path ?? rule.policy_path ?? `${rule.policy}, not of NSX`,
  ])
  return [
    title(`Pod ${namespace}/${name}`),
    plain(`  ${ips.join(', ') || 'no address yet'}, ${node === undefined ? 'on no node yet' : `on ${node}`}`),
    ...(host_network
      ? [paint('yellow', '  in the network of its node: Antrea applies no policy to it')]
      : []),
    ...head(`Groups that hold it (${groups.length + (pod.more_groups ?? 0)})`),
    ...groups.map(({ name: group, path, display_name }) =>
      plain(`  ${display_name === undefined ? '' : `“${display_name}” `}${path ?? `clustergroup/${group}`}`),
    ),
    ...more(pod.more_groups, 'groups'),
    ...head(`Rules that bear on it, in the order of evaluation (${rules.length + (pod.more_rules ?? 0)})`),
    ...(rows.length === 0
      ? ['  none: only Kubernetes policies, if there are any, decide']
      : table(
          [['#', 'DIRECTION', 'TIER', 'PRIORITY', 'RULE', 'SAYS', 'FROM'], ...rows].map((row) =>
            row.map(plain),
          ),
        )
          .split('\n')
          .map((line) => `  ${line}`)),
    ...more(pod.more_rules, 'rules'),
    '  then the NetworkPolicies of Kubernetes',
    ...(peer_of.length === 0
      ? []
      : [
          ...head(
            `Rules of others in which it is the other end (${peer_of.length + (pod.more_peer_of ?? 0)})`,
          ),
          ...peer_of.map((one) => plain(`  ${one}`)),
          ...more(pod.more_peer_of, 'rules'),
        ]),
  ]
}

const more = (count: number | undefined, what: string): string[] =>
  count === undefined ? [] : [`  … and ${count} more ${what}`]
