/**
 * From the sources to the modules that are sealed into the executable: esbuild splits them along every `import()`, so that
 * a command brings only its own. Nothing of a path or of the hour gets in: the same sources give the same bytes.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BuildOptions, build, type Message, type Metafile, type Plugin, transform } from 'esbuild'
import { readPageFiles } from '../src/manager/page/files.ts'
import { readUiFiles } from '../src/serve/ui/files.ts'
import { drawCharts } from './charts.ts'
import { ADDON } from './inside/addon.ts'
import { THREAD_LOADER } from './inside/start-thread.ts'

export type Arch = 'x64' | 'arm64'

export interface Bundle {
  /** What Node starts: the loader. */
  readonly main: string
  /** By the names the loader knows them by. */
  readonly assets: ReadonlyMap<string, Uint8Array>
  /** The files, from the root, of which something is inside. */
  readonly inputs: readonly string[]
  /** Of what every start reads, before it is known which command is asked for. */
  readonly startBytes: number
}

const COMMON: BuildOptions = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  write: false,
  // One character beyond Latin-1 would have V8 keep the whole module's text in two bytes a character.
  charset: 'ascii',
  legalComments: 'none',
  logLevel: 'silent',
}

/** Bundles the program of this root for this processor; it knows its commit. Throws on any warning of esbuild. */
export async function bundle(root: string, arch: Arch, commit?: string): Promise<Bundle> {
  const split = await build({
    ...COMMON,
    absWorkingDir: root,
    entryPoints: { main: 'src/main.ts', thread: 'src/diagnostics/thread.ts' },
    format: 'esm',
    splitting: true,
    outdir: 'dist',
    metafile: true,
    define: { COMMIT_OF_BUILD: JSON.stringify(commit ?? '') },
    plugins: [inside(root, arch), onlyKubeConfig(root), onlyUndicisClients(root), onlyEnglish(root)],
  })
  refuseWarnings(split.warnings)
  const { outputs } = split.metafile!
  const assets = new Map<string, Uint8Array>()
  for (const { path, text } of split.outputFiles ?? []) {
    const name = path.slice(join(root, 'dist').length + 1)
    assets.set(`./${name}`, Buffer.from(await toCommonJs(name, text)))
  }
  assets.set(THREAD_LOADER, Buffer.from(await loader(root, './thread.js')))
  assets.set(ADDON, readFileSync(join(root, addonFile(arch))))
  return {
    main: await loader(root, './main.js'),
    assets: new Map([...assets].sort(([a], [b]) => (a < b ? -1 : 1))),
    inputs: [...usedInputs(outputs), addonFile(arch)].sort(),
    startBytes: bytesAtStart(outputs, assets, 'dist/main.js'),
  }
}

const addonFile = (arch: Arch): string => `node_modules/better-sqlite3/prebuilds/linux-${arch}.node`

/** Sealed scripts are CommonJS: their modules find each other through the loader's own `require`. */
async function toCommonJs(name: string, text: string): Promise<string> {
  const { code, warnings } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    charset: 'ascii',
    sourcefile: name,
    // Names stay, and lines short: a stack trace still tells where.
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: 120,
    supported: { 'dynamic-import': false },
  })
  refuseWarnings(warnings)
  return code
}

async function loader(root: string, entry: string): Promise<string> {
  const { outputFiles, warnings } = await build({
    ...COMMON,
    absWorkingDir: root,
    entryPoints: ['build/inside/loader.ts'],
    format: 'cjs',
    define: { ENTRY: JSON.stringify(entry) },
  })
  refuseWarnings(warnings)
  return outputFiles?.[0]?.text ?? ''
}

/** What finds its parts as files in a checkout finds them in the executable. */
const inside = (root: string, arch: Arch): Plugin => ({
  name: 'inside',
  setup(build) {
    build.onResolve({ filter: /^better-sqlite3$/ }, ({ resolveDir, kind }) =>
      build.resolve(`better-sqlite3/linux-${arch}`, { resolveDir, kind }),
    )
    build.onResolve({ filter: /\.node$/ }, ({ path }) => ({ path, namespace: 'addon' }))
    build.onLoad({ filter: /.*/, namespace: 'addon' }, () => ({
      contents: `module.exports = require('./addon.ts').loadAddon()`,
      resolveDir: join(root, 'build/inside'),
    }))
    build.onResolve({ filter: /\/files\.ts$/ }, ({ importer }) =>
      importer === join(root, 'src/manager/page/routes.ts') ? { path: 'page', namespace: 'page' } : undefined,
    )
    build.onLoad({ filter: /.*/, namespace: 'page' }, () => ({ contents: pageModule() }))
    build.onResolve({ filter: /\/files\.ts$/ }, ({ importer }) =>
      importer.startsWith(join(root, 'src/serve/ui/')) ? { path: 'ui', namespace: 'ui' } : undefined,
    )
    build.onLoad({ filter: /.*/, namespace: 'ui' }, async () => ({ contents: await uiModule() }))
    build.onResolve({ filter: /\/start-thread\.ts$/ }, () => ({
      path: join(root, 'build/inside/start-thread.ts'),
    }))
  },
})

/** The manager's page has its files as texts. Only the manager's commands load them. */
const pageModule = (): string =>
  `const files = new Map(${JSON.stringify([...readPageFiles()])})
  export const readPageFiles = () => files`

