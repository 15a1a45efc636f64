/** Programs from Go modules of this repository, in its cache. */
import { join } from 'node:path'
import { type GoBuild, type GoModule, goBuild as goBuildIn } from '../../../src/sandbox/controlplane/index.ts'

export type { GoBuild }

export const ROOT = join(import.meta.dirname, '../../..')

export const goBuild = <Name extends string>(module: Omit<GoModule<Name>, 'cacheRoot'>): GoBuild<Name> =>
  goBuildIn({ ...module, cacheRoot: join(ROOT, '.cache') })
