/** The MP channel of docs/protocol.md: sessions, a stream of requests, reports and answers. */
import { type NsxManager, openLink } from '../../nsx/index.ts'
import { channelAnswers, followRequests } from '../requests/index.ts'
import type { DriverDeps, MpDriver } from './types.ts'

export function channelDriver(deps: DriverDeps, nsx: NsxManager): MpDriver {
  const { clusterId } = deps
  const own = { ...deps, nsx }
  return {
    operations: (all) => all,
    connect: (leader, kinds, signal) => openLink(own, 'mp', kinds, leader, signal),
    follow: (session, listener, signal) => followRequests(own, session, listener, signal),
    probe: (signal) => nsx.probe('mp', signal),
    close: (session) => nsx.closeSession('mp', clusterId, session),
    postHealth: (body, signal) =>
      nsx.call({
        method: 'POST',
        path: `/mp/v1/clusters/${encodeURIComponent(clusterId)}/health`,
        body,
        signal,
      }),
    answers: channelAnswers(own),
  }
}
