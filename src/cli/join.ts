/** `join`: brings identity, kubeconfig and configuration of a registered cluster to a further control-plane node. */
import type { Command } from 'commander'
import { needsPerson } from '../errors.ts'
import { REGISTRATION_TIMEOUT_MS } from '../limits.ts'
import { type RegistrationRecord, recordOf, type Step } from '../nsx/registration/index.ts'
import { sleep } from '../world/index.ts'
import { createRealClock, createRealRandom } from '../world/real.ts'
import {
  type AdminOptions,
  addAdminOptions,
  addHereOptions,
  addShowOptions,
  createHere,
  createShown,
  driverFor,
  type Here,
  type HereOptions,
  openAdminCluster,
  type ShowOptions,
  settingsFor,
} from './registering/index.ts'

type Options = AdminOptions & HereOptions & ShowOptions & { readonly kubeconfig?: string }

export function configure(command: Command): void {
  addAdminOptions(command)
  command.option('--kubeconfig <file>', 'one that register wrote, in place of --admin-kubeconfig')
  addHereOptions(command)
  addShowOptions(command)
  command
    .addHelpText(
      'after',
      "\nNSX is not asked for anything. The identity comes from the cluster's Secret; the token is this node's own.\n" +
        '\nExample:\n  antrea-nsx-adapter join --admin-kubeconfig /etc/kubernetes/admin.conf',
    )
    .action((options: Options) => join(options))
}

async function join(options: Options): Promise<void> {
  const kubeconfig = options.adminKubeconfig ?? options.kubeconfig
  if (kubeconfig === undefined)
    throw needsPerson(
      'REGISTRATION_KUBECONFIG',
      'the cluster has to be named: --admin-kubeconfig FILE, or --kubeconfig FILE with one that register wrote',
    )
  const clock = createRealClock()
  const stop = new AbortController()
  const over = sleep(clock, REGISTRATION_TIMEOUT_MS, stop.signal).catch(() => {})
  const { adminContext: context, namespace } = options
  const cluster = await openAdminCluster(
    { kubeconfig, namespace, ...(context === undefined ? {} : { context }) },
    clock,
  )
  try {
    const { signal } = stop
    const texts = await cluster.secret.read(signal)
    const record = texts === undefined ? undefined : recordOf(texts, cluster.secret.where)
    if (record?.clusterId === undefined)
      throw needsPerson(
        'REGISTRATION_NO_IDENTITY',
        `${cluster.secret.where} holds no identity of a registered cluster; run register with --admin-kubeconfig first`,
      )
    const here = createHere(options)
    const driver = await driverFor(record, { clock, random: createRealRandom() }, signal)
    const settings = settingsFor(options.folder, { record, driver, isInCluster: true, namespace })
    const work = worksOf(here, record, settings, {
      isFresh: here.hasKubeconfig(cluster.access, clock),
      writeKubeconfig: async () => here.writeKubeconfig(cluster.access, await cluster.token(signal)),
    })
    const steps = work.map(([id, text]): Step => ({ kind: 'place', id, text }))
    const shown = createShown(options, record.clusterName)
    if (!shown.plan({ steps }, `Nothing to do: this machine has all of ${record.clusterName}.`)) return
    for (const [index, [, , run]] of work.entries()) {
      const step = steps[index]
      if (step !== undefined) shown.step(step)
      await run()
    }
    shown.done(
      [
        '',
        `This machine has what it needs for ${record.clusterName} (node_id ${record.clusterId}).`,
        ...here.differing(settings).map((line) => `The configuration stays as it was written: ${line}.`),
        'Start it: systemctl enable --now antrea-nsx-adapter, then look: antrea-nsx-adapter status',
      ],
      { cluster_id: record.clusterId, done: true },
    )
  } finally {
    stop.abort()
    await over
    await cluster.close()
  }
}

type Work = readonly [id: string, text: string, run: () => Promise<void>]

function worksOf(
  here: Here,
  record: RegistrationRecord,
  settings: ReturnType<typeof settingsFor>,
  kube: { readonly isFresh: boolean; readonly writeKubeconfig: () => Promise<void> },
): readonly Work[] {
  const unsaid = here.unsaid(settings)
  const works: Work[] = []
  if (!here.hasCopies(record))
    works.push([
      'copies',
      `here: write certificate and key to ${here.folder}`,
      async () => here.writeCopies(record),
    ])
  if (!kube.isFresh)
    works.push([
      'kubeconfig',
      `here: write a kubeconfig with a bound token to ${here.folder}`,
      kube.writeKubeconfig,
    ])
  if (unsaid.length > 0)
    works.push([
      'config',
      `here: write to the configuration what it says nothing about (${unsaid.join(', ')})`,
      async () => here.writeConfig(settings),
    ])
  return works
}
