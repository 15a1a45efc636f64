/** Which packages are truly inside: those of whose files bytes came out of the bundler, with Node and SQLite's addon. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface BundledPackage {
  readonly name: string
  readonly version: string
  /** From the root: `node_modules/…`. */
  readonly path: string
  readonly license: string
  /** Of its tarball, in hexadecimal, from the lock file. */
  readonly sha512: string
  /** Paths of those it needs that are inside too. */
  readonly needs: readonly string[]
}

interface LockEntry {
  readonly version: string
  readonly integrity: string
  readonly license?: string
  readonly dependencies?: Readonly<Record<string, string>>
}

/** The packages of these files (from the root), by name and version, with `node`. */
export function bundledPackages(
  root: string,
  inputs: readonly string[],
  node: BundledPackage,
): readonly BundledPackage[] {
  const paths = new Set(inputs.map(packagePath).filter((path) => path !== undefined))
  return [node, ...[...paths].map((path) => lockedPackage(root, path, paths))].sort((a, b) =>
    idOf(a) < idOf(b) ? -1 : 1,
  )
}

/** One package as the lock file has it. `inside` are the paths of those that its needs are looked for among. */
export function lockedPackage(
  root: string,
  path: string,
  inside: ReadonlySet<string> = new Set(),
): BundledPackage {
  const entry = readLock(root)[path]
  if (entry === undefined) throw new Error(`${path} is bundled and not in the lock file; run npm ci`)
  return {
    name: nameOf(path),
    version: entry.version,
    path,
    license: entry.license ?? 'NOASSERTION',
    sha512: Buffer.from(entry.integrity.replace('sha512-', ''), 'base64').toString('hex'),
    needs: Object.keys(entry.dependencies ?? {})
      .map((name) => resolveFrom(path, name, inside))
      .filter((found) => found !== undefined),
  }
}

const readLock = (root: string): Readonly<Record<string, LockEntry>> =>
  (
    JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, LockEntry>
    }
  ).packages

export const idOf = ({ name, version }: BundledPackage): string => `${name}@${version}`

/** `node_modules/a/node_modules/@b/c/index.js` is of `node_modules/a/node_modules/@b/c`. */
const packagePath = (file: string): string | undefined =>
  /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0]

const nameOf = (path: string): string =>
  path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)

/** As Node looks: in the package's own folder of packages, then in those above. */
function resolveFrom(path: string, name: string, inside: ReadonlySet<string>): string | undefined {
  for (let folder = path; ; folder = folder.slice(0, folder.lastIndexOf('/node_modules/'))) {
    const found = `${folder}/node_modules/${name}`
    if (inside.has(found)) return found
    if (!folder.includes('/node_modules/')) break
  }
  const top = `node_modules/${name}`
  return inside.has(top) ? top : undefined
}

/** The licenses of all of them, as they ask for it, one after the other. */
export function licenseTexts(root: string, packages: readonly BundledPackage[]): string {
  return packages
    .map((bundled) => {
      const files = existsSync(join(root, bundled.path))
        ? readdirSync(join(root, bundled.path))
            .filter((name) => /^(licen[cs]e|notice|copying)/i.test(name))
            .sort()
        : []
      const texts = files.map((name) => readFileSync(join(root, bundled.path, name), 'utf8').trim())
      return `${'='.repeat(80)}\n${idOf(bundled)} (${bundled.license})\n${'='.repeat(80)}\n\n${texts.join('\n\n')}\n`
    })
    .join('\n')
}
