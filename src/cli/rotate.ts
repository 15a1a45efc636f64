/** `rotate`: renews the certificate by which NSX knows the cluster, without a moment in which none is taken. */
import type { Command } from 'commander'
import { needsPerson } from '../errors.ts'
import { REGISTRATION_INSTANCES_MS, REGISTRATION_INSTANCES_PERIOD_MS } from '../limits.ts'
import { clockRefusals, planRotate, type Step } from '../nsx/registration/index.ts'
import type { StatusSnapshot } from '../status/index.ts'
import { sleep } from '../world/index.ts'
import { addSocketOption, ask } from './endpoint.ts'
import { notShown } from './registering/cluster.ts'
import {
  type AdminOptions,
  addAdminOptions,
  addHereOptions,
  addNsxOptions,
  addShowOptions,
  createShown,
  type Registering,
  refuse,
  type ShowOptions,
  withRegistering,
} from './registering/index.ts'
import type { RegisteringOptions } from './registering/work.ts'

type Options = RegisteringOptions &
  AdminOptions &
  ShowOptions & { readonly socket: string; readonly instances: boolean }

export function configure(command: Command): void {
  addNsxOptions(command)
  addAdminOptions(command)
  addHereOptions(command)
  addSocketOption(command)
  command.option('--no-instances', 'the adapter runs nowhere: nobody is waited for')
  addShowOptions(command)
  command
    .addHelpText(
      'after',
      '\nNSX takes the new certificate beside the old one; every instance picks it up from the Secret without a restart; when each' +
        "\ninstance's Lease shows it, the old one is taken out of NSX. One that was stopped is gone on with." +
        '\n\nExample:\n  antrea-nsx-adapter rotate --nsx-password-file pw --admin-kubeconfig /etc/kubernetes/admin.conf',
    )
    .action((options: Options) => withRegistering(options, (registering) => rotate(options, registering)))
}

async function rotate(options: Options, registering: Registering): Promise<void> {
  const { nsx, record, wish, signal, here, store, cluster } = registering
  if (record?.clusterId === undefined)
    throw needsPerson(
      'REGISTRATION_NO_IDENTITY',
      `${store.where} holds no identity of a cluster that is registered. Is it kept in the cluster's Secret? Then give --admin-kubeconfig; else run register first`,
    )
  const observed = await nsx.observe(signal)
  refuse(clockRefusals(observed))
  const isKnown = observed.controlPlanes.some(
    ({ name, nodeId }) => name === wish.clusterName && nodeId === record.clusterId,
  )
  if (!isKnown)
    throw needsPerson(
      'REGISTRATION_NOT_IN_NSX',
      `NSX does not have the cluster ${wish.clusterName} with the node_id ${record.clusterId} (was it restored from a backup?); run register: it makes it again with its old node_id`,
    )
  const copies: Step = {
    kind: 'place',
    id: 'copies',
    text: `here: write certificate and key to ${here.folder}`,
  }
  const plan = { steps: [...planRotate(observed, record, wish).steps, copies] }
  const shown = createShown(options, wish.clusterName)
  if (!shown.plan(plan, '')) return
  const writeCopies = async () => {
    const kept = await store.load()
    if (kept !== undefined && here.files().length > 0) here.writeCopies(kept)
  }
  await registering.apply(plan, shown, {
    place: writeCopies,
    async awaitInstances(fingerprint) {
      if (!options.instances) return
      if (cluster !== undefined) return cluster.awaitInstances(fingerprint, signal)
      // The daemon of this machine reads the files.
      await writeCopies()
      await awaitByStatus(registering, options.socket, fingerprint)
    },
  })
  shown.done(['', `${wish.clusterName} shows a new certificate; the old one is refused by NSX.`], {
    done: true,
  })
}

/** By what the daemon of this machine says of all instances. */
async function awaitByStatus(
  { clock, signal }: Registering,
  socket: string,
  fingerprint: string,
): Promise<void> {
  const endMs = clock.monotonicMs() + REGISTRATION_INSTANCES_MS
  for (;;) {
    const { instances } = await ask<StatusSnapshot>(socket, 'GET', '/status')
    const others = instances.filter(({ certificateSha256 }) => certificateSha256 !== fingerprint)
    if (others.length === 0) return
    if (clock.monotonicMs() >= endMs)
      throw notShown(others.map(({ instance }) => ({ holder: instance, renewed: undefined })))
    await sleep(clock, REGISTRATION_INSTANCES_PERIOD_MS, signal)
  }
}
