/** Whether this tier runs here, and says so plainly when it does not. */
import { createRealClock } from '../../../src/world/real.ts'
import { controlPlane, type Programs } from './build.ts'
import type { GoBuild } from './go-build.ts'
import { watchExit } from './processes.ts'

const isRequired = process.env['REAL_TIER'] === 'required'

export interface Tier<Name extends string> {
  /**
   * Goes into the options of each test: `false`, or why it is skipped. With REAL_TIER=required nothing is skipped: the
   * first test that wants the programs fails with the reason.
   */
  readonly skip: string | false
  /** The programs; builds them when they are not in the cache. */
  programs(): Promise<Readonly<Record<Name, string>>>
}

/** `name` for messages, and why the tier cannot run although its programs could be had. */
export function tierOf<Name extends string>(
  name: string,
  build: GoBuild<Name>,
  whyNotHere?: string,
): Tier<Name> {
  const whyNot = whyNotHere ?? build.whyNot()
  return {
    skip: whyNot === undefined || isRequired ? false : `${name} is skipped: ${whyNot}`,
    programs() {
      if (whyNot !== undefined) throw new Error(`${name} is required here, but ${whyNot}`)
      watchExit()
      return build.programs({
        clock: createRealClock(),
        progress: (line) => process.stderr.write(`# ${name}: ${line}\n`),
      })
    },
  }
}

const real = tierOf(
  'the real tier',
  controlPlane,
  process.platform === 'linux' ? undefined : 'the real control plane is started on Linux only',
)

export const skip: string | false = real.skip

export const programs = (): Promise<Programs> => real.programs()
