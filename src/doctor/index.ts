/**
 * `doctor`: checks of everything the adapter stands on, each on its own, with cause and what to do. What is of the real
 * machine (files, sockets, programs) comes in as a World. Only the command line and tests come in here.
 */
import { ANTREA_CHECKS } from './antrea.ts'
import { CONFIGURATION_CHECKS } from './configuration.ts'
import { KUBE_CHECKS } from './kube.ts'
import { MACHINE_CHECKS } from './machine.ts'
import { NSX_CHECKS } from './nsx.ts'
import { NSX_WAY_CHECKS } from './nsx-way.ts'
import type { Check } from './types.ts'

export { createFacts, type FactSources, type OpenFacts } from './facts.ts'
export { type RunHandlers, runChecks } from './run.ts'
export type * from './types.ts'
export { GROUPS } from './types.ts'

/** In the order in which one stands on the other. */
export const CHECKS: readonly Check[] = [
  ...CONFIGURATION_CHECKS,
  ...MACHINE_CHECKS,
  ...KUBE_CHECKS,
  ...ANTREA_CHECKS,
  ...NSX_WAY_CHECKS,
  ...NSX_CHECKS,
]
