/** `register`: makes the cluster known to NSX, gives the adapter its rights in the cluster, and writes its configuration. */
import { type Command, InvalidArgumentError } from 'commander'
import type { Plan, RegistrationRecord, Step } from '../nsx/registration/index.ts'
import { planRegister, preflight } from '../nsx/registration/index.ts'
import { collect } from './options.ts'
import { nameOfObject } from './registering/cluster.ts'
import {
  type AdminOptions,
  addAdminOptions,
  addHereOptions,
  addNsxOptions,
  addShowOptions,
  createShown,
  type Registering,
  refuse,
  type Settings,
  type ShowOptions,
  settingsFor,
  withRegistering,
} from './registering/index.ts'
import type { RegisteringOptions } from './registering/work.ts'

type Options = RegisteringOptions & AdminOptions & ShowOptions

export function configure(command: Command): void {
  addNsxOptions(command)
  command
    .option(
      '--cluster-name <name>',
      'of the cluster in NSX, of its certificate and of its principal identity',
    )
    .option('--cluster-id <node_id>', 'its old node_id, when what was kept of it is lost')
    .option('--role <role>', 'of the principal identity in place of the least ones; may be repeated', collect)
    .option('--take-over', 'what has this name in NSX is this cluster: its identity was lost')
    .option('--valid-days <days>', 'of the certificate that is made', days)
  addAdminOptions(command)
  addHereOptions(command)
  addShowOptions(command)
  command
    .addHelpText(
      'after',
      '\nA second run changes nothing and says so; one that was stopped is gone on with. With --admin-kubeconfig the identity' +
        '\nis kept in a Secret, and the adapter gets a service account with the rights of `rbac` and a token that it renews itself.' +
        '\n\nExample:\n  antrea-nsx-adapter register --nsx-url https://nsx.example.com --nsx-ca nsx-ca.pem --nsx-password-file pw \\' +
        '\n    --cluster-name site-1 --admin-kubeconfig /etc/kubernetes/admin.conf',
    )
    .action((options: Options) => withRegistering(options, (registering) => register(options, registering)))
}

function days(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1 || number > 3_650)
    throw new InvalidArgumentError('It must be a whole number of days from 1 to 3650.')
  return number
}

async function register(options: Options, registering: Registering): Promise<void> {
  const { clock, signal, record, nsx, wish, cluster, here } = registering
  const observed = await nsx.observe(signal)
  refuse(preflight(observed, record, wish, clock.now()))
  const inNsx = planRegister(observed, record, wish)
  const places = await placesOf(registering, inNsx)
  const plan: Plan = { steps: [...places.before, ...inNsx.steps, ...places.after] }
  const shown = createShown(options, wish.clusterName)
  if (!shown.plan(plan, `Nothing to do: ${wish.clusterName} is registered (node_id ${record?.clusterId}).`)) {
    if (plan.steps.length === 0)
      shown.done(differences(registering, record, await settingsOf(registering)), {})
    return
  }
  await registering.apply(plan, shown, {
    awaitInstances: async () => {},
    place: (id) => places.run(id),
  })
  const after = await registering.store.load()
  const settings = await settingsOf(registering)
  shown.done(
    [
      '',
      `${wish.clusterName} is registered in NSX; its node_id is ${after?.clusterId}.`,
      ...differences(registering, after, settings),
      'Start it: systemctl enable --now antrea-nsx-adapter, then look: antrea-nsx-adapter status',
      cluster === undefined
        ? `Keep ${here.folder}: it holds the only key. With --admin-kubeconfig it would be in a Secret of the cluster.`
        : 'On each further control-plane node: antrea-nsx-adapter join --admin-kubeconfig FILE',
    ],
    { cluster_id: after?.clusterId, done: true },
  )
}

/** Empty while nothing is kept. */
export async function settingsOf({
  store,
  nsx,
  here,
  cluster,
  namespace,
  signal,
}: Registering): Promise<Settings> {
  const record = await store.load()
  if (record?.clusterId === undefined) return []
  const driver = await nsx.driverFor(record.shown, signal)
  return settingsFor(here.folder, { record, driver, isInCluster: cluster !== undefined, namespace })
}

const differences = (
  { here }: Registering,
  record: RegistrationRecord | undefined,
  settings: Settings,
): readonly string[] =>
  record === undefined
    ? []
    : here.differing(settings).map((line) => `The configuration stays as it was written: ${line}.`)

interface Places {
  readonly before: readonly Step[]
  readonly after: readonly Step[]
  run(id: string): Promise<void>
}

/** The cluster's and this machine's part, each step under an id. */
async function placesOf(registering: Registering, inNsx: Plan): Promise<Places> {
  const { cluster, here, store, record, signal, clock } = registering
  const work = new Map<string, () => Promise<void>>()
  const step = (id: string, text: string, run: () => Promise<void>): Step => {
    work.set(id, run)
    return { kind: 'place', id, text }
  }
  const loaded = async () => {
    const kept = await store.load()
    if (kept === undefined) throw new Error('nothing is kept after it was kept')
    return kept
  }
  const missing = (await cluster?.missing(signal)) ?? []
  const before = missing.map(({ object, change }) =>
    step(nameOfObject(object), `cluster: ${change} the ${nameOfObject(object)}`, async () =>
      cluster?.apply(object, signal),
    ),
  )
  // A record that lay in this machine's folder alone.
  if (cluster !== undefined && record !== undefined && (await cluster.secret.read(signal)) === undefined)
    before.push(
      step('secret', `cluster: keep the identity in ${cluster.secret.where}`, async () => store.save(record)),
    )
  const after: Step[] = []
  const willChange = inNsx.steps.some(({ kind }) => kind === 'keep-new-key')
  if (willChange || !here.hasCopies(record))
    after.push(
      step('copies', `here: write certificate and key to ${here.folder}`, async () =>
        here.writeCopies(await loaded()),
      ),
    )
  if (cluster !== undefined && !here.hasKubeconfig(cluster.access, clock))
    after.push(
      step('kubeconfig', `here: write a kubeconfig with a bound token to ${here.folder}`, async () =>
        here.writeKubeconfig(cluster.access, await cluster.token(signal)),
      ),
    )
  const isNew = record?.clusterId === undefined
  const unsaid = isNew ? ['all of it'] : here.unsaid(await settingsOf(registering))
  if (unsaid.length > 0)
    after.push(
      step(
        'config',
        `here: write to the configuration what it says nothing about (${unsaid.join(', ')})`,
        async () => here.writeConfig(await settingsOf(registering)),
      ),
    )
  return { before, after, run: async (id) => work.get(id)?.() }
}
