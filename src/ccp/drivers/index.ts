/**
 * How the CCP channel speaks with NSX: over the channel of docs/protocol.md, or over NSX's public REST API. Both give the same
 * complete sets. Only ccp comes in here.
 */

import { isRest, type NsxManager, type NsxRest } from '../../nsx/index.ts'
import type { ReportSource } from '../report.ts'
import { channelDriver } from './channel.ts'
import { restDriver } from './rest.ts'
import type { CcpDriver, DriverDeps } from './types.ts'

export type { CcpDriver, DriverDeps } from './types.ts'

export const driverFor = (deps: DriverDeps, nsx: NsxManager | NsxRest, source: ReportSource): CcpDriver =>
  isRest(nsx) ? restDriver(deps, nsx, source) : channelDriver(deps, nsx, source)
