/** `config`: is it right, what counts and where it came from, and its JSON Schema. Needs no daemon, no NSX, no cluster. */
import type { Command } from 'commander'
import { z } from 'zod'
import {
  CONFIG_LEAVES,
  ConfigSchema,
  environmentName,
  flagName,
  type LoadedConfig,
  valueAt,
} from '../config/index.ts'
import { readSecured } from './listening.ts'
import { addConfigOptions, nsxIdentity, readConfig, readSmallText } from './settings.ts'
import { paint, plain, say, table } from './terminal.ts'

type Options = Readonly<Record<string, unknown>>

export function configure(command: Command): void {
  const part = (name: string, summary: string) =>
    command.command(name).description(summary).copyInheritedSettings(command)
  command.addHelpText('after', '\nExample:\n  antrea-nsx-adapter config check')
  const check = part('check', 'read it and the files it names, and say what is wrong and where').addHelpText(
    'after',
    '\nExample:\n  antrea-nsx-adapter config check --config /etc/antrea-nsx-adapter/config.yaml',
  )
  addConfigOptions(check)
  check.action((options: Options) => checkFiles(readConfig(options)))
  const show = part('show', 'every setting with the value that counts')
    .option('--origin', 'and where it came from')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  antrea-nsx-adapter config show --origin')
  addConfigOptions(show)
  show.action((options: Options) => showSettings(readConfig(options), options))
  part('schema', 'the JSON Schema of the file, for editors')
    .addHelpText('after', '\nExample:\n  antrea-nsx-adapter config schema > antrea-nsx-adapter.schema.json')
    .action(() => say(JSON.stringify(configJsonSchema(), null, 2)))
}

/** Of the file: what has a default may be absent. */
export const configJsonSchema = (): object => ({
  ...z.toJSONSchema(ConfigSchema, { io: 'input', unrepresentable: 'any' }),
  title: 'antrea-nsx-adapter',
})

/** Throws what `run` would throw: every file is read as `run` reads it. */
function checkFiles(loaded: LoadedConfig): void {
  const { config } = loaded
  nsxIdentity(loaded)
  readSecured(loaded)
  const { kubeconfig } = config.kube
  if (kubeconfig !== undefined) readSmallText(kubeconfig, 'kube.kubeconfig')
  const set = settingsOf(loaded).filter(({ origin }) => origin !== 'default').length
  say(`${paint('green', 'ok')}: ${set} settings are set, ${CONFIG_LEAVES.length - set} are as by default`)
}

interface Setting {
  readonly setting: string
  readonly value: unknown
  /** `default` where nobody set it. */
  readonly origin: string
  readonly environment: string
  readonly flag: string
}

/** In the schema's order. */
const settingsOf = ({ config, origin }: LoadedConfig): Setting[] =>
  CONFIG_LEAVES.map(({ path }) => {
    const setting = path.join('.')
    return {
      setting,
      value: valueAt(config, path),
      origin: origin(setting),
      environment: environmentName(path),
      flag: flagName(path),
    }
  })

function showSettings(loaded: LoadedConfig, { json, origin }: Options): void {
  const settings = settingsOf(loaded)
  if (json === true) {
    say(JSON.stringify(settings, null, 2))
    return
  }
  const rows = settings.map((one) => [
    one.setting,
    one.value === undefined ? '–' : plain(String(one.value)),
    ...(origin === true ? [plain(one.origin)] : []),
  ])
  say(table([['SETTING', 'VALUE', ...(origin === true ? ['FROM'] : [])], ...rows]))
}
