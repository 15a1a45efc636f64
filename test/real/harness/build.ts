/** The control plane's programs, built from their Go modules. */
import { controlPlaneBuild } from '../../../src/sandbox/controlplane/index.ts'
import { ROOT } from './go-build.ts'

export type { ProgramName, Programs } from '../../../src/sandbox/controlplane/index.ts'

export const controlPlane = controlPlaneBuild(ROOT)
