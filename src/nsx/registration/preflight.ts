/** What stands against a registration, each with what to do: looked at before anything is changed. Pure. */
import { REGISTRATION_CLOCK_MS } from '../../limits.ts'
import { certificatesIn, factsOf } from './certificate.ts'
import { isNamedLike } from './plan.ts'
import type { RegistrationRecord } from './record.ts'
import type { ObservedControlPlane, ObservedNsx, Refusal, Wish } from './types.ts'

/** NSX's rule for names of principal identities, which are the names of clusters too (PrincipalIdentityWithCertificate). */
const NAME = /^[a-zA-Z0-9]+([-._]?[a-zA-Z0-9]+)*$/

/** Of the wish alone, before NSX is asked. */
export function checkWish({ clusterName, roles }: Wish): readonly Refusal[] {
  const wrongRole = roles?.find((role) => !/^[_a-z0-9-]{1,255}$/.test(role))
  return [
    ...(clusterName.length <= 200 && NAME.test(clusterName)
      ? []
      : [
          {
            code: 'REGISTRATION_NAME',
            message: `the cluster's name "${clusterName}" cannot be one in NSX: use up to 200 letters and digits, with single - . or _ between them`,
          },
        ]),
    ...(wrongRole === undefined
      ? []
      : [
          {
            code: 'REGISTRATION_ROLE',
            message: `"${wrongRole}" cannot be a role of NSX: roles are lower-case letters, digits, - and _, for example enterprise_admin`,
          },
        ]),
  ]
}

/** Everything that stands against it, the gravest first; empty: go on. */
export function preflight(
  observed: ObservedNsx,
  record: RegistrationRecord | undefined,
  wish: Wish,
  nowMs: number,
): readonly Refusal[] {
  return [
    ...clock(observed),
    ...identity(record, wish, nowMs),
    ...certificateUse(observed, record, wish),
    ...nameTaken(observed, record, wish),
    ...nodeId(observed, record, wish),
  ]
}

/** Each side's own clock decides whether the other's certificate is valid. */
export function clock({ aheadMs }: ObservedNsx): readonly Refusal[] {
  if (aheadMs === undefined || Math.abs(aheadMs) <= REGISTRATION_CLOCK_MS) return []
  const seconds = Math.round(Math.abs(aheadMs) / 1_000)
  return [
    {
      code: 'REGISTRATION_CLOCK',
      message: `the clock of NSX is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} this machine's; over ${REGISTRATION_CLOCK_MS / 1_000} s certificates are taken for not yet valid or for expired. Set both by NTP, then run this again`,
    },
  ]
}

