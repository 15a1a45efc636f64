/**
 * What one agent's flows count. Pure. Antrea has for each rule on a Node flows in its tables IngressMetric and EgressMetric
 * that carry the rule's conjunction id and count what it matched, whether or not anybody collects them (antrea-io/antrea
 * pkg/agent/openflow: allowRulesMetricFlows, denyRuleMetricFlow, NetworkPolicyMetrics). Which ids are one policy's is in the
 * flows that `/ovsflows?networkpolicy=` tells of it; which of its rules, in the order of their OpenFlow priorities.
 */

/** One flow as `ovs-ofctl dump-flows` writes it: its fields by name, without its actions. */
export type FlowFields = ReadonlyMap<string, string>

export type Direction = 'In' | 'Out'

/** What one rule matched on one Node. */
export interface FlowCount {
  readonly packets: bigint
  readonly bytes: bigint
  readonly sessions: bigint
  /** How long its youngest flow is there: since then all of it is counted. Undefined: not told. */
  readonly ageMs: number | undefined
  /** Another one: the flows were installed anew, and count from 0. */
  readonly mark: string
}

/** Counts by conjunction id. */
export type FlowCounts = ReadonlyMap<number, FlowCount>

/** `a=1, b=2,ip,c=3 actions=…` */
export function flowFields(text: string): FlowFields {
  const fields = new Map<string, string>()
  const [matches = ''] = text.split(/\bactions=/, 1)
  for (const part of matches.split(',')) {
    const at = part.indexOf('=')
    if (at > 0) fields.set(part.slice(0, at).trim(), part.slice(at + 1).trim())
  }
  return fields
}

const countOf = (text: string | undefined): bigint | undefined =>
  text !== undefined && /^\d{1,20}$/.test(text) ? BigInt(text) : undefined

const idOf = (text: string | undefined): number | undefined => {
  const id = text !== undefined && /^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text) ? Number(text) : 0
  return id > 0 && id <= 0xffff_ffff ? id : undefined
}

/** A denied packet carries the id in register 3; an allowed connection has it in its label, an egress rule's 32 bits up. */
function conjunctionOf(fields: FlowFields): number | undefined {
  if (fields.has('reg0')) return idOf(fields.get('reg3')?.split('/', 1)[0])
  const label = /^0x([0-9a-f]{1,16})\/0x([0-9a-f]{1,16})$/i.exec(fields.get('ct_label') ?? '')
  if (label === null) return undefined
  const value = BigInt(`0x${label[1]}`)
  const isEgress = BigInt(`0x${label[2]}`) > 0xffff_ffffn
  return idOf(String(isEgress ? value >> 32n : value))
}

/** Of a metric table; what is no metric flow (the table's default, leftovers of an older pipeline) is passed over. */
export function countsOfTable(flows: Iterable<string>): FlowCounts {
  const counts = new Map<number, FlowCount>()
  for (const text of flows) {
    const fields = flowFields(text)
    const id = conjunctionOf(fields)
    const packets = countOf(fields.get('n_packets'))
    const bytes = countOf(fields.get('n_bytes'))
    if (id === undefined || packets === undefined || bytes === undefined) continue
    const age = /^(\d+(?:\.\d+)?)s$/.exec(fields.get('duration') ?? '')?.[1]
    const known = counts.get(id)
    // Each denied packet, and the first of an allowed connection, is a session (parseDropFlow, parseAllowFlow).
    const isFirst = fields.has('reg0') || (fields.get('ct_state') ?? '').includes('+')
    counts.set(id, {
      packets: (known?.packets ?? 0n) + packets,
      bytes: (known?.bytes ?? 0n) + bytes,
      sessions: (known?.sessions ?? 0n) + (isFirst ? packets : 0n),
      ageMs: younger(known, age === undefined ? undefined : Number(age) * 1_000),
      // The cookie holds the agent's round: it is another after each of its restarts.
      mark: `${id}:${fields.get('cookie') ?? ''}`,
    })
  }
  return counts
}

function younger(known: FlowCount | undefined, ageMs: number | undefined): number | undefined {
  if (known === undefined || ageMs === undefined) return ageMs
  return known.ageMs === undefined ? undefined : Math.min(known.ageMs, ageMs)
}

/** A rule as the agent has it (controlplane/v1beta2 NetworkPolicyRule). */
export interface HeldRule {
  readonly name: string
  readonly direction: Direction
  /** Its place in its direction, 0 first; -1 in policies of Kubernetes. */
  readonly priority: number
}

export interface RuleCount {
  readonly name: string
  readonly count: FlowCount
}

/** One policy on one Node. */
export interface PolicyCount {
  /** Rules whose counters are known, by name; absent where the rules cannot be told apart. */
  readonly rules: readonly RuleCount[] | undefined
  /** Everything the policy has counted here; empty where nothing of it is counted. */
  readonly all: readonly FlowCount[]
}

/**
 * Joins a policy's flows to its rules. Antrea gives earlier rules higher priorities and each rule its own (pkg/agent
 * controller/networkpolicy/priority.go), so that with as many priorities as rules in a direction they stand in the same
 * order. One rule may have several ids: one for each set of ports that a named port stands for.
 */
export function policyCount(
  flows: Iterable<string>,
  held: readonly HeldRule[],
  tables: Readonly<Record<Direction, FlowCounts>>,
): PolicyCount {
  const priorities: Record<Direction, Map<number, number[]>> = { In: new Map(), Out: new Map() }
  const seen = new Set<number>()
  const all: FlowCount[] = []
  for (const text of flows) {
    const fields = flowFields(text)
    const id = idOf(fields.get('conj_id'))
    const direction = directionOf(fields.get('table'))
    if (id === undefined || direction === undefined) continue
    const priority = Number(fields.get('priority') ?? 0)
    const ids = priorities[direction].get(priority) ?? []
    priorities[direction].set(priority, ids)
    if (seen.has(id)) continue
    seen.add(id)
    ids.push(id)
    const count = tables[direction].get(id)
    if (count !== undefined) all.push(count)
  }
  const rules: RuleCount[] = []
  for (const direction of ['In', 'Out'] as const) {
    const mine = held.filter((rule) => rule.direction === direction).sort((a, b) => a.priority - b.priority)
    const inOrder = [...priorities[direction]].sort(([a], [b]) => b - a)
    if (
      new Set(mine.map(({ priority }) => priority)).size !== inOrder.length ||
      mine.length !== inOrder.length
    )
      return { rules: undefined, all }
    for (const [at, { name }] of mine.entries())
      for (const id of inOrder[at]?.[1] ?? []) {
        const count = tables[direction].get(id)
        if (count !== undefined) rules.push({ name, count })
      }
  }
  return { rules, all }
}

/** By the table's name: AntreaPolicyIngressRule, EgressDefaultRule and their like. */
const directionOf = (table: string | undefined): Direction | undefined =>
  table === undefined ? undefined : /Ingress/.test(table) ? 'In' : /Egress/.test(table) ? 'Out' : undefined
