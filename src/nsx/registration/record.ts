/** What is kept of a registration: the identity, and how far a rotation of its certificate is. In a Secret, or in files. */
import { z } from 'zod'
import { needsPerson } from '../../errors.ts'
import { factsOf, isPair, type KeyPair } from './certificate.ts'

export interface RegistrationRecord {
  readonly clusterName: string
  /** node_id of the cluster-control-plane; undefined until NSX gave it. Kept for ever: policies in NSX and objects in the cluster are its. */
  readonly clusterId: string | undefined
  /** uid of the namespace kube-system, where it is known: whose registration it is. */
  readonly clusterUid: string | undefined
  readonly urls: readonly string[]
  /** PEM of the manager's authority; undefined: the system's roots, or a thumbprint. */
  readonly caPem: string | undefined
  readonly thumbprints: readonly string[]
  /** URL of the HTTP proxy that connects to it. */
  readonly proxy: string | undefined
  /** Shown to NSX by every instance. */
  readonly shown: KeyPair
  /** Of a rotation: made, and not shown before NSX takes it. */
  readonly next: KeyPair | undefined
  /** Of a rotation: PEM of what was shown before, until nobody shows it and NSX has forgotten it. */
  readonly previousCert: string | undefined
}

/** As it is kept: names of entries (of a Secret, or of files) and their texts. */
export type Kept = Readonly<Record<string, string>>

/** Where a record is kept. */
export interface RecordStore {
  /** For people: `the Secret …`, `the folder …`. */
  readonly where: string
  /** undefined where nothing is kept. Throws REGISTRATION_IDENTITY for what cannot be used. */
  load(): Promise<RegistrationRecord | undefined>
  /** Whole or not at all. Rejects when it was changed by somebody else since `load`. */
  save(record: RegistrationRecord): Promise<void>
  remove(): Promise<void>
}

export const ENTRIES = {
  cert: 'tls.crt',
  key: 'tls.key',
  ca: 'nsx-ca.crt',
  nextCert: 'next.crt',
  nextKey: 'next.key',
  previousCert: 'previous.crt',
  facts: 'registration.json',
} as const

const Facts = z.object({
  cluster_name: z.string().min(1).max(255),
  cluster_id: z.string().min(1).max(255).optional(),
  cluster_uid: z.string().max(255).optional(),
  nsx_urls: z.array(z.string().max(2_048)).max(64),
  nsx_thumbprints: z.array(z.string().max(128)).max(64).optional(),
  nsx_proxy: z.string().max(2_048).optional(),
})

export function keptOf(record: RegistrationRecord): Kept {
  const facts: z.infer<typeof Facts> = {
    cluster_name: record.clusterName,
    ...(record.clusterId === undefined ? {} : { cluster_id: record.clusterId }),
    ...(record.clusterUid === undefined ? {} : { cluster_uid: record.clusterUid }),
    nsx_urls: [...record.urls],
    ...(record.thumbprints.length === 0 ? {} : { nsx_thumbprints: [...record.thumbprints] }),
    ...(record.proxy === undefined ? {} : { nsx_proxy: record.proxy }),
  }
  return {
    [ENTRIES.cert]: record.shown.cert,
    [ENTRIES.key]: record.shown.key,
    ...(record.caPem === undefined ? {} : { [ENTRIES.ca]: record.caPem }),
    ...(record.next === undefined
      ? {}
      : { [ENTRIES.nextCert]: record.next.cert, [ENTRIES.nextKey]: record.next.key }),
    ...(record.previousCert === undefined ? {} : { [ENTRIES.previousCert]: record.previousCert }),
    [ENTRIES.facts]: `${JSON.stringify(facts, null, 2)}\n`,
  }
}

/** Throws REGISTRATION_IDENTITY; `where` is for the message. */
export function recordOf(kept: Kept, where: string): RegistrationRecord {
  const refuse = (what: string) =>
    needsPerson(
      'REGISTRATION_IDENTITY',
      `${where} ${what}; put the right one back, or take it away and register again with --cluster-id`,
    )
  const facts = readFacts(kept[ENTRIES.facts])
  if (facts === undefined) throw refuse(`holds no ${ENTRIES.facts} that can be read`)
  const pair = (cert: string, key: string): KeyPair | undefined => {
    const [certPem, keyPem] = [kept[cert], kept[key]]
    if (certPem === undefined || keyPem === undefined) return undefined
    if (!isPair({ cert: certPem, key: keyPem })) throw refuse(`holds ${cert} and ${key} that are no pair`)
    return { cert: certPem, key: keyPem }
  }
  const shown = pair(ENTRIES.cert, ENTRIES.key)
  if (shown === undefined) throw refuse(`lacks ${ENTRIES.cert} or ${ENTRIES.key}`)
  const previousCert = kept[ENTRIES.previousCert]
  if (previousCert !== undefined) factsOf(previousCert)
  return {
    clusterName: facts.cluster_name,
    clusterId: facts.cluster_id,
    clusterUid: facts.cluster_uid,
    urls: facts.nsx_urls,
    caPem: kept[ENTRIES.ca],
    thumbprints: facts.nsx_thumbprints ?? [],
    proxy: facts.nsx_proxy,
    shown,
    next: pair(ENTRIES.nextCert, ENTRIES.nextKey),
    previousCert,
  }
}

function readFacts(text: string | undefined): z.infer<typeof Facts> | undefined {
  try {
    const read = Facts.safeParse(JSON.parse(text ?? ''))
    return read.success ? read.data : undefined
  } catch {
    return undefined
  }
}
