/**
 * The cluster's health as far as the inventory has fields for it: `network_status` and `network_errors` of its own record
 * (ContainerCluster). Each node's `cni_agent_status` goes with the node. Written only when it is another one.
 */

import { isDeepStrictEqual } from 'node:util'
import { type AdapterError, asAdapterError } from '../../../errors.ts'
import type { Logger } from '../../../log/index.ts'
import type { NsxRest } from '../../../nsx/index.ts'
import type { NetworkError } from '../../../nsx/model.ts'
import type { HealthReport } from '../../../protocol/index.ts'

export interface RecordHealth {
  /** A new link: what NSX has is read again, and what it refused is tried once more. */
  begin(): void
  /** Rejects with errors that pass; what NSX does not take is told once. */
  send(report: HealthReport, signal: AbortSignal): Promise<void>
}

export interface NetworkHealth {
  readonly network_status: 'HEALTHY' | 'UNHEALTHY'
  readonly network_errors: readonly NetworkError[]
}

type Report = Omit<HealthReport, 'session' | 'sequence'>

const ERRORS_MAX = 20
/** NSX's limit of an error's message is not published; that of a description is 1,024. */
const MESSAGE_CHARS_MAX = 1_024

/**
 * What a report means for the record: the cluster's network, not the adapter's own links, which come and go. Undefined
 * while nothing can be said. Pure.
 */
export function networkHealthOf(report: Report): NetworkHealth | undefined {
  const { controller_status: controller, nodes } = report
  if (controller.status === 'UNKNOWN') return undefined
  const errors: NetworkError[] = []
  const say = (code: string, words: string) =>
    void errors.push({ error_code: code, error_message: words.slice(0, MESSAGE_CHARS_MAX) })
  if (controller.status !== 'HEALTHY')
    say(
      `ANTREA_CONTROLLER_${controller.status}`,
      controller.conditions.map(({ reason }) => reason ?? '').join('; ') ||
        `antrea-controller is ${controller.status}`,
    )
  const bad = nodes.filter(({ status }) => status === 'FAILED' || status === 'DEGRADED')
  for (const { name, status, reason } of [...bad].sort((a, b) => (a.name < b.name ? -1 : 1)))
    say(`ANTREA_AGENT_${status}`, `${name}: ${reason ?? 'it is not well'}`)
  const left = errors.length - ERRORS_MAX
  if (left > 0) errors.splice(ERRORS_MAX, left, { error_code: 'MORE', error_message: `and ${left} more` })
  return { network_status: errors.length === 0 ? 'HEALTHY' : 'UNHEALTHY', network_errors: errors }
}

interface Deps {
  readonly clusterId: string
  readonly log: Logger
  readonly gate: { check(): void }
}

type ClusterRecord = Readonly<Record<string, unknown>>

export function createRecordHealth({ clusterId, log, gate }: Deps, nsx: NsxRest): RecordHealth {
  const collection = '/api/v1/fabric/container-clusters'
  const path = `${collection}/${encodeURIComponent(clusterId)}`
  let there: NetworkHealth | undefined
  let refused: AdapterError | undefined

  const write = async (wanted: NetworkHealth, signal: AbortSignal): Promise<void> => {
    const record = await nsx.call<ClusterRecord | undefined>({ method: 'GET', path, signal })
    if (isThere(record, wanted)) return
    gate.check()
    // Whether NSX merges or replaces is not published: all of it is said.
    const body = { ...writable(record), resource_type: 'ContainerCluster', external_id: clusterId, ...wanted }
    await nsx.call({ method: 'POST', path: collection, body, isRepeatable: true, signal })
  }

  return {
    begin() {
      there = undefined
      refused = undefined
    },
    async send(report, signal) {
      const wanted = networkHealthOf(report)
      if (wanted === undefined || refused !== undefined || isDeepStrictEqual(wanted, there)) return
      try {
        await write(wanted, signal)
        there = wanted
      } catch (thrown) {
        const error = asAdapterError(thrown)
        if (error.kind === 'retry') throw error
        refused = error
        log.warn({ code: error.code }, `NSX does not take the cluster's health: ${error.message}`)
      }
    },
  }
}

const isThere = (record: ClusterRecord | undefined, { network_status, network_errors }: NetworkHealth) =>
  record?.['network_status'] === network_status &&
  isDeepStrictEqual(record['network_errors'] ?? [], network_errors)

/** What begins with a line below is NSX's own. */
const writable = (record: ClusterRecord = {}): ClusterRecord =>
  Object.fromEntries(Object.entries(record).filter(([field]) => !field.startsWith('_')))
