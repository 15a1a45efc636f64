/** `rbac`: the least rights that the adapter needs, as manifests to apply. */
import { type Command, InvalidArgumentError } from 'commander'
import { stringify } from 'yaml'
import {
  type ManifestObject,
  PATHS,
  RIGHTS,
  rbacManifest,
  ruleOf,
  type Subject,
  scopeOf,
} from '../kube/rights.ts'
import { say } from './terminal.ts'

interface Options {
  readonly namespace: string
  readonly user: string
  readonly group?: string
  readonly serviceAccount?: Subject
}

const NAME = 'antrea-nsx-adapter'

export function configure(command: Command): void {
  command
    .option('--namespace NAME', 'of the leases, as lease.namespace', NAME)
    .option('--user NAME', 'bind to this user: the common name of its client certificate', NAME)
    .option('--group NAME', 'bind to this group instead')
    .option('--service-account NAMESPACE/NAME', 'bind to this service account instead', serviceAccount)
    .addHelpText('after', '\nExample:\n  antrea-nsx-adapter rbac | kubectl apply -f -')
    .action((options: Options) => say(rbacYaml(options.namespace, subjectOf(options)).trimEnd()))
}

function serviceAccount(text: string): Subject {
  const [namespace = '', name = '', ...more] = text.split('/')
  if (namespace === '' || name === '' || more.length > 0)
    throw new InvalidArgumentError('It must be NAMESPACE/NAME.')
  return { kind: 'ServiceAccount', namespace, name }
}

const subjectOf = ({ user, group, serviceAccount: account }: Options): Subject =>
  account ?? (group === undefined ? { kind: 'User', name: user } : { kind: 'Group', name: group })

const HEAD =
  '# The rights of antrea-nsx-adapter, no more and no less; made by `antrea-nsx-adapter rbac`, which takes another\n' +
  '# subject or namespace as options. Each rule says what it is for.\n'

/** The manifests as YAML, each rule with its reason. */
export function rbacYaml(namespace: string, subject: Subject): string {
  return HEAD + rbacManifest({ namespace, subject }).map(documentOf).join('---\n')
}

function documentOf({ rules, ...rest }: ManifestObject): string {
  const text = stringify(rest)
  if (rules === undefined) return text
  const scope = scopeOf(rest)
  const lines = RIGHTS.filter((right) => right.scope === scope).map((right) =>
    ruleLines(right.why, Object.entries(ruleOf(right))),
  )
  if (scope === 'cluster')
    lines.push(
      ruleLines(PATHS.map(({ path, why }) => `${path}: ${why}`).join('; '), [
        ['nonResourceURLs', PATHS.map(({ path }) => path)],
        ['verbs', ['get']],
      ]),
    )
  return `${text}rules:\n${lines.join('')}`
}

const ruleLines = (why: string, fields: readonly (readonly [string, readonly string[]])[]): string =>
  `  # ${why}\n${fields
    .map(([name, values], at) => `  ${at === 0 ? '-' : ' '} ${name}: [${values.map(quoted).join(', ')}]\n`)
    .join('')}`

const quoted = (value: string): string => (value === '' ? '""' : value)
