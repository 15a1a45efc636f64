/** Does the steps of a plan, one function a kind. Every step can be done again: whoever was stopped begins anew from what is there. */
import { type AdapterError, asAdapterError, needsPerson } from '../../errors.ts'
import { REGISTRATION_CHECK_MS, REGISTRATION_CHECK_PERIOD_MS } from '../../limits.ts'
import { type Clock, sleep } from '../../world/index.ts'
import { clusterRecordOf } from '../cluster-record.ts'
import type { NsxApi } from '../contract.ts'
import { fingerprintOf, type KeyPair } from './certificate.ts'
import { explained, isBadLogin, PATHS } from './observe.ts'
import type { RecordStore, RegistrationRecord } from './record.ts'
import {
  LEAST_ROLES,
  type MakeKeyPair,
  type Plan,
  type Step,
  UID_SCOPE,
  type Which,
  type Wish,
} from './types.ts'

export interface ApplyDeps {
  /** With an administrator's credentials. */
  readonly nsx: NsxApi
  /** The manager as this certificate sees it; `use` gets it, and it is closed after. */
  readonly withCertificate: <T>(pair: KeyPair, use: (nsx: NsxApi) => Promise<T>) => Promise<T>
  readonly store: RecordStore
  readonly make: MakeKeyPair
  readonly wish: Wish
  /** Where NSX is, for a new record. */
  readonly nsxAt: Pick<RegistrationRecord, 'urls' | 'caPem' | 'thumbprints' | 'proxy'>
  /** infra_type of the cluster's record. */
  readonly infraType: () => Promise<string>
  /** Resolves when every instance shows this certificate; rejects with whose does not. */
  readonly awaitInstances: (fingerprint: string, signal: AbortSignal) => Promise<void>
  /** A step of the cluster or of this machine. */
  readonly place: (id: string, signal: AbortSignal) => Promise<void>
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Before each step is done. */
  readonly onStep?: (step: Step) => void
}

interface Run extends ApplyDeps {
  record: RegistrationRecord | undefined
}

/** Rejects with what stopped it; the steps before are done. */
export async function applyPlan(plan: Plan, deps: ApplyDeps): Promise<void> {
  const run: Run = { ...deps, record: await deps.store.load() }
  for (const step of plan.steps) {
    deps.signal.throwIfAborted()
    deps.onStep?.(step)
    await applyStep(run, step)
  }
}

const applyStep = <S extends Step>(run: Run, step: S): Promise<void> =>
  (TABLE[step.kind] as (run: Run, step: S) => Promise<void>)(run, step)

type Table = { readonly [K in Step['kind']]: (run: Run, step: Extract<Step, { kind: K }>) => Promise<void> }

const TABLE: Table = {
  'keep-new-key': async (run) => {
    const { wish, nsxAt } = run
    await keep(run, {
      clusterName: wish.clusterName,
      clusterId: wish.clusterId,
      clusterUid: wish.clusterUid,
      ...nsxAt,
      shown: await run.make(wish.clusterName),
      next: undefined,
      previousCert: undefined,
    })
  },
  'keep-next': async (run) => keep(run, { ...recordOf(run), next: await run.make(run.wish.clusterName) }),
  'create-identity': createIdentity,
  'put-control-plane': putControlPlane,
  'create-cluster-record': async (run) => {
    const clusterId = await clusterIdOf(run)
    const infraType = await run.infraType()
    const body = clusterRecordOf({ clusterId, clusterName: run.wish.clusterName, infraType })
    await write(run, 'POST', PATHS.clusterRecords, body)
  },
  'keep-cluster-id': async (run) => {
    const clusterId = await clusterIdOf(run)
    const record = recordOf(run)
    await keep(run, { ...record, clusterId, clusterUid: run.wish.clusterUid ?? record.clusterUid })
  },
  'check-identity': checkIdentity,
  'show-next': async (run) => {
    const { next, shown, ...rest } = recordOf(run)
    if (next !== undefined)
      await keep(run, { ...rest, shown: next, next: undefined, previousCert: shown.cert })
  },
  'await-instances': async (run) => run.awaitInstances(printOf(run, 'shown'), run.signal),
  'forget-previous': async (run) => {
    const record = recordOf(run)
    if (record.previousCert !== undefined) await keep(run, { ...record, previousCert: undefined })
  },
  'delete-control-plane': async (run) =>
    remove(run, `${PATHS.controlPlanes}/${encodeURIComponent(run.wish.clusterName)}?cascade=true`),
  'delete-identity': async (run, { id }) => remove(run, `${PATHS.identities}/${encodeURIComponent(id)}`),
  'delete-certificate': async (run, { id }) => remove(run, `${PATHS.certificates}/${encodeURIComponent(id)}`),
  'delete-cluster-record': async (run, { clusterId }) =>
    remove(run, `${PATHS.clusterRecords}/${encodeURIComponent(clusterId)}`),
  'forget-identity': async (run) => {
    await run.store.remove()
    run.record = undefined
  },
  place: (run, { id }) => run.place(id, run.signal),
}