function identity(
  record: RegistrationRecord | undefined,
  { clusterName, clusterUid, takesOver }: Wish,
  nowMs: number,
): readonly Refusal[] {
  if (record === undefined) return []
  const refusals: Refusal[] = []
  const { commonName, notAfterMs } = factsOf(record.shown.cert)
  if (record.clusterName !== clusterName || commonName !== clusterName)
    refusals.push({
      code: 'REGISTRATION_OTHER_CLUSTER',
      message: `the identity that is kept here is that of the cluster ${record.clusterName} (CN=${commonName}), not of ${clusterName}. NSX takes a certificate for one cluster only: register with --cluster-name ${record.clusterName}, or, when this machine or namespace was copied from another cluster's, take its identity away and register again`,
    })
  const isOtherCluster =
    record.clusterUid !== undefined && clusterUid !== undefined && record.clusterUid !== clusterUid
  if (isOtherCluster && !takesOver)
    refusals.push({
      code: 'REGISTRATION_OTHER_CLUSTER',
      message: `the identity that is kept here is that of another Kubernetes cluster (its namespace kube-system has the uid ${record.clusterUid}, here it is ${clusterUid}). Was the cluster built anew, or its state copied? Built anew: run register with --take-over. Copied: delete the Secret here and register under another name`,
    })
  if (notAfterMs <= nowMs)
    refusals.push({
      code: 'REGISTRATION_EXPIRED',
      message: `the certificate that is kept here ended on ${dayOf(notAfterMs)}; renew it with rotate`,
    })
  return refusals
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

const printsOf = (record: RegistrationRecord | undefined): readonly string[] =>
  record === undefined
    ? []
    : [record.shown.cert, record.next?.cert, record.previousCert].flatMap((pem) =>
        certificatesIn(pem).map(({ fingerprint }) => fingerprint),
      )

/** NSX refuses one that another control plane has, and answers badly after (KB 345885). */
function certificateUse(
  observed: ObservedNsx,
  record: RegistrationRecord | undefined,
  { clusterName }: Wish,
): readonly Refusal[] {
  const ours = printsOf(record)
  const users = [
    ...observed.controlPlanes
      .filter(
        ({ name, fingerprints }) => name !== clusterName && fingerprints.some((one) => ours.includes(one)),
      )
      .map(({ name }) => `the cluster ${name}`),
    ...observed.identities
      .filter(({ name, fingerprint }) => name !== clusterName && ours.includes(fingerprint ?? ''))
      .map(({ name, nodeId: node }) => `the principal identity ${name} (node_id ${node})`),
  ]
  if (users.length === 0) return []
  return [
    {
      code: 'REGISTRATION_CERTIFICATE_USED',
      message: `the certificate that is kept here (SHA-256 ${ours[0]}) is in use in NSX by ${users.join(' and ')}; NSX takes a certificate for one cluster only. Take the identity that is kept here away and register again: a new key is made. Or deregister ${users.length === 1 ? 'that one' : 'those'} first`,
    },
  ]
}

const isOurs = (
  cp: Pick<ObservedControlPlane, 'nodeId' | 'fingerprints' | 'clusterUid'>,
  record: RegistrationRecord | undefined,
  wish: Wish,
): boolean =>
  wish.takesOver ||
  cp.nodeId === wish.clusterId ||
  cp.nodeId === record?.clusterId ||
  (cp.clusterUid !== undefined && cp.clusterUid === wish.clusterUid) ||
  cp.fingerprints.some((print) => printsOf(record).includes(print))

function nameTaken(
  observed: ObservedNsx,
  record: RegistrationRecord | undefined,
  wish: Wish,
): readonly Refusal[] {
  const { clusterName } = wish
  const cp = observed.controlPlanes.find(({ name }) => name === clusterName)
  const words = `Choose another --cluster-name. If it is this very cluster, whose identity was lost, say so with --take-over: its node_id is kept, and with it its policies`
  if (cp !== undefined && !cp.isAntrea)
    return [
      {
        code: 'REGISTRATION_NAME_TAKEN',
        message: `NSX has ${clusterName} for bare-metal servers, not for a cluster. Choose another --cluster-name`,
      },
    ]
  if (cp !== undefined)
    return isOurs(cp, record, wish)
      ? []
      : [
          {
            code: 'REGISTRATION_NAME_TAKEN',
            message: `NSX has a cluster ${clusterName} already (node_id ${cp.nodeId}), with another certificate than is kept here. ${words}`,
          },
        ]
  const stranger = observed.identities.find(
    (one) =>
      isNamedLike(one, wish) &&
      !isOurs(
        {
          nodeId: '',
          fingerprints: one.fingerprint === undefined ? [] : [one.fingerprint],
          clusterUid: one.clusterUid,
        },
        record,
        wish,
      ) &&
      // Ours has the record's cluster and lost its certificate.
      record?.clusterId === undefined,
  )
  if (stranger === undefined) return []
  return [
    {
      code: 'REGISTRATION_NAME_TAKEN',
      message: `NSX has a principal identity ${clusterName} already (id ${stranger.id}), with another certificate than is kept here. ${words}`,
    },
  ]
}

/**
 * Against a deregistration: what has the name in NSX is another cluster's. Where nothing is known of this one, a person's word
 * is all there is.
 */
export function deregisterRefusals(
  observed: ObservedNsx,
  record: RegistrationRecord | undefined,
  wish: Wish,
): readonly Refusal[] {
  const cp = observed.controlPlanes.find(({ name }) => name === wish.clusterName)
  const isKnown = record !== undefined || wish.clusterUid !== undefined
  if (cp === undefined || !isKnown || isOurs(cp, record, wish)) return []
  return [
    {
      code: 'REGISTRATION_NAME_TAKEN',
      message: `what NSX has as ${wish.clusterName} (node_id ${cp.nodeId}) does not look like this cluster: another certificate, another node_id, another uid. If it is this one's all the same, say so with --cluster-id ${cp.nodeId}; to take that one out of NSX and touch nothing here, run deregister --cluster-gone --cluster-name ${wish.clusterName} on a machine that keeps no identity`,
    },
  ]
}

/** Policies in NSX and objects in the cluster are bound to the node_id: it is never changed silently. */
function nodeId(
  observed: ObservedNsx,
  record: RegistrationRecord | undefined,
  { clusterName, clusterId, takesOver }: Wish,
): readonly Refusal[] {
  const wanted = clusterId ?? record?.clusterId
  if (wanted === undefined) return []
  const refuse = (message: string): readonly Refusal[] => [{ code: 'REGISTRATION_NODE_ID', message }]
  const other = observed.controlPlanes.find(({ name, nodeId: id }) => id === wanted && name !== clusterName)
  if (other !== undefined)
    return refuse(
      `the node_id ${wanted} is that of the cluster ${other.name} in NSX: register with --cluster-name ${other.name}, or deregister that one first`,
    )
  const cp = observed.controlPlanes.find(({ name }) => name === clusterName)
  if (cp === undefined || cp.nodeId === wanted || (takesOver && clusterId === undefined)) return []
  return refuse(
    `NSX has ${clusterName} with the node_id ${cp.nodeId}, but here it is ${wanted}. NSX never changes it: to have ${wanted} again, run deregister --cluster-gone --cluster-name ${clusterName} and register; to go on with that of NSX, register with --cluster-id ${cp.nodeId}, and set cluster.id in config.yaml`,
  )
}
