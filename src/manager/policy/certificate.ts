/** Client certificates as they are registered: PEM, one or (during a rotation) two. */
import { X509Certificate } from 'node:crypto'
import { MANAGER_CERTIFICATES_MAX } from '../../limits.ts'
import { badRequest } from '../rest/index.ts'

export interface RegisteredCertificate {
  /** SHA-256 of the DER, lower-case hex. */
  readonly fingerprint: string
  /** Milliseconds since 1970. */
  readonly notAfterMs: number
}

/** The old one and the new one. */
const CERTIFICATES_MAX = 2
const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g

/** Of PEM texts that were read already; each registration looks at those of all clusters. */
const read = new Map<string, readonly RegisteredCertificate[]>()

/** Throws 400 for what is not one or two certificates; nothing registered is an empty list. */
export function parseCertificates(pem: unknown): readonly RegisteredCertificate[] {
  if (pem === undefined || pem === '') return []
  const known = typeof pem === 'string' ? read.get(pem) : undefined
  if (known !== undefined) return known
  const parsed = parse(pem)
  if (read.size >= MANAGER_CERTIFICATES_MAX) read.clear()
  if (typeof pem === 'string') read.set(pem, parsed)
  return parsed
}

function parse(pem: unknown): readonly RegisteredCertificate[] {
  const blocks = typeof pem === 'string' ? (pem.match(BLOCK) ?? []) : []
  if (blocks.length === 0 || blocks.length > CERTIFICATES_MAX)
    throw badRequest(
      'Field level validation errors: {property certificate: must hold one or two PEM certificates}',
    )
  return blocks.map((block) => {
    try {
      const certificate = new X509Certificate(block)
      return {
        fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
        notAfterMs: Date.parse(certificate.validTo),
      }
    } catch {
      throw badRequest('Field level validation errors: {property certificate: is not a readable certificate}')
    }
  })
}

export const fingerprintsOf = (pem: unknown): readonly string[] =>
  parseCertificates(pem).map(({ fingerprint }) => fingerprint)
