/** `adopt`: takes over another adapter's policy objects, after showing them. */
import type { Command } from 'commander'
import { adopt, adoptionOf, describeAdoption } from '../ccp/index.ts'
import { needsPerson } from '../errors.ts'
import {
  type ClusterGroup,
  type ClusterNetworkPolicy,
  createKubeClient,
  loadAccess,
  OPEN_GATE,
  RESOURCES,
} from '../kube/index.ts'
import { SILENT } from '../log/index.ts'
import { createHttpClient, createRealClock } from '../world/real.ts'
import { addSocketOption, ask } from './endpoint.ts'
import { say } from './terminal.ts'
import { VERSION } from './version.ts'

interface Options {
  readonly socket: string
  readonly yes?: boolean
  readonly direct?: boolean
  readonly kubeconfig?: string
  readonly context?: string
  readonly clusterId?: string
}

export function configure(command: Command): void {
  addSocketOption(command)
  command
    .option('--yes', 'do it; without it nothing is written')
    .option('--direct', 'without the daemon, by a kubeconfig of your own')
    .option('--kubeconfig <file>', 'with --direct: the kubeconfig')
    .option('--context <name>', 'with --direct: its context')
    .option('--cluster-id <id>', 'with --direct: node_id of this cluster in NSX')
    .addHelpText(
      'after',
      '\nWhile another adapter keeps policy in this cluster (FOREIGN_CLUSTER_ID, SECOND_ADAPTER), nothing is written. Stop it' +
        '\nfirst. Taken over is each object in place, its rules word for word: no moment is without policy. What NSX wants' +
        '\notherwise is changed after that; what NSX does not hold stays until `approve`. The daemon also takes over objects' +
        "\nof anybody whose names NSX's policy needs (NAME_CONFLICT)." +
        '\n\nExample:\n  antrea-nsx-adapter adopt\n  antrea-nsx-adapter adopt --yes',
    )
    .action((options: Options) => (options.direct === true ? direct(options) : throughDaemon(options)))
}

const NOTHING = 'There is nothing to adopt.'

function show(objects: readonly string[], isDone: boolean): void {
  for (const line of objects) say(`  ${line}`)
  if (!isDone) say(`${objects.length} objects would be adopted. Nothing was written; add --yes to do it.`)
}

async function throughDaemon({ socket, yes }: Options): Promise<void> {
  const { id, objects } = await ask<{ id: string; objects: string[] }>(socket, 'GET', '/adoption')
  if (objects.length === 0) return say(NOTHING)
  show(objects, yes === true)
  if (yes !== true) return
  const { adopted } = await ask<{ adopted: number }>(socket, 'POST', `/adopt?id=${id}`, ADOPT_TIMEOUT_MS)
  say(`Adopted ${adopted} objects.`)
}

/** Ten thousand objects, one after the other. */
const ADOPT_TIMEOUT_MS = 600_000

async function direct(options: Options): Promise<void> {
  const { kubeconfig, context, clusterId, yes } = options
  if (clusterId === undefined)
    throw needsPerson('CLI_USAGE', '--direct needs --cluster-id, the node_id of this cluster in NSX')
  const clock = createRealClock()
  const access = await loadAccess({
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  })
  const http = createHttpClient({
    origin: access.origin,
    tls: access.tls,
    headers: access.headers,
    http2: true,
  })
  try {
    const kube = createKubeClient({
      http,
      clock,
      gate: OPEN_GATE,
      log: SILENT,
      userAgent: `antrea-nsx-adapter/${VERSION}`,
    })
    const [policies, groups] = await Promise.all([
      kube.list<ClusterNetworkPolicy>(RESOURCES.clusterNetworkPolicies),
      kube.list<ClusterGroup>(RESOURCES.clusterGroups),
    ])
    const adoptions = adoptionOf({ policies, groups, clusterId })
    if (adoptions.length === 0) return say(NOTHING)
    show(adoptions.map(describeAdoption), yes === true)
    if (yes !== true) return
    await adopt(adoptions, kube, () => {})
    say(`Adopted ${adoptions.length} objects.`)
  } finally {
    await http.close()
  }
}
