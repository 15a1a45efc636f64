/** The cluster as an administrator sees it: what it needs of the adapter's objects, the identity's Secret, the instances. */
import { ownershipOf } from '../../ccp/ownership.ts'
import { asAdapterError, waitFor } from '../../errors.ts'
import type { Access, KubeObject } from '../../kube/index.ts'
import {
  createKubeClient,
  type KubeClient,
  loadAccess,
  OPEN_GATE,
  RESOURCES,
  readClusterUid,
} from '../../kube/index.ts'
import { CERTIFICATE_SHA256, STANDS_FOR } from '../../kube/instance-survey.ts'
import type { Lease } from '../../kube/lease-record.ts'
import { SERVICE_ACCOUNT } from '../../kube/marks.ts'
import {
  applyObject,
  createIdentitySecret,
  type Difference,
  deleteObject,
  type IdentitySecret,
  missingObjects,
  nameOf,
  onboardingObjects,
  presentObjects,
  requestToken,
} from '../../kube/onboarding/index.ts'
import type { ManifestObject } from '../../kube/rights.ts'
import {
  INSTANCE_LOOK_MS,
  REGISTRATION_INSTANCES_MS,
  REGISTRATION_INSTANCES_PERIOD_MS,
} from '../../limits.ts'
import { SILENT } from '../../log/index.ts'
import { infraTypeOf } from '../../nsx/cluster-record.ts'
import { type Clock, type HttpClient, sleep } from '../../world/index.ts'
import { createHttpClient } from '../../world/real.ts'
import { VERSION } from '../version.ts'

export interface ClusterOptions {
  readonly kubeconfig: string
  readonly context?: string
  readonly namespace: string
}

