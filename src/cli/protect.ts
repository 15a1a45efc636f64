/** `protect`: prints an admission policy that lets only the adapter write its tiers and objects. */
import type { Command } from 'commander'
import { stringify } from 'yaml'
import { DEFAULT_TIERS, protection } from '../ccp/index.ts'
import { needsPerson } from '../errors.ts'
import { collect } from './options.ts'
import { say } from './terminal.ts'

interface Options {
  readonly user: readonly string[]
  readonly serviceAccount: readonly string[]
  readonly tier: readonly string[]
}

export function configure(command: Command): void {
  command
    .option(
      '--user <name>',
      "the adapter's user: the CN of its client certificate; may be repeated",
      collect,
      [],
    )
    .option(
      '--service-account <namespace/name>',
      "the adapter's service account; may be repeated",
      collect,
      [],
    )
    .option(
      '--tier <name>',
      'a tier of the `tiers` setting, all four; without it the default ones',
      collect,
      [],
    )
    .addHelpText(
      'after',
      "\nThe API server then refuses whoever else creates, changes or deletes what carries the adapter's marks, policies in" +
        "\nits tiers, and these tiers. antrea-controller's status writes go on. Needs Kubernetes 1.30 or later." +
        '\n\nExample:\n  antrea-nsx-adapter protect --user antrea-nsx-adapter | kubectl apply -f -',
    )
    .action((options: Options) => say(documents(options)))
}

function documents({ user, serviceAccount, tier }: Options): string {
  const users = [...user, ...serviceAccount.map(accountUser)]
  if (users.length === 0)
    throw needsPerson(
      'CLI_USAGE',
      'protect needs to know who the adapter is: --user NAME or --service-account NAMESPACE/NAME',
    )
  const tiers = tier.length > 0 ? tier : Object.values(DEFAULT_TIERS).map(({ name }) => name)
  return protection({ users, tiers })
    .map((document) => stringify(document, { lineWidth: 0 }))
    .join('---\n')
    .trimEnd()
}

function accountUser(account: string): string {
  const [namespace, name, more] = account.split('/')
  if (!namespace || !name || more !== undefined)
    throw needsPerson('CLI_USAGE', `--service-account ${account} is not NAMESPACE/NAME`)
  return `system:serviceaccount:${namespace}:${name}`
}
