/** From what NSX has and what is kept to the steps that are missing. Pure: the same input gives the same steps. */
import { fingerprintOf } from './certificate.ts'
import type { RegistrationRecord } from './record.ts'
import type { ObservedCertificate, ObservedIdentity, ObservedNsx, Plan, Step, Which, Wish } from './types.ts'

/** Stands for the fingerprint of a certificate that is not made yet. */
const NOT_MADE = 'not made yet'

type Wanted = readonly (readonly [Which, string])[]

/** The certificates of a record that NSX must take, oldest first. */
function wantedOf(record: RegistrationRecord | undefined): Wanted {
  if (record === undefined) return [['shown', NOT_MADE]]
  return [
    ...(record.previousCert === undefined
      ? []
      : ([['previous', fingerprintOf(record.previousCert)]] as const)),
    ['shown', fingerprintOf(record.shown.cert)] as const,
    ...(record.next === undefined ? [] : ([['next', fingerprintOf(record.next.cert)]] as const)),
  ]
}

const prints = (wanted: Wanted): readonly string[] => wanted.map(([, print]) => print)

const ownIdentities = (observed: ObservedNsx, wish: Wish, wanted: Wanted): readonly ObservedIdentity[] =>
  observed.identities.filter(
    (one) => isOwn(one, wish) || (one.fingerprint !== undefined && prints(wanted).includes(one.fingerprint)),
  )

/**
 * Its name and node_id are such as registration gives. An identity that a person made under the cluster's name has a node_id
 * of its own, and is left alone.
 */
export function isNamedLike({ name, nodeId }: ObservedIdentity, { clusterName }: Wish): boolean {
  const number = nodeId.slice(name.length)
  return name === clusterName && nodeId.startsWith(name) && (number === '' || /^-[1-9]\d*$/.test(number))
}

/** And no tag says that it is another cluster's. */
const isOwn = (one: ObservedIdentity, wish: Wish): boolean =>
  isNamedLike(one, wish) &&
  (wish.takesOver ||
    one.clusterUid === undefined ||
    wish.clusterUid === undefined ||
    one.clusterUid === wish.clusterUid)

/** Everything that a registered cluster has, made where it is missing; what it no longer has a use for goes last. */
export function planRegister(
  observed: ObservedNsx,
  record: RegistrationRecord | undefined,
  wish: Wish,
): Plan {
  const wanted = wantedOf(record)
  const cp = observed.controlPlanes.find(({ name }) => name === wish.clusterName)
  const clusterId = cp?.nodeId ?? wish.clusterId ?? record?.clusterId
  const admitting = admitSteps(observed, wish, wanted)
  const inNsx: Step[] = [
    ...identitySteps(observed, wish, wanted),
    ...admitting,
    ...(cp !== undefined && admitting.length === 0 && isOtherUid(cp, wish)
      ? [{ kind: 'put-control-plane', which: wanted.map(([which]) => which), isNew: false } as const]
      : []),
    ...(clusterId !== undefined && observed.clusterRecords.some((one) => one.clusterId === clusterId)
      ? []
      : [{ kind: 'create-cluster-record' } as const]),
  ]
  return {
    steps: [
      ...(record === undefined ? [{ kind: 'keep-new-key' } as const] : []),
      ...inNsx,
      ...(record?.clusterId === undefined || record.clusterId !== clusterId || isOtherUid(record, wish)
        ? [{ kind: 'keep-cluster-id' } as const]
        : []),
      ...(inNsx.length > 0 ? [{ kind: 'check-identity' } as const] : []),
      ...dismissSteps(observed, wish, wanted),
    ],
  }
}

/** The tag and the record say whose it is: so it is known again when what is kept here is lost. */
const isOtherUid = ({ clusterUid }: { readonly clusterUid: string | undefined }, wish: Wish): boolean =>
  wish.clusterUid !== undefined && clusterUid !== wish.clusterUid

/**
 * A new certificate beside the old one, then in its place, then alone. Where one was begun it is gone on with. No moment is
 * without a certificate that NSX takes: the old one goes only after `await-instances`.
 */
export function planRotate(observed: ObservedNsx, record: RegistrationRecord, wish: Wish): Plan {
  const steps: Step[] = []
  const shown = fingerprintOf(record.shown.cert)
  const isSwitched = record.previousCert !== undefined
  const next = record.next === undefined ? NOT_MADE : fingerprintOf(record.next.cert)
  const after: Wanted = [['shown', isSwitched ? shown : next]]
  if (isSwitched) {
    steps.push(...identitySteps(observed, wish, after), ...admitSteps(observed, wish, after))
  } else {
    const both: Wanted = [
      ['shown', shown],
      ['next', next],
    ]
    if (record.next === undefined) steps.push({ kind: 'keep-next' })
    steps.push(
      // An identity for the old one is not made anew: it goes.
      ...identitySteps(observed, wish, [['next', next]]),
      ...admitSteps(observed, wish, both),
      { kind: 'check-identity' },
      { kind: 'show-next' },
    )
  }
  steps.push({ kind: 'await-instances' })
  const then = isSwitched ? observed : withNext(observed, wish, shown, next)
  steps.push(...dismissSteps(then, wish, after), { kind: 'forget-previous' })
  return { steps }
}

/** NSX after the first half of a rotation, as far as the second half asks. */
const withNext = (observed: ObservedNsx, wish: Wish, shown: string, next: string): ObservedNsx => ({
  ...observed,
  controlPlanes: observed.controlPlanes.map((one) =>
    one.name === wish.clusterName ? { ...one, fingerprints: [shown, next] } : one,
  ),
})

