/** The page's files as they lie in a checkout. The executable has this module replaced by one that holds their bytes. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** By name; text in UTF-8. What a browser is not given (the type checker's settings) is left out. */
export function readUiFiles(): ReadonlyMap<string, string> {
  const folder = join(import.meta.dirname, 'assets')
  const names = readdirSync(folder)
    .filter((name) => /\.(html|css|js|svg|json)$/.test(name) && name !== 'tsconfig.json')
    .sort()
  return new Map(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
}
