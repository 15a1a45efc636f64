/**
 * What `explain` knows beside warnings and translation codes: errors of the links, of the configuration, of the commands.
 * One table a file. Only `explain` reads them.
 */
import { CHANNEL } from './channel.ts'
import { DOCTOR } from './doctor.ts'
import { HERE } from './here.ts'
import { INSPECT } from './inspect.ts'
import { KUBE } from './kube.ts'
import { LOOK } from './look.ts'
import { MANAGER } from './manager.ts'
import { NSX } from './nsx.ts'
import { OPERATIONS } from './operations.ts'
import { REGISTRATION } from './registration.ts'
import { TRANSPORT } from './transport.ts'
import type { CodeHelp } from './types.ts'

export const CODES: Readonly<Record<string, CodeHelp>> = Object.fromEntries(
  Object.entries({
    ...TRANSPORT,
    ...NSX,
    ...CHANNEL,
    ...KUBE,
    ...OPERATIONS,
    ...MANAGER,
    ...REGISTRATION,
    ...HERE,
    ...INSPECT,
    ...LOOK,
    ...DOCTOR,
  }).map(([code, [title, text]]) => [code, { title, text }]),
)
