/**
 * The level of evidence `flows`: what the agents themselves answer of a Kubernetes NetworkPolicy. An agent has it when its
 * `/networkpolicies` shows it, in this generation where the agent tells one, and its `/ovsflows` has flows of it
 * (antrea-io/antrea pkg/agent/apiserver/handlers). An answer counts until the policy changes or its agent is in trouble.
 */
import { AGENT_ASKS_AT_ONCE, AGENT_ASKS_MAX } from '../../limits.ts'

export interface AgentAsk {
  /** The parsed answer of a Node's agent; undefined for 404. */
  get(node: string, path: string, signal: AbortSignal): Promise<unknown>
}

/** One policy as it has to be on these Nodes, whose agents can be relied on. */
export interface FlowQuestion {
  readonly path: string
  readonly uid: string
  readonly generation: number | undefined
  readonly namespace: string
  readonly name: string
  readonly nodes: readonly string[]
}

export interface Flows {
  /** Nodes whose agents were seen to hold this generation. */
  seenOn(path: string, generation: number | undefined): ReadonlySet<string>
  /** Asks what is not seen yet, within limits. Resolves with how many answers are still missing; an agent that fails is one. */
  look(questions: readonly FlowQuestion[], signal: AbortSignal): Promise<number>
  /** What was seen on other Nodes, or of policies that are not among these, is forgotten. */
  keep(questions: readonly FlowQuestion[]): void
}

interface Seen {
  readonly generation: number | undefined
  readonly nodes: Set<string>
}

const NOWHERE: ReadonlySet<string> = new Set()

export function createFlows(ask: AgentAsk, onProblem: (node: string, error: unknown) => void): Flows {
  let seen = new Map<string, Seen>()

  const askOne = async (question: FlowQuestion, node: string, signal: AbortSignal): Promise<void> => {
    const { namespace, name } = question
    const policies = new URLSearchParams({ type: 'K8SNP', namespace, source: name })
    const held = itemsOf(await ask.get(node, `/networkpolicies?${policies}`, signal))
    if (!held.some((item) => isThis(item, question))) return
    const flows = new URLSearchParams({ networkpolicy: name, namespace, type: 'K8SNP' })
    if (itemsOf(await ask.get(node, `/ovsflows?${flows}`, signal)).length === 0) return
    const entry = seen.get(question.path)
    if (entry !== undefined && entry.generation === question.generation) entry.nodes.add(node)
    else seen.set(question.path, { generation: question.generation, nodes: new Set([node]) })
  }

  const seenOn = (path: string, generation: number | undefined): ReadonlySet<string> => {
    const entry = seen.get(path)
    return entry !== undefined && entry.generation === generation ? entry.nodes : NOWHERE
  }

  return {
    seenOn,
    keep(questions) {
      const kept = new Map<string, Seen>()
      for (const { path, generation, nodes } of questions) {
        const still = nodes.filter((node) => seenOn(path, generation).has(node))
        if (still.length > 0) kept.set(path, { generation, nodes: new Set(still) })
      }
      seen = kept
    },
    async look(questions, signal) {
      const open = questions.flatMap((question) =>
        question.nodes
          .filter((node) => !seenOn(question.path, question.generation).has(node))
          .map((node) => ({ question, node })),
      )
      const due = open.slice(0, AGENT_ASKS_MAX)
      const next = due.values()
      const work = async () => {
        for (const { question, node } of next) {
          if (signal.aborted) return
          try {
            await askOne(question, node, signal)
          } catch (error) {
            onProblem(node, error)
          }
        }
      }
      await Promise.all(Array.from({ length: AGENT_ASKS_AT_ONCE }, work))
      const answered = due.filter(({ question, node }) =>
        seenOn(question.path, question.generation).has(node),
      ).length
      return open.length - answered
    },
  }
}

type Fields = Readonly<Record<string, unknown>>
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null

/** Of a list, or of an object with `items`. */
function itemsOf(answer: unknown): readonly Fields[] {
  const list = Array.isArray(answer) ? answer : isFields(answer) ? answer['items'] : undefined
  return Array.isArray(list) ? list.filter(isFields) : []
}

function isThis(item: Fields, { uid, generation }: FlowQuestion): boolean {
  const metadata = isFields(item['metadata']) ? item['metadata'] : {}
  const source = isFields(item['sourceRef']) ? item['sourceRef'] : {}
  if (![metadata['uid'], metadata['name'], source['uid']].includes(uid)) return false
  const told = metadata['generation']
  return typeof told !== 'number' || told === generation
}
