/** An agent's part of SupportBundleCollections: it says that it has collected. Nothing is uploaded. */
import { STANDIN_AGENT_WATCH_SILENCE_MS } from '../../../limits.ts'
import { type Clock, type HttpClient, sleep } from '../../../world/index.ts'
import { expect } from '../api.ts'
import { CONTROLPLANE } from '../compute/index.ts'
import { watchLines } from '../follow.ts'

export interface CollectorDeps {
  readonly http: HttpClient
  readonly clock: Clock
  readonly node: string
  /** Why collecting fails; undefined: it succeeds. */
  readonly failure: () => string | undefined
}

const PATH = `/apis/${CONTROLPLANE}/supportbundlecollections`
const COLLECTING_MS = 500

interface Line {
  readonly type: string
  readonly object: { readonly metadata: { readonly name?: string } }
}

/** Follows the collections of this Node until the stream ends. Throws when it cannot be opened or a report is refused. */
export async function collectBundles(deps: CollectorDeps, signal: AbortSignal): Promise<void> {
  const { http, clock, node, failure } = deps
  const selector = new URLSearchParams({ watch: 'true', fieldSelector: `nodeName=${node}` })
  for await (const line of watchLines(http, `${PATH}?${selector}`, signal, STANDIN_AGENT_WATCH_SILENCE_MS)) {
    const { type, object } = line as Line
    const { name } = object.metadata
    if (type !== 'ADDED' || name === undefined) continue
    await sleep(clock, COLLECTING_MS, signal)
    const error = failure()
    const body = {
      apiVersion: CONTROLPLANE,
      kind: 'SupportBundleCollectionStatus',
      metadata: { name },
      nodes: [{ nodeName: node, nodeType: 'Node', completed: error === undefined, ...(error && { error }) }],
    }
    await expect(http, 'POST', `${PATH}/${encodeURIComponent(name)}/status`, { body, signal })
  }
}
