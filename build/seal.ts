/** From the bundle to one executable: Node without its symbols, with the bundle sealed in by Node's own SEA, through pkg's API. */
import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Arch, Bundle } from './bundle.ts'

export interface SealOptions {
  readonly bundle: Bundle
  /** The Node that is embedded; of the same version as the one that runs this. */
  readonly node: string
  readonly arch: Arch
  readonly output: string
  /** An empty folder for what is between. */
  readonly workFolder: string
}

interface PkgOptions {
  default: { set(options: object): void }
}
interface PkgSea {
  default(main: string, options: object): Promise<void>
}
interface PkgLog {
  log: { info(text: string): void; warn(text: string): void }
}

/** Tools that strip; a cross-build needs one that knows the other processor. */
const STRIP: Readonly<Record<Arch, readonly string[]>> = {
  x64: ['strip', 'llvm-strip'],
  arm64: ['aarch64-linux-gnu-strip', 'llvm-strip'],
}

/** Copies Node without its symbols. False when no tool is there that can: the copy then has them still. */
export function stripNode(node: string, to: string, arch: Arch): boolean {
  mkdirSync(dirname(to), { recursive: true })
  const tools = arch === process.arch ? STRIP[arch] : STRIP[arch].filter((tool) => tool !== 'strip')
  const isStripped = tools.some((tool) => {
    try {
      execFileSync(tool, ['-o', to, node], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })
  if (!isStripped) copyFileSync(node, to)
  chmodSync(to, 0o755)
  return isStripped
}

/**
 * The daemon runs beside etcd: what it does not need is not kept for it. By default V8 lets the young generation grow to
 * 48 MiB and starts a thread a core; with these an idle daemon is smaller by some 20 MiB, and a full sync takes as long.
 */
const V8_FLAGS: readonly string[] = ['--max-semi-space-size=2', '--v8-pool-size=1']

/** Writes the executable. */
export async function seal({ bundle, node, arch, output, workFolder }: SealOptions): Promise<void> {
  const main = join(workFolder, 'antrea-nsx-adapter.cjs')
  writeFileSync(main, bundle.main)
  const assets: Record<string, string> = {}
  for (const [name, bytes] of bundle.assets) {
    const file = join(workFolder, name)
    writeFileSync(file, bytes)
    assets[name] = file
  }
  mkdirSync(dirname(output), { recursive: true })
  const require = createRequire(import.meta.url)
  const log = (require('@yao-pkg/pkg/lib-es5/log') as PkgLog).log
  log.info = () => {}
  log.warn = () => {}
  ;(require('@yao-pkg/pkg/lib-es5/options') as PkgOptions).default.set({})
  // pkg works in a folder below the temporary one. Node keeps the script's path as it is given (in stack traces, and in
  // the bytes of the executable), so it is given from there.
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = workFolder
  try {
    await (require('@yao-pkg/pkg/lib-es5/sea') as PkgSea).default(main, {
      targets: [{ nodeRange: 'node24', platform: 'linux', arch, output }],
      signature: false,
      nodePath: node,
      // The blob is made by the Node that runs this when the embedded one is for another processor.
      useLocalNode: arch !== process.arch,
      seaConfig: {
        main: '../antrea-nsx-adapter.cjs',
        disableExperimentalSEAWarning: true,
        useSnapshot: false,
        // The cache's bytes differ from build to build.
        useCodeCache: false,
        // Otherwise NODE_OPTIONS of the environment could load any code into it.
        execArgvExtension: 'none',
        execArgv: V8_FLAGS,
        assets,
      },
    })
  } finally {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
  }
  chmodSync(output, 0o755)
}
