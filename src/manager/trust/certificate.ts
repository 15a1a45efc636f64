/** A certificate as NSX shows it (vcf-nsx 9.1.1, Certificate and X509Certificate). */
import { X509Certificate } from 'node:crypto'
import { badRequest, type JsonObject } from '../rest/index.ts'

export interface ReadCertificate {
  /** SHA-256 of the leaf's DER, lower-case hex. */
  readonly fingerprint: string
  /** Milliseconds since 1970. */
  readonly notAfterMs: number
  /** The leaf first. */
  readonly details: readonly JsonObject[]
}

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g
/** A leaf and its chain. */
const CHAIN_MAX = 10
const PEM_CHARS_MAX = 131_072

/** Throws 400 for what holds no readable certificate. `field` is the request's, for the message. */
export function readCertificate(pem: unknown, field: string, nowMs: number): ReadCertificate {
  const refuse = (why: string) => badRequest(`Field level validation errors: {property ${field}: ${why}}`)
  if (typeof pem !== 'string' || pem.length > PEM_CHARS_MAX) throw refuse('must be a PEM certificate')
  const blocks = pem.match(BLOCK) ?? []
  if (blocks.length === 0 || blocks.length > CHAIN_MAX)
    throw refuse(`must hold one PEM certificate, with up to ${CHAIN_MAX - 1} of its chain`)
  const chain = blocks.map((block) => {
    try {
      return new X509Certificate(block)
    } catch {
      throw refuse('is not a readable certificate')
    }
  })
  const [leaf] = chain
  return {
    fingerprint: printOf(leaf!),
    notAfterMs: Date.parse(leaf!.validTo),
    details: chain.map((one) => detailsOf(one, nowMs)),
  }
}

const printOf = (certificate: X509Certificate): string =>
  certificate.fingerprint256.replaceAll(':', '').toLowerCase()

function detailsOf(certificate: X509Certificate, nowMs: number): JsonObject {
  const [notBefore, notAfter] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)]
  const { asymmetricKeyType = '', asymmetricKeyDetails } = certificate.publicKey
  const length = asymmetricKeyDetails?.modulusLength
  return {
    subject: nameOf(certificate.subject),
    subject_cn: commonNameOf(certificate.subject),
    issuer: nameOf(certificate.issuer),
    issuer_cn: commonNameOf(certificate.issuer),
    serial_number: certificate.serialNumber,
    not_before: notBefore,
    not_after: notAfter,
    is_ca: certificate.ca,
    is_valid: notBefore <= nowMs && nowMs < notAfter,
    public_key_algo: asymmetricKeyType.toUpperCase(),
    ...(length === undefined ? {} : { public_key_length: length }),
    sha_256_thumbprint: printOf(certificate),
  }
}

/** Node gives one part of the name a line. */
const nameOf = (name: string | undefined): string => (name ?? '').split('\n').reverse().join(',')

const commonNameOf = (name: string | undefined): string =>
  (name ?? '')
    .split('\n')
    .find((part) => part.startsWith('CN='))
    ?.slice('CN='.length) ?? ''
