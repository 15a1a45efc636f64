/**
 * The MP channel over NSX's public API (docs/nsx-manager.md): connected is when a manager answers and knows the cluster; health
 * goes up as far as the inventory has fields for it; of requests there are Traceflow configs, which are polled.
 * Only src/mp/drivers comes in here.
 */
import { asAdapterErrors } from '../../../errors.ts'
import type { NsxRest } from '../../../nsx/index.ts'
import type { DriverDeps, MpDriver } from '../types.ts'
import { createRecordHealth } from './health.ts'
import { findRegistration, readReportInterval } from './registration.ts'
import { createTraceflowConfigs } from './traceflows.ts'

/** What a session says of itself where there is none. */
const SESSION = { epoch: 'rest', heartbeat_seconds: 15, limits: {} } as const

export function restDriver(deps: DriverDeps, nsx: NsxRest): MpDriver {
  const { clusterId, random, log } = deps
  const traceflows = createTraceflowConfigs(deps, nsx)
  const record = createRecordHealth(deps, nsx)
  let controlPlane: string | undefined
  return {
    // The others cannot be asked for over this API.
    operations: (all) => all.filter(({ kind }) => kind === 'traceflow').map(traceflows.keepingResults),
    connect: (_leader, _kinds, signal) =>
      asAdapterErrors(
        (async () => {
          await nsx.probe(signal)
          const found = await findRegistration(deps, nsx, signal)
          controlPlane = found.id
          record.begin()
          return { ...SESSION, session: random.uuid(), source: found.source }
        })(),
      ),
    follow: (session, listener, signal) => traceflows.follow(session, listener, signal),
    probe: (signal) => nsx.probe(signal),
    close: async () => {},
    async postHealth(report, signal) {
      await record.send(report, signal)
      return controlPlane === undefined ? undefined : readReportInterval(nsx, controlPlane, signal)
    },
    answers: {
      // NSX takes none; what Antrea observed stays in the cluster's Traceflow.
      post: async (request, { events }) => {
        log.debug(
          { request, cluster: clusterId },
          'an answer is kept in the cluster: NSX takes none over its public API',
        )
        return { acknowledged: events.at(-1)?.['seq'] }
      },
    },
  }
}