async function keep(run: Run, record: RegistrationRecord): Promise<void> {
  await run.store.save(record)
  run.record = record
}

function recordOf(run: Run): RegistrationRecord {
  if (run.record === undefined)
    throw needsPerson(
      'REGISTRATION_NO_IDENTITY',
      `${run.store.where} holds no identity of a cluster; run register first`,
    )
  return run.record
}

function pemOf(run: Run, which: Which): string {
  const record = recordOf(run)
  const pem = { previous: record.previousCert, shown: record.shown.cert, next: record.next?.cert }[which]
  if (pem === undefined)
    throw needsPerson('REGISTRATION_IDENTITY', `${run.store.where} changed meanwhile; run this again`)
  return pem
}

const printOf = (run: Run, which: Which): string => fingerprintOf(pemOf(run, which))

// ---- NSX

type Fields = Record<string, unknown>

const asked = async <T>(run: Run, work: Promise<T>): Promise<T> => {
  try {
    return await work
  } catch (thrown) {
    throw explained(thrown, run.nsx.origin)
  }
}

/** Objects of a protected identity are written with it alone (`_protection` REQUIRE_OVERRIDE); everybody else's take it, too. */
const OVERWRITE = { 'x-allow-overwrite': 'true' }

const write = <T = unknown>(run: Run, method: 'POST' | 'PUT', path: string, body: unknown): Promise<T> =>
  asked(run, run.nsx.call<T>({ method, path, body, headers: OVERWRITE, signal: run.signal }))

/** Gone already is as good. */
async function remove(run: Run, path: string): Promise<void> {
  try {
    await asked(run, run.nsx.call({ method: 'DELETE', path, headers: OVERWRITE, signal: run.signal }))
  } catch (thrown) {
    if (asAdapterError(thrown).code !== 'NSX_NOT_FOUND') throw thrown
  }
}

const tagsOf = ({ clusterUid }: Wish) =>
  clusterUid === undefined ? [] : [{ scope: UID_SCOPE, tag: clusterUid }]

type IdentityStep = Extract<Step, { kind: 'create-identity' }>

/** With the certificate in one call, or for one that NSX has, which it would not take twice. */
async function createIdentity(run: Run, { which, nodeId, certificateId }: IdentityStep): Promise<void> {
  const { clusterName, roles = LEAST_ROLES } = run.wish
  const body = {
    name: clusterName,
    node_id: nodeId,
    display_name: clusterName,
    is_protected: false,
    roles_for_paths: [{ path: '/', roles: roles.map((role) => ({ role })) }],
    tags: tagsOf(run.wish),
  }
  if (certificateId !== undefined)
    await write(run, 'POST', PATHS.identities, { ...body, certificate_id: certificateId })
  else
    await write(run, 'POST', `${PATHS.identities}/with-certificate`, {
      ...body,
      certificate_pem: pemOf(run, which),
    })
}

const controlPlanePath = ({ wish }: Run): string =>
  `${PATHS.controlPlanes}/${encodeURIComponent(wish.clusterName)}`

async function readControlPlane(run: Run): Promise<Fields | undefined> {
  try {
    return await asked(
      run,
      run.nsx.call<Fields>({ method: 'GET', path: controlPlanePath(run), signal: run.signal }),
    )
  } catch (thrown) {
    if (asAdapterError(thrown).code === 'NSX_NOT_FOUND') return undefined
    throw thrown
  }
}

type ControlPlaneStep = Extract<Step, { kind: 'put-control-plane' }>

/**
 * PUT of the whole object with the revision it has. A manager that keeps one certificate only is given the newest: there it
 * is the identities alone by which clusters are known, and both of them are there.
 */
