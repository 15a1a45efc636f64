/** The cluster for commands that need no daemon: with the daemon's own kubeconfig, or another one. */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { annotationOf, ownershipOf } from '../ccp/ownership.ts'
import {
  type Access,
  type AccessOptions,
  createKubeClient,
  type KubeClient,
  loadAccess,
  OPEN_GATE,
} from '../kube/index.ts'
import { SILENT } from '../log/index.ts'
import { COMMAND_LINE, type PolicyNames } from '../operations/index.ts'
import type { Clock, HttpClient, Random } from '../world/index.ts'
import { createHttpClient, createRealClock, createRealRandom } from '../world/real.ts'
import { DEFAULT_CONFIG_FILE, readConfig } from './settings.ts'
import { VERSION } from './version.ts'

export interface ClusterOptions {
  readonly config?: string
  readonly kubeconfig?: string
  readonly context?: string
}

export interface Cluster {
  readonly kube: KubeClient
  readonly http: HttpClient
  readonly clock: Clock
  readonly random: Random
  /** Of what the command line makes; a daemon sweeps it when this process is killed. */
  readonly clusterId: string
  /** The kubeconfig's client certificate, as antctl shows it to Antrea's processes too. */
  readonly access: Pick<Access, 'tls'>
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
  close(): Promise<void>
}

export function addClusterOptions(command: Command): void {
  command
    .option('--kubeconfig <file>', "of the cluster; the daemon's own without it, then KUBECONFIG")
    .option('--context <name>', 'in the kubeconfig; its current one without it')
    .option('--config <file>', `the daemon's configuration (${DEFAULT_CONFIG_FILE} when it is there)`)
}

/** Throws the errors of the configuration and of the credentials. */
export async function openCluster(options: ClusterOptions): Promise<Cluster> {
  const access = await loadAccess({
    ...accessOf(options),
    ...(options.context === undefined ? {} : { context: options.context }),
  })
  const clock = createRealClock()
  const raw = createHttpClient({ origin: access.origin, tls: access.tls, headers: access.headers })
  const http: HttpClient = {
    ...raw,
    request: (request) => raw.request({ ...request, path: `${access.basePath ?? ''}${request.path}` }),
  }
  const stop = new AbortController()
  const onSignal = () => stop.abort(new Error('interrupted'))
  process.once('SIGINT', onSignal)
  process.once('SIGTERM', onSignal)
  return {
    kube: createKubeClient({
      http,
      gate: OPEN_GATE,
      clock,
      log: SILENT,
      userAgent: `antrea-nsx-adapter/${VERSION}`,
    }),
    http,
    access,
    clock,
    random: createRealRandom(),
    clusterId: COMMAND_LINE,
    signal: stop.signal,
    async close() {
      process.removeListener('SIGINT', onSignal)
      process.removeListener('SIGTERM', onSignal)
      await raw.close()
    },
  }
}

function accessOf({ config, kubeconfig }: ClusterOptions): AccessOptions {
  const named = config ?? process.env['ANTREA_NSX_ADAPTER_CONFIG']
  if (kubeconfig !== undefined) return { kubeconfig }
  if (named !== undefined || existsSync(DEFAULT_CONFIG_FILE)) {
    const { kube } = readConfig({ config: named }).config
    return {
      ...(kube.kubeconfig === undefined ? {} : { kubeconfig: kube.kubeconfig }),
      ...(kube.context === undefined ? {} : { context: kube.context }),
    }
  }
  const file = process.env['KUBECONFIG'] ?? join(homedir(), '.kube', 'config')
  return existsSync(file) ? { kubeconfig: file } : {}
}

/** What the adapter wrote down in the cluster; which rules NSX means by their ids it alone knows. */
export const CLUSTER_NAMES: PolicyNames = {
  policyPath(policy) {
    const clusterId = annotationOf(policy, 'clusterId') ?? ''
    return ownershipOf(policy, clusterId) === 'ours' ? annotationOf(policy, 'intentPath') : undefined
  },
  rulePath: () => undefined,
}