export interface OpenCluster {
  readonly access: Access
  readonly secret: IdentitySecret
  uid(signal: AbortSignal): Promise<string>
  infraType(signal: AbortSignal): Promise<string>
  missing(signal: AbortSignal): Promise<readonly Difference[]>
  apply(object: ManifestObject, signal: AbortSignal): Promise<void>
  present(signal: AbortSignal): Promise<readonly ManifestObject[]>
  remove(object: ManifestObject, signal: AbortSignal): Promise<void>
  /** A bound token of the adapter's service account. */
  token(signal: AbortSignal): Promise<string>
  /** Resolves when every instance's Lease shows this certificate; rejects with REGISTRATION_INSTANCES after a time. */
  awaitInstances(fingerprint: string, signal: AbortSignal): Promise<void>
  /** Instances whose Leases change while they are looked at. */
  running(signal: AbortSignal): Promise<readonly string[]>
  leases(signal: AbortSignal): Promise<readonly Lease[]>
  /** Policies and groups that are this cluster's adapter's, in the order in which they can go. */
  owned(clusterId: string, signal: AbortSignal): Promise<readonly OwnedObject[]>
  deleteOwned(owned: OwnedObject, signal: AbortSignal): Promise<void>
  deleteLeases(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

export interface OwnedObject {
  readonly resource: 'clusterNetworkPolicies' | 'clusterGroups'
  readonly object: KubeObject
}

/** Throws the errors of the credentials. A plugin that the kubeconfig names is run: it is the person's own. */
export async function openAdminCluster(options: ClusterOptions, clock: Clock): Promise<OpenCluster> {
  const { kubeconfig, context, namespace } = options
  const access = await loadAccess({
    kubeconfig,
    allowExec: true,
    ...(context === undefined ? {} : { context }),
  })
  const raw = createHttpClient({ origin: access.origin, tls: access.tls, headers: access.headers })
  const http: HttpClient = {
    ...raw,
    request: (request) => raw.request({ ...request, path: `${access.basePath ?? ''}${request.path}` }),
  }
  const userAgent = `antrea-nsx-adapter/${VERSION}`
  const kube = createKubeClient({ http, gate: OPEN_GATE, clock, log: SILENT, userAgent })
  const objects = onboardingObjects(namespace)
  const leases = (signal: AbortSignal) => instanceLeases(kube, namespace, signal)
  return {
    access,
    secret: createIdentitySecret(kube, namespace),
    uid: (signal) => readClusterUid(kube, signal),
    infraType: async (signal) => infraTypeOf(await kube.list(RESOURCES.nodes, undefined, signal)),
    missing: (signal) => missingObjects(kube, objects, signal),
    apply: (object, signal) => applyObject(kube, object, signal),
    present: (signal) => presentObjects(kube, objects, signal),
    remove: (object, signal) => deleteObject(kube, object, signal),
    token: (signal) => requestToken(http, clock, { namespace, name: SERVICE_ACCOUNT }, signal),
    awaitInstances: (fingerprint, signal) => awaitInstances(() => leases(signal), fingerprint, clock, signal),
    async running(signal) {
      const before = new Map((await leases(signal)).map((lease) => [lease.metadata.name, versionOf(lease)]))
      if (before.size === 0) return []
      await sleep(clock, INSTANCE_LOOK_MS, signal)
      return (await leases(signal))
        .filter((lease) => before.get(lease.metadata.name) !== versionOf(lease))
        .map(instanceOf)
    },
    leases,
    owned: (clusterId, signal) => ownedObjects(kube, clusterId, signal),
    deleteOwned: ({ resource, object }, signal) => kube.delete(RESOURCES[resource], object, { signal }),
    async deleteLeases(signal) {
      const all = await kube.list<Lease>(RESOURCES.leases, namespace, signal)
      for (const lease of all.filter(isAdapters)) await kube.delete(RESOURCES.leases, lease, { signal })
    },
    close: () => raw.close(),
  }
}

const versionOf = ({ metadata }: Lease) => metadata.resourceVersion
const instanceOf = ({ spec, metadata }: Lease): string => spec?.holderIdentity ?? metadata.name

/** The leader's, and those that stand for it. */
const isAdapters = ({ metadata }: Lease): boolean =>
  metadata.annotations?.[STANDS_FOR] !== undefined || /^antrea-nsx-adapter(-observe)?$/.test(metadata.name)

/** Of every process, also of those that only observe. */
const instanceLeases = async (
  kube: KubeClient,
  namespace: string,
  signal: AbortSignal,
): Promise<readonly Lease[]> =>
  (await kube.list<Lease>(RESOURCES.leases, namespace, signal)).filter(
    ({ metadata }) => metadata.annotations?.[STANDS_FOR] !== undefined,
  )

async function awaitInstances(
  leases: () => Promise<readonly Lease[]>,
  fingerprint: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const endMs = clock.monotonicMs() + REGISTRATION_INSTANCES_MS
  for (;;) {
    const others = (await leases()).filter(
      ({ metadata }) => metadata.annotations?.[CERTIFICATE_SHA256] !== fingerprint,
    )
    if (others.length === 0) return
    if (clock.monotonicMs() >= endMs)
      throw notShown(
        others.map((lease) => ({ holder: instanceOf(lease), renewed: lease.spec?.renewTime ?? 'never' })),
      )
    await sleep(clock, REGISTRATION_INSTANCES_PERIOD_MS, signal)
  }
}

export const notShown = (
  others: readonly { readonly holder: string; readonly renewed: string | undefined }[],
) =>
  waitFor(
    'REGISTRATION_INSTANCES',
    `the new certificate is in force, and the old one stays in NSX: not every instance shows the new one in its Lease (${others
      .map(({ holder, renewed }) => (renewed === undefined ? holder : `${holder}, last renewed ${renewed}`))
      .join(
        '; ',
      )}). See that identity.secret is set on its node and that it may read the Secret, or stop it; its Lease goes when it stops, or is deleted by hand where it was killed. Then run rotate again: it goes on`,
  )

async function ownedObjects(
  kube: KubeClient,
  clusterId: string,
  signal: AbortSignal,
): Promise<readonly OwnedObject[]> {
  const found: OwnedObject[] = []
  // Policies first: a group that a policy names is not taken from under it.
  for (const resource of ['clusterNetworkPolicies', 'clusterGroups'] as const) {
    try {
      for (const object of await kube.list(RESOURCES[resource], undefined, signal))
        if (ownershipOf(object, clusterId) === 'ours') found.push({ resource, object })
    } catch (thrown) {
      // No Antrea, no objects of it.
      if (asAdapterError(thrown).code !== 'KUBE_NOT_FOUND') throw thrown
    }
  }
  return found
}

export const nameOfObject = nameOf
