/** The key and certificate by which NSX knows a cluster, and what is read from certificates that are there. */
import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto'
import '../../world/reflect.ts'
import * as x509 from '@peculiar/x509'
import { needsPerson } from '../../errors.ts'
import type { Clock } from '../../world/index.ts'

export interface KeyPair {
  /** PEM, one certificate. */
  readonly cert: string
  /** PEM, PKCS #8. Secret. */
  readonly key: string
}

/** What NSX takes for a principal identity: RSA of at least 2048 bits with SHA-256, self-signed (NSX REST API, PrincipalIdentityWithCertificate). */
const ALGORITHM = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2_048,
  publicExponent: new Uint8Array([1, 0, 1]),
} as const
/** NSX may be a little behind this machine; what is more than that is told before (REGISTRATION_CLOCK). */
const BACKDATED_MS = 600_000
const DAY_MS = 86_400_000

/** A new key and a self-signed client certificate for it, with this CN. */
export async function makeKeyPair(commonName: string, validDays: number, clock: Clock): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const nowMs = clock.now()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [commonName] }],
    notBefore: new Date(nowMs - BACKDATED_MS),
    notAfter: new Date(nowMs + validDays * DAY_MS),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
    ],
  })
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  return { cert: `${certificate.toString('pem')}\n`, key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') }
}

/** Positive, 16 bytes (RFC 5280 §4.1.2.2 allows 20). */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16))
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return Buffer.from(bytes).toString('hex')
}

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g
/** Of one field of NSX's; a chain or a rotation has a few. */
const BLOCKS_MAX = 16

export interface CertificateFacts {
  /** SHA-256 of the DER, lower-case hex: what NSX and the Leases of instances call it by. */
  readonly fingerprint: string
  readonly commonName: string
  readonly notAfterMs: number
}

/** Of each readable certificate in a text; nothing of what is none, whatever it is. */
export function certificatesIn(pem: unknown): readonly CertificateFacts[] {
  if (typeof pem !== 'string') return []
  return (pem.match(BLOCK) ?? []).slice(0, BLOCKS_MAX).flatMap((block) => {
    try {
      const read = new X509Certificate(block)
      return [
        {
          fingerprint: read.fingerprint256.replaceAll(':', '').toLowerCase(),
          commonName: /^CN=(.*)$/m.exec(read.subject)?.[1] ?? '',
          notAfterMs: Date.parse(read.validTo),
        },
      ]
    } catch {
      return []
    }
  })
}

/** Of a certificate of ours. Throws needs-person REGISTRATION_IDENTITY where it is none. */
export function factsOf(cert: string): CertificateFacts {
  const [facts] = certificatesIn(cert)
  if (facts === undefined)
    throw needsPerson(
      'REGISTRATION_IDENTITY',
      'what is kept as the certificate of this cluster is no certificate in PEM; move it away and register again',
    )
  return facts
}

export const fingerprintOf = (cert: string): string => factsOf(cert).fingerprint

/** Whether the key is the certificate's. */
export function isPair({ cert, key }: KeyPair): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))
  } catch {
    return false
  }
}
