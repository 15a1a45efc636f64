/** How `npm run build` is called. */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Arch } from './bundle.ts'

export interface Options {
  readonly arch: Arch
  readonly output: string
  readonly archive: boolean
  /** A file with an ed25519 private key in PEM. */
  readonly signKey: string | undefined
  readonly acceptPackages: boolean
}

export const USAGE = `npm run build -- [options]

  --arch x64|arm64     the processor it is for (x64)
  --output FOLDER      where it is put (dist; dist/arm64 for arm64)
  --no-archive         only the executable, its bill of materials and the sums
  --sign-key FILE      sign the sums with this ed25519 private key (PEM); unsigned without it
  --accept-packages    write build/bundled.txt anew when other packages are inside than it says
`

/** Throws in words when a word is wrong. */
export function readOptions(words: readonly string[], root: string): Options {
  const { values } = parseArgs({
    args: [...words],
    allowNegative: true,
    options: {
      arch: { type: 'string', default: 'x64' },
      output: { type: 'string' },
      archive: { type: 'boolean', default: true },
      'sign-key': { type: 'string' },
      'accept-packages': { type: 'boolean', default: false },
    },
  })
  const { arch } = values
  if (arch !== 'x64' && arch !== 'arm64') throw new Error(`--arch is x64 or arm64, not ${arch}\n\n${USAGE}`)
  return {
    arch,
    output: values.output ?? join(root, arch === 'x64' ? 'dist' : 'dist/arm64'),
    archive: values.archive,
    signKey: values['sign-key'],
    acceptPackages: values['accept-packages'],
  }
}
