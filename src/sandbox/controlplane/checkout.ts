/** Where this program's sources are: programs are built from a Go module among them, into a cache beside them. */
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The control plane's Go module within a checkout. */
export const MODULE = 'test/real/controlplane'

/** The checkout that a program lies in (`process.argv[1]`); undefined for an executable that was taken elsewhere. */
export function findCheckout(program: string | undefined): string | undefined {
  if (program === undefined || !existsSync(program)) return undefined
  for (let folder = dirname(realpathSync(program)); folder !== dirname(folder); folder = dirname(folder))
    if (isCheckout(folder)) return folder
  return undefined
}

function isCheckout(folder: string): boolean {
  if (!existsSync(join(folder, MODULE, 'go.mod'))) return false
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).name === 'antrea-nsx-adapter'
  } catch {
    return false
  }
}