/** Those of the page at /inspect, with the charts drawn from the definitions that are bundled beside them. */
async function uiModule(): Promise<string> {
  const files = new Map([...readUiFiles(), ['charts.json', await drawCharts()]])
  return `const files = new Map(${JSON.stringify([...files])})
  export const readUiFiles = () => files`
}

/**
 * Of client-node only KubeConfig is used, and of its 16 MB nearly all are the API's generated models, which KubeConfig does
 * not touch. They stay out. Whoever comes to use more of it hears of it here: from esbuild when it is KubeConfig itself.
 */
export const onlyKubeConfig = (root: string): Plugin => ({
  name: 'only-kube-config',
  setup(build) {
    const folder = join(root, 'node_modules/@kubernetes/client-node/dist')
    const CONTENTS: Readonly<Record<string, string>> = {
      'kube-config': `export { KubeConfig } from './config.js'`,
      // For makeApiClient alone, which is not used: calls go through src/kube/.
      generated: `export const createConfiguration = () => { throw new Error('makeApiClient is not in the executable') }
        export class ServerConfiguration {}`,
    }
    build.onResolve({ filter: /^@kubernetes\/client-node$/ }, ({ importer, kind }) => {
      const uses =
        readFileSync(importer, 'utf8').match(/import\('@kubernetes\/client-node'\)\)?\.?\w*/g) ?? []
      if (kind !== 'dynamic-import' || uses.some((use) => !use.endsWith(').KubeConfig')))
        return {
          errors: [{ text: `${importer} uses more of client-node than KubeConfig: see build/bundle.ts` }],
        }
      return { path: 'kube-config', namespace: 'client-node' }
    })
    build.onResolve({ filter: /^\.\/gen\/index\.js$/ }, ({ importer }) =>
      importer === join(folder, 'config.js') ? { path: 'generated', namespace: 'client-node' } : undefined,
    )
    build.onLoad({ filter: /.*/, namespace: 'client-node' }, ({ path }) => ({
      contents: CONTENTS[path] ?? '',
      resolveDir: folder,
    }))
  },
})

/** What is used of undici; the rest (fetch, WebSocket, caches, mocks) would be read and kept in memory at every start of the daemon. */
const UNDICI: Readonly<Record<string, string>> = {
  Dispatcher: 'lib/dispatcher/dispatcher',
  Client: 'lib/dispatcher/client',
  Pool: 'lib/dispatcher/pool',
  Agent: 'lib/dispatcher/agent',
  ProxyAgent: 'lib/dispatcher/proxy-agent',
  DecoratorHandler: 'lib/handler/decorator-handler',
  buildConnector: 'lib/core/connect',
}

/** Whoever comes to use more of undici hears of it here. */
export const onlyUndicisClients = (root: string): Plugin => ({
  name: 'only-undicis-clients',
  setup(build) {
    build.onResolve({ filter: /^undici$/ }, ({ importer }) => {
      const text = readFileSync(importer, 'utf8')
      const names = [...text.matchAll(/import \{([^}]*)\} from 'undici'/g)]
        .flatMap(([, list = '']) => list.split(','))
        .map((one) => one.trim().replace(/ as \w+$/, ''))
        .filter((one) => one !== '' && !one.startsWith('type '))
      const unknown = names.filter((one) => UNDICI[one] === undefined)
      if (names.length > 0 && unknown.length === 0) return { path: 'clients', namespace: 'undici' }
      return {
        errors: [{ text: `${importer} uses ${unknown.join(', ') || 'all'} of undici: see build/bundle.ts` }],
      }
    })
    build.onLoad({ filter: /.*/, namespace: 'undici' }, () => ({
      contents: `${Object.entries(UNDICI)
        .map(([name, file]) => `exports.${name} = require('./${file}.js')`)
        .join('\n')}\nObject.assign(exports.Dispatcher.prototype, require('./lib/api'))`,
      resolveDir: join(root, 'node_modules/undici'),
    }))
  },
})

/** zod's messages in some 50 other languages stay out. */
export const onlyEnglish = (root: string): Plugin => ({
  name: 'only-english',
  setup(build) {
    const folder = join(root, 'node_modules/zod/v4/locales')
    build.onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, ({ path }) =>
      path === join(folder, 'index.js')
        ? { contents: `export { default as en } from './en.js'`, resolveDir: folder }
        : undefined,
    )
  },
})

/** Of the files esbuild read, those of which bytes came out. */
const usedInputs = (outputs: Metafile['outputs']): ReadonlySet<string> =>
  new Set(
    Object.values(outputs)
      .flatMap(({ inputs }) => Object.entries(inputs))
      .filter(([path, { bytesInOutput }]) => bytesInOutput > 0 && !/^[\w-]{3,}:/.test(path))
      .map(([path]) => path),
  )

function bytesAtStart(
  outputs: Metafile['outputs'],
  assets: ReadonlyMap<string, Uint8Array>,
  entry: string,
): number {
  const reached = new Set<string>([entry])
  for (const path of reached)
    for (const { path: next, kind } of outputs[path]?.imports ?? [])
      if (kind === 'import-statement' && next in outputs) reached.add(next)
  return [...reached].reduce(
    (total, path) => total + (assets.get(path.replace(/^dist\//, './'))?.length ?? 0),
    0,
  )
}

function refuseWarnings(warnings: readonly Message[]): void {
  const words = warnings.map(({ text, location }) => `${location?.file}:${location?.line}: ${text}`)
  if (words.length > 0) throw new Error(`esbuild warns:\n${words.join('\n')}`)
}
