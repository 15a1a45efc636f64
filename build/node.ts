/** The Node that is embedded: of the same version as the one that builds, from the registry's own package. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Arch } from './bundle.ts'

export interface EmbeddedNode {
  readonly file: string
  /** As the lock file names it. */
  readonly package: string
}

/** Throws in words when it is not there, or when another version runs the build: what is sealed must be of one version. */
export function embeddedNode(root: string, arch: Arch): EmbeddedNode {
  const folder = `node_modules/node-linux-${arch}`
  const file = join(root, folder, 'bin/node')
  if (!existsSync(file)) throw new Error(`${folder} is not installed: npm ci`)
  const { version } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as {
    version: string
  }
  if (`v${version}` !== process.version)
    throw new Error(`this is Node ${process.version} and ${version} is to be embedded; use npm run build`)
  return { file, package: folder }
}
