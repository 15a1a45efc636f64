/** Whether this tier runs here, and says so plainly when it does not. */
import { programs as buildPrograms, type Programs, whyNotBuildable } from './build.ts'

const isRequired = process.env['REAL_TIER'] === 'required'

const whyNot =
  process.platform === 'linux' ? whyNotBuildable() : 'the real control plane is started on Linux only'

/**
 * Goes into the options of each test: `false`, or why it is skipped. With REAL_TIER=required nothing is skipped: the
 * first test that wants the programs fails with the reason.
 */
export const skip: string | false =
  whyNot === undefined || isRequired ? false : `the real tier is skipped: ${whyNot}`

/** The control plane's programs; builds them when they are not in the cache. */
export function programs(): Promise<Programs> {
  if (whyNot !== undefined) throw new Error(`the real tier is required here, but ${whyNot}`)
  return buildPrograms((line) => process.stderr.write(`# real tier: ${line}\n`))
}
