/** The version of this program, from its package, and the commit that the build tells it. */
import manifest from '../../package.json' with { type: 'json' }

export const VERSION: string = manifest.version

declare const COMMIT_OF_BUILD: string | undefined
const told = typeof COMMIT_OF_BUILD === 'undefined' ? '' : COMMIT_OF_BUILD
/** Of the executable; undefined where the sources run as they are, or were no checkout when it was built. */
export const COMMIT: string | undefined = told === '' ? undefined : told
