/** The bill of materials in CycloneDX 1.6 (cyclonedx.org/docs/1.6/json): what is inside, and nothing that is only near. */
import { createHash } from 'node:crypto'
import { type BundledPackage, idOf } from './packages.ts'

export interface BomOptions {
  readonly name: string
  readonly version: string
  readonly license: string
  /** The finished file. */
  readonly executable: Uint8Array
  readonly packages: readonly BundledPackage[]
  /** Libraries compiled into Node, with their versions (`process.versions`). */
  readonly inNode: Readonly<Record<string, string | undefined>>
  /** Of the SQLite in the addon. */
  readonly sqlite: string
}

/** The document. Its serial number comes from the executable, and it has no time: the same build, the same bytes. */
export function billOfMaterials(options: BomOptions): string {
  const { name, version, license, executable, packages } = options
  const sha256 = createHash('sha256').update(executable).digest('hex')
  const self = `pkg:generic/${name}@${version}`
  const refs = new Map(packages.map((bundled) => [bundled.path, purl(bundled)]))
  const neededByOthers = new Set(packages.flatMap(({ needs }) => needs))
  return `${JSON.stringify(
    {
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      serialNumber: `urn:uuid:${sha256.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-8$3-a$4-$5')}`,
      version: 1,
      metadata: {
        component: {
          type: 'application',
          'bom-ref': self,
          name,
          version,
          licenses: [{ license: { id: license } }],
          hashes: [{ alg: 'SHA-256', content: sha256 }],
        },
      },
      components: packages.map((bundled) => component(bundled, options)),
      dependencies: [
        {
          ref: self,
          dependsOn: packages.filter(({ path }) => !neededByOthers.has(path)).map((bundled) => purl(bundled)),
        },
        ...packages.map((bundled) => ({
          ref: purl(bundled),
          dependsOn: bundled.needs.map((path) => refs.get(path)!),
        })),
      ],
    },
    null,
    2,
  )}\n`
}

function component(bundled: BundledPackage, { inNode, sqlite }: BomOptions): object {
  const isNode = /^node-linux-/.test(bundled.name)
  const parts = isNode ? inNode : bundled.name === 'better-sqlite3' ? { sqlite } : {}
  const components = Object.entries(parts)
    .filter(([part]) => part !== 'node' && part !== 'modules' && part !== 'napi')
    .map(([part, version]) => ({ type: 'library', name: part, version }))
  return {
    type: isNode ? 'platform' : 'library',
    'bom-ref': purl(bundled),
    name: bundled.name,
    version: bundled.version,
    purl: purl(bundled),
    licenses: [
      /^[\w.-]+$/.test(bundled.license)
        ? { license: { id: bundled.license } }
        : { expression: bundled.license },
    ],
    hashes: [{ alg: 'SHA-512', content: bundled.sha512 }],
    ...(components.length === 0 ? {} : { components }),
  }
}

const purl = (bundled: BundledPackage): string => `pkg:npm/${idOf(bundled).replace(/^@/, '%40')}`
