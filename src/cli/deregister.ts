/** `deregister`: takes a cluster out of NSX and what it was given out of the cluster, in the order that NSX needs. */
import type { Command } from 'commander'
import { needsPerson } from '../errors.ts'
import { deregisterRefusals, planDeregister, type Step } from '../nsx/registration/index.ts'
import { nameOfObject } from './registering/cluster.ts'
import {
  type AdminOptions,
  addAdminOptions,
  addHereOptions,
  addNsxOptions,
  addShowOptions,
  createShown,
  type OwnedObject,
  type Registering,
  refuse,
  type ShowOptions,
  withRegistering,
} from './registering/index.ts'
import type { RegisteringOptions } from './registering/work.ts'

type Options = RegisteringOptions &
  AdminOptions &
  ShowOptions & { readonly clusterGone?: boolean; readonly purgePolicies?: boolean; readonly yes?: boolean }

export function configure(command: Command): void {
  addNsxOptions(command)
  command
    .option('--cluster-name <name>', 'of the cluster in NSX, where nothing is kept of it here')
    .option('--cluster-id <node_id>', 'its node_id, where neither NSX nor this machine knows it any more')
    .option('--cluster-gone', 'the Kubernetes cluster is no more: only NSX is cleaned up')
    .option(
      '--purge-policies',
      'delete the policies and groups of NSX in the cluster, too: nothing enforces them then',
    )
    .option('--yes', 'do it; without it the plan is shown alone')
  addAdminOptions(command)
  addHereOptions(command)
  addShowOptions(command)
  command
    .addHelpText(
      'after',
      '\nStop the adapter on all nodes first. The configuration stays, and with it the node_id under which register brings the' +
        '\ncluster back. Without --purge-policies the policies of NSX stay in force in the cluster.' +
        '\n\nExample:\n  antrea-nsx-adapter deregister --nsx-password-file pw --admin-kubeconfig /etc/kubernetes/admin.conf --yes' +
        '\n  antrea-nsx-adapter deregister --nsx-url https://nsx.example.com --nsx-password-file pw --cluster-name site-1 --cluster-gone --yes',
    )
    .action((options: Options) => {
      if (options.clusterGone === true && options.purgePolicies === true)
        command.error('error: --purge-policies needs the cluster, which --cluster-gone says is no more')
      if (options.purgePolicies === true && options.adminKubeconfig === undefined)
        command.error('error: --purge-policies needs --admin-kubeconfig')
      const { adminKubeconfig: _, ...withoutCluster } = options
      return withRegistering(options.clusterGone === true ? withoutCluster : options, (registering) =>
        deregister(options, registering),
      )
    })
}

async function deregister(options: Options, registering: Registering): Promise<void> {
  const { nsx, record, wish, signal, cluster } = registering
  const observed = await nsx.observe(signal)
  refuse(deregisterRefusals(observed, record, wish))
  const inNsx = planDeregister(observed, record, wish)
  const clusterId = record?.clusterId ?? wish.clusterId
  const owned = cluster === undefined || clusterId === undefined ? [] : await cluster.owned(clusterId, signal)
  const places = await placesOf(registering, options.purgePolicies === true ? owned : [])
  const plan = { steps: [...inNsx.steps, ...places.steps] }
  const shown = createShown(
    { ...options, dryRun: options.dryRun === true || options.yes !== true },
    wish.clusterName,
  )
  const isWanted = shown.plan(plan, `Nothing to do: nothing of ${wish.clusterName} is left.`)
  if (!isWanted) {
    if (plan.steps.length > 0 && options.dryRun !== true && options.json !== true)
      shown.done(['', ...staying(owned, options), 'Nothing was done. Run it again with --yes.'], {})
    return
  }
  const running = (await cluster?.running(signal)) ?? []
  if (running.length > 0)
    throw needsPerson(
      'REGISTRATION_RUNNING',
      `the adapter still runs: ${running.join(', ')}. Stop it on every node first (systemctl disable --now antrea-nsx-adapter): it would write again what is deleted`,
    )
  await registering.apply(plan, shown, { awaitInstances: async () => {}, place: places.run })
  shown.done(['', `${wish.clusterName} is no more in NSX.`, ...staying(owned, options)], {
    done: true,
    policies_stay: options.purgePolicies !== true && owned.length > 0,
  })
}

const staying = (owned: readonly OwnedObject[], { purgePolicies }: Options): readonly string[] => {
  if (owned.length === 0 || purgePolicies === true) return []
  const policies = owned.filter(({ resource }) => resource === 'clusterNetworkPolicies').length
  return [
    `${policies} policies and ${owned.length - policies} groups of NSX stay in the cluster and in force; --purge-policies deletes them.`,
  ]
}

/** The cluster's and this machine's part. The identity goes last: until then a run that was stopped finds what to undo. */
async function placesOf(
  { cluster, here, record, signal }: Registering,
  purged: readonly OwnedObject[],
): Promise<{ readonly steps: readonly Step[]; run(id: string): Promise<void> }> {
  const work = new Map<string, () => Promise<void>>()
  const steps: Step[] = []
  const add = (text: string, run: () => Promise<void>) => {
    const id = String(work.size)
    work.set(id, run)
    steps.push({ kind: 'place', id, text })
  }
  for (const one of purged) {
    const { kind, metadata } = one.object
    const shownName = metadata.annotations?.['antrea-nsx-adapter/display-name']
    add(
      `cluster: delete the ${kind} ${metadata.name}${shownName === undefined ? '' : ` (${shownName})`}`,
      async () => cluster?.deleteOwned(one, signal),
    )
  }
  if (cluster !== undefined) {
    if ((await cluster.leases(signal)).length > 0)
      add('cluster: delete the Leases of the adapter', () => cluster.deleteLeases(signal))
    for (const object of await cluster.present(signal))
      add(`cluster: delete the ${nameOfObject(object)}`, () => cluster.remove(object, signal))
  }
  if (here.files().length > 0)
    add(
      `here: delete certificate, key, kubeconfig and token in ${here.folder}`,
      async () => void here.forget(),
    )
  return {
    steps: record === undefined ? steps : [...steps, { kind: 'forget-identity' }],
    run: async (id) => work.get(id)?.(),
  }
}