/**
 * Away with all of it, in the order that NSX needs: first the control plane, so that nothing of the cluster is served any
 * more; the identity before its certificate, which NSX keeps while it is used (KB 386744); the inventory last, for a
 * running adapter would enter the cluster into it again.
 */
export function planDeregister(
  observed: ObservedNsx,
  record: RegistrationRecord | undefined,
  wish: Wish,
): Plan {
  const wanted = record === undefined ? [] : wantedOf(record)
  const cp = observed.controlPlanes.find(({ name }) => name === wish.clusterName)
  const clusterIds = new Set(
    [cp?.nodeId, record?.clusterId, wish.clusterId].filter((id): id is string => id !== undefined),
  )
  const going = ownIdentities(observed, wish, wanted)
  const certificates = observed.certificates.filter(
    (one) => prints(wanted).includes(one.fingerprint) || isLeftBy(one, observed, wish, going),
  )
  return {
    steps: [
      ...(cp === undefined ? [] : [{ kind: 'delete-control-plane' } as const]),
      ...going.map(deleteIdentity),
      ...certificates.map(({ id, fingerprint }): Step => ({ kind: 'delete-certificate', id, fingerprint })),
      ...observed.clusterRecords
        .filter(
          (one) =>
            clusterIds.has(one.clusterId) ||
            // Left by an earlier run that was stopped, when nobody knows its id any more.
            (one.name === wish.clusterName &&
              !observed.controlPlanes.some(({ nodeId }) => nodeId === one.clusterId)),
        )
        .map(({ clusterId }): Step => ({ kind: 'delete-cluster-record', clusterId })),
    ],
  }
}

const deleteIdentity = ({ id, nodeId }: ObservedIdentity): Step => ({ kind: 'delete-identity', id, nodeId })

/** A principal identity for each certificate: one identity has one, and two are needed while a certificate is renewed. */
function identitySteps(observed: ObservedNsx, wish: Wish, wanted: Wanted): Step[] {
  const taken = new Set(
    observed.identities.filter(({ name }) => name === wish.clusterName).map(({ nodeId }) => nodeId),
  )
  return wanted.flatMap(([which, print]): Step[] => {
    // NSX forgets what was shown before, and never learns it again.
    if (which === 'previous') return []
    const found = observed.identities.find(({ fingerprint }) => fingerprint === print)
    if (found !== undefined && hasRoles(found, wish)) return []
    const nodeId = found?.nodeId ?? freeNodeId(wish.clusterName, taken)
    taken.add(nodeId)
    const certificateId = observed.certificates.find(({ fingerprint }) => fingerprint === print)?.id
    return [
      ...(found === undefined ? [] : [deleteIdentity(found)]),
      {
        kind: 'create-identity',
        which,
        nodeId,
        ...(certificateId === undefined ? {} : { certificateId }),
      },
    ]
  })
}

const hasRoles = ({ roles }: ObservedIdentity, wish: Wish): boolean =>
  wish.roles === undefined ||
  (wish.roles.length === roles.length && wish.roles.every((role) => roles.includes(role)))

/** Name and node_id together are unique in NSX. The first identity's node_id is the cluster's name, as the product has it. */
function freeNodeId(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name
  let number = 2
  while (taken.has(`${name}-${number}`)) number += 1
  return `${name}-${number}`
}

/** The control plane takes these certificates, and keeps what it took of ours until `dismissSteps`. */
function admitSteps(observed: ObservedNsx, wish: Wish, wanted: Wanted): Step[] {
  const cp = observed.controlPlanes.find(({ name }) => name === wish.clusterName)
  const needed = wanted.filter(([which]) => which !== 'previous')
  if (cp !== undefined && needed.every(([, print]) => cp.fingerprints.includes(print))) return []
  return [{ kind: 'put-control-plane', which: wanted.map(([which]) => which), isNew: cp === undefined }]
}

/** What of this cluster's is there beside the certificates wanted: taken out of the control plane first, then the identity, then its certificate. */
function dismissSteps(observed: ObservedNsx, wish: Wish, wanted: Wanted): Step[] {
  const keep = prints(wanted)
  const cp = observed.controlPlanes.find(({ name }) => name === wish.clusterName)
  const isAdmitting = cp !== undefined && admitSteps(observed, wish, wanted).length > 0
  const going = observed.identities.filter(
    (one) => isOwn(one, wish) && !(one.fingerprint !== undefined && keep.includes(one.fingerprint)),
  )
  const certificates = observed.certificates.filter(
    (one) => !keep.includes(one.fingerprint) && isLeftBy(one, observed, wish, going),
  )
  return [
    ...(cp !== undefined && !isAdmitting && cp.fingerprints.some((print) => !keep.includes(print))
      ? [{ kind: 'put-control-plane', which: wanted.map(([which]) => which), isNew: false } as const]
      : []),
    ...going.map(deleteIdentity),
    ...certificates.map(({ id, fingerprint }): Step => ({ kind: 'delete-certificate', id, fingerprint })),
  ]
}

/** Of an identity that goes, or of this cluster's name and nobody's: what an earlier run that was stopped left. */
const isLeftBy = (
  { id, commonName }: ObservedCertificate,
  { identities }: ObservedNsx,
  { clusterName }: Wish,
  going: readonly ObservedIdentity[],
): boolean =>
  going.some(({ certificateId }) => certificateId === id) ||
  (commonName === clusterName && !identities.some(({ certificateId }) => certificateId === id))
