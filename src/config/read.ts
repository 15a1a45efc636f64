/** Reads the configuration: file, then environment, then flags; later ones win. Everything unknown is an error. */
import { ConfigError, type ConfigProblem, nearest } from './problems.ts'
import { CONFIG_LEAVES, type Config, ConfigSchema, valueAt } from './schema.ts'
import { parseFile, type Sourced } from './source.ts'

export interface ConfigSources {
  /** The file's name as the person wrote it, and its text. */
  readonly file?: { readonly name: string; readonly text: string }
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** By setting, `nsx.url`. */
  readonly flags?: Readonly<Record<string, string | undefined>>
  /** Files that the service manager hands over, by setting; they count where nothing else says it. */
  readonly credentials?: Readonly<Record<string, string>>
}

/** How the origin of such a setting begins. */
export const CREDENTIAL = 'credential of the service'

export interface LoadedConfig {
  readonly config: Config
  /** Where a setting's value came from; `default` when nobody set it. */
  origin(setting: string): string
}

const PREFIX = 'ANTREA_NSX_ADAPTER_'
/** Set by the person or the unit for the command line itself, not settings. */
const NOT_SETTINGS = new Set(['ANTREA_NSX_ADAPTER_CONFIG'])

const words = (part: string) => part.toLowerCase()

/** `nsx.url` → `ANTREA_NSX_ADAPTER_NSX_URL`. */
export const environmentName = (path: readonly string[]): string =>
  PREFIX + path.map((part) => words(part).toUpperCase()).join('_')

/** `nsx.url` → `--nsx-url`. */
export const flagName = (path: readonly string[]): string => `--${path.map(words).join('-')}`

/** The valid configuration. Throws ConfigError with every problem found. */
export function loadConfig(sources: ConfigSources): LoadedConfig {
  const file: Sourced =
    sources.file === undefined
      ? { values: {}, where: () => 'no configuration file' }
      : parseFile(sources.file.text, sources.file.name)
  const overlays = new Map<string, string>()
  const values = structuredClone(file.values)
  const problems: ConfigProblem[] = [...overlayEnvironment(values, overlays, sources.environment ?? {})]
  overlayFlags(values, overlays, sources.flags ?? {})
  underlayCredentials(values, overlays, sources.credentials ?? {})
  const parsed = ConfigSchema.safeParse(values)
  if (!parsed.success)
    problems.push(...parsed.error.issues.flatMap((issue) => explain(issue, file, overlays)))
  const [first, ...others] = problems
  if (first !== undefined) throw new ConfigError([first, ...others])
  return {
    config: parsed.data as Config,
    origin: (setting) =>
      overlays.get(setting) ??
      (valueAt(file.values, setting.split('.')) === undefined ? 'default' : file.where(setting.split('.'))),
  }
}

function* overlayEnvironment(
  values: Record<string, unknown>,
  overlays: Map<string, string>,
  environment: Readonly<Record<string, string | undefined>>,
): Generator<ConfigProblem> {
  const known = new Map(CONFIG_LEAVES.map((leaf) => [environmentName(leaf.path), leaf.path]))
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || value === undefined || NOT_SETTINGS.has(name)) continue
    const path = known.get(name)
    if (path === undefined) {
      yield {
        code: 'CONFIG_UNKNOWN_KEY',
        where: `environment variable ${name}`,
        message: `is not a setting${suggestion(name, [...known.keys()])}`,
      }
      continue
    }
    put(values, path, value)
    overlays.set(path.join('.'), `environment variable ${name}`)
  }
}

function underlayCredentials(
  values: Record<string, unknown>,
  overlays: Map<string, string>,
  credentials: Readonly<Record<string, string>>,
): void {
  const auth = valueAt(values, ['nsx', 'auth']) ?? 'certificate'
  for (const [setting, file] of Object.entries(credentials)) {
    const path = setting.split('.')
    const isForCertificate = setting === 'nsx.cert' || setting === 'nsx.key'
    if (valueAt(values, path) !== undefined || (isForCertificate && auth !== 'certificate')) continue
    put(values, path, file)
    overlays.set(setting, `${CREDENTIAL} ${file}`)
  }
}

function overlayFlags(
  values: Record<string, unknown>,
  overlays: Map<string, string>,
  flags: Readonly<Record<string, string | undefined>>,
): void {
  for (const { path } of CONFIG_LEAVES) {
    const value = flags[path.join('.')]
    if (value === undefined) continue
    put(values, path, value)
    overlays.set(path.join('.'), `flag ${flagName(path)}`)
  }
}

function put(values: Record<string, unknown>, path: readonly string[], value: string): void {
  let at = values
  for (const segment of path.slice(0, -1)) {
    const inner = at[segment]
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) at[segment] = {}
    at = at[segment] as Record<string, unknown>
  }
  at[path.at(-1)!] = value
}

interface Issue {
  readonly code: string
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly keys?: readonly string[]
  readonly input?: unknown
  readonly expected?: string
  readonly params?: { readonly isMissing?: boolean } | undefined
}

function explain(issue: Issue, file: Sourced, overlays: ReadonlyMap<string, string>): ConfigProblem[] {
  const setting = issue.path.join('.')
  if (issue.code === 'unrecognized_keys') {
    const known = siblings(issue.path)
    return (issue.keys ?? []).map((key) => ({
      code: 'CONFIG_UNKNOWN_KEY',
      where: file.where([...issue.path, key], true),
      message: `${[...issue.path, key].join('.')} is not a setting${suggestion(key, known)}`,
    }))
  }
  const where = overlays.get(setting) ?? file.where(issue.path)
  const isMissing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined')
  if (isMissing || issue.params?.isMissing === true) {
    // A group that is missing whole is told by its settings.
    const path = issue.path.map(String)
    return needed(path).map((leaf) => ({
      code: 'CONFIG_MISSING',
      where,
      message: `${leaf.join('.')} is needed; write it in the file, or set ${environmentName(leaf)} or ${flagName(leaf)}`,
    }))
  }
  const message =
    issue.code === 'invalid_type' && issue.expected !== undefined && /^Invalid input/.test(issue.message)
      ? `must be ${issue.expected === 'object' ? 'a group of settings' : `a ${issue.expected}`}`
      : issue.message
  return [{ code: 'CONFIG_INVALID', where, message: `${setting} ${message}` }]
}

const starts = (path: readonly string[], start: readonly PropertyKey[]) =>
  start.every((segment, index) => path[index] === String(segment))

const siblings = (path: readonly PropertyKey[]): string[] => [
  ...new Set(
    CONFIG_LEAVES.filter((leaf) => starts(leaf.path, path)).map((leaf) => leaf.path[path.length] ?? ''),
  ),
]

/** The leaves below a missing path that have no default themselves. */
function needed(path: readonly string[]): (readonly string[])[] {
  const below = CONFIG_LEAVES.filter((leaf) => starts(leaf.path, path)).map((leaf) => leaf.path)
  return below.filter((leaf) => leaf.length === path.length || REQUIRED.has(leaf.join('.')))
}

/** What has neither a default nor may be absent, found by asking the schema with every group empty. */
const REQUIRED = new Set(
  ConfigSchema.safeParse({
    cluster: {},
    nsx: {},
    tiers: { Emergency: {}, Infrastructure: {}, Environment: {}, Application: {} },
  }).error?.issues.map((issue) => issue.path.join('.')) ?? [],
)

function suggestion(word: string, known: readonly string[]): string {
  const near = nearest(word, known)
  return near === undefined ? `; known here: ${known.slice(0, 12).join(', ')}` : `; did you mean ${near}?`
}
