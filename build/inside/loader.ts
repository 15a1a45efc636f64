/**
 * What Node starts in the executable, and in its threads: loads the modules sealed in beside it, each at its first use.
 * A command therefore compiles only what it needs. ENTRY is put in by the build.
 */
import { getAsset } from 'node:sea'
import { compileFunction } from 'node:vm'

declare const ENTRY: string

interface LoadedModule {
  exports: unknown
}

const loaded = new Map<string, LoadedModule>()

/** `./name.js` is a sealed module; anything else can only be Node's own. */
function load(name: string): unknown {
  if (!name.startsWith('./')) return nodeModule(name)
  const known = loaded.get(name)
  if (known !== undefined) return known.exports
  const module: LoadedModule = { exports: {} }
  loaded.set(name, module)
  const run = compileFunction(getAsset(name, 'utf8'), ['require', 'module', 'exports'], {
    filename: `antrea-nsx-adapter/${name.slice(2)}`,
  }) as (require: typeof load, module: LoadedModule, exports: unknown) => void
  run(load, module, module.exports)
  return module.exports
}

function nodeModule(name: string): unknown {
  const found = process.getBuiltinModule(name)
  if (found !== undefined) return found
  throw Object.assign(new Error(`${name} is not in the executable`), { code: 'MODULE_NOT_FOUND' })
}

load(ENTRY)
