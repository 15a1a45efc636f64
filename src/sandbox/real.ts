/** The sandbox's cluster on a real kube-apiserver and etcd: the same objects, the same stand-in, the same rights. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { needsPerson } from '../errors.ts'
import { installCrds } from './antrea/index.ts'
import { NODES, POD_REMOVED_AFTER_MS } from './cluster.ts'
import {
  attachAgents,
  attachController,
  type ControlPlane,
  controlPlaneBuild,
  findCheckout,
  type Programs,
  probePort,
  startControlPlane,
  startKubelets,
} from './controlplane/index.ts'
import { createBase, createDemo, createNamespace } from './demo.ts'
import type { PrivateFolder } from './files.ts'
import { createRest } from './rest.ts'
import { ADAPTER_USER, LEASE_NAMESPACE, rbacObjects } from './rights.ts'
import { listenOr } from './server.ts'
import type { RealOptions, SandboxOptions } from './start.ts'
import type { StartedCluster } from './started.ts'

/** What the embedded cluster does by itself, too. */
const CONTROLLERS = ['namespace-controller', 'garbage-collector-controller'] as const

/**
 * Builds the programs when they are not in the cache, starts them in the private folder, attaches the stand-in and creates
 * the demo application. On failure, and when the signal aborts it, nothing is left running.
 */
export async function startReal(
  options: SandboxOptions,
  { program, onProgress }: RealOptions,
  folder: PrivateFolder,
): Promise<StartedCluster> {
  const { clock, signal, apiPort = 0 } = options
  const programs = await programsOf(options, { program, onProgress })
  if (apiPort !== 0) await listenOr('API server', apiPort, () => probePort(apiPort))
  const undo: (() => unknown)[] = []
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    onProgress('starting etcd, kube-apiserver and kube-controller-manager')
    const place = join(folder.path, 'controlplane')
    mkdirSync(place, { mode: 0o700 })
    const plane = await startControlPlane({
      clock,
      programs,
      folder: place,
      apiPort,
      controllers: CONTROLLERS,
      ...(signal === undefined ? {} : { signal }),
    })
    undo.push(() => plane.stop())
    return await populate(options, plane, onProgress, undo, stop)
  } catch (error) {
    await stop()
    signal?.throwIfAborted()
    throw error
  }
}

async function programsOf(
  { clock, signal }: SandboxOptions,
  { program, onProgress }: RealOptions,
): Promise<Partial<Programs>> {
  const notHere = (why: string) => needsPerson('SANDBOX_REAL_NOT_HERE', why)
  if (process.platform !== 'linux')
    throw notHere('the real control plane is started on Linux only; go without --real here')
  const checkout = findCheckout(program)
  if (checkout === undefined)
    throw notHere(
      'the real control plane is built from a checkout (test/real/controlplane), and there is none here; start it there, or go without --real',
    )
  return controlPlaneBuild(checkout).programs({
    clock,
    progress: onProgress,
    names: ['etcd', 'kube-apiserver', 'kube-controller-manager'],
    ...(signal === undefined ? {} : { signal }),
  })
}

/** Everything that the embedded cluster has, in its order. What is started is ended by `undo`. */
async function populate(
  options: SandboxOptions,
  plane: ControlPlane,
  onProgress: (line: string) => void,
  undo: (() => unknown)[],
  stop: () => Promise<void>,
): Promise<StartedCluster> {
  const { clock, random, signal } = options
  const deps = { clock, random, log: options.log.child({ room: 'cluster' }) }
  const rest = createRest(plane.http)
  onProgress('attaching Antrea, creating the demo application')
  await createBase(rest, clock, NODES)
  await createNamespace(rest, LEASE_NAMESPACE)
  for (const { collection, body } of rbacObjects()) await rest.call('POST', collection, body)
  undo.push(startKubelets(plane.http, deps, POD_REMOVED_AFTER_MS))
  signal?.throwIfAborted()
  await installCrds(plane.http)
  signal?.throwIfAborted()
  undo.push(await attachController(plane, deps))
  signal?.throwIfAborted()
  await createDemo(rest, clock, NODES)
  const agents = await attachAgents(plane, deps)
  undo.push(() => agents.stop())
  const adapter = await plane.addUser(ADAPTER_USER)
  return {
    admin: plane.http,
    kubeconfig: plane.kubeconfig,
    adapterKubeconfig: adapter.kubeconfig,
    adapterAccess: {
      load: async () => ({
        origin: plane.origin,
        tls: { ca: plane.caPem, ...adapter.identity },
        headers: () => ({}),
        fingerprint: plane.origin,
      }),
    },
    cluster: undefined,
    server: undefined,
    stop,
  }
}