async function putControlPlane(run: Run, { which }: ControlPlaneStep): Promise<void> {
  const put = async (pems: readonly string[]): Promise<unknown> => {
    const before = await readControlPlane(run)
    const clusterId = run.record?.clusterId ?? run.wish.clusterId
    const tags = (before?.['tags'] as readonly { scope?: string }[] | undefined) ?? []
    return write(run, 'PUT', controlPlanePath(run), {
      resource_type: 'AntreaClusterControlPlane',
      display_name: run.wish.clusterName,
      ...(clusterId === undefined ? {} : { node_id: clusterId }),
      ...before,
      tags: [...tags.filter(({ scope }) => scope !== UID_SCOPE), ...tagsOf(run.wish)],
      certificate: pems.map((pem) => pem.trim()).join('\n'),
    })
  }
  const pems = which.map((one) => pemOf(run, one))
  try {
    await put(pems)
  } catch (thrown) {
    const { code, kind } = asAdapterError(thrown)
    if (code === 'NSX_REVISION' || code === 'NSX_CONFLICT') await put(pems)
    else if (pems.length > 1 && code === 'NSX_BAD_REQUEST' && kind === 'needs-person')
      await put(pems.slice(-1))
    else throw thrown
  }
}

async function clusterIdOf(run: Run): Promise<string> {
  const found = (await readControlPlane(run))?.['node_id']
  if (typeof found === 'string' && found !== '') return found
  throw needsPerson(
    'REGISTRATION_NODE_ID',
    `NSX shows no node_id for the cluster control plane ${run.wish.clusterName}; run register again, and look at it in NSX if it lasts`,
  )
}

/** With the certificate alone: it reads what the adapter reads, and writes the inventory, which is what a role may lack. */
async function checkIdentity(run: Run): Promise<void> {
  const record = recordOf(run)
  const pair = record.next ?? record.shown
  const clusterId = await clusterIdOf(run)
  await run.withCertificate(pair, async (nsx) => {
    const ask = (method: 'GET' | 'POST', path: string, body?: unknown) =>
      nsx.call({ method, path, signal: run.signal, ...(body === undefined ? {} : { body }) })
    const asks = [
      ['read cluster control planes', () => ask('GET', controlPlanePath(run))],
      [
        'read policies',
        () => ask('GET', '/policy/api/v1/infra/domains/default/security-policies?page_size=1'),
      ],
      ['read the inventory', () => ask('GET', `${PATHS.clusterRecords}/${encodeURIComponent(clusterId)}`)],
      [
        'write the inventory',
        () =>
          ask('POST', `/api/v1/inventory/container/${encodeURIComponent(clusterId)}?action=updates`, {
            container_inventory_objects: [
              {
                object_update_type: 'DELETE',
                container_object: {
                  resource_type: 'ContainerApplicationInstance',
                  external_id: `${clusterId}-never-there`,
                },
              },
            ],
          }),
      ],
    ] as const
    for (const [what, asking] of asks) await patiently(run, what, asking)
  })
}

/** An identity that is new may not be known to all managers yet. */
async function patiently(run: Run, what: string, asking: () => Promise<unknown>): Promise<void> {
  const endMs = run.clock.monotonicMs() + REGISTRATION_CHECK_MS
  for (;;) {
    try {
      await asking()
      return
    } catch (thrown) {
      const error = asAdapterError(thrown)
      const isUnknown = isBadLogin(error)
      // It was let in: what it asked for is another matter.
      if (error.code === 'NSX_NOT_FOUND' || error.code === 'NSX_BAD_REQUEST') return
      if (!isUnknown && error.code !== 'NSX_FORBIDDEN') throw explained(error, run.nsx.origin)
      if (!isUnknown || run.clock.monotonicMs() >= endMs) throw lacking(run, what, error)
      await sleep(run.clock, REGISTRATION_CHECK_PERIOD_MS, run.signal)
    }
  }
}

const lacking = ({ wish }: Run, what: string, error: AdapterError): AdapterError =>
  isBadLogin(error)
    ? needsPerson(
        'REGISTRATION_NOT_TAKEN',
        `NSX does not take the certificate of ${wish.clusterName} (${error.message}). Is the principal identity there, and is a proxy that ends TLS between? Run register again`,
        { cause: error },
      )
    : needsPerson(
        'REGISTRATION_ROLE',
        `the principal identity ${wish.clusterName} may not ${what}: its role is too small (${(wish.roles ?? LEAST_ROLES).join(', ')}). Run register again with --role enterprise_admin, or with a role of your own that may`,
        { cause: error },
      )
