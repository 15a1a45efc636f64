/** The certificate by which NSX knows a cluster, with its key, and what is read from certificates that are there. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { needsPerson } from '../../errors.ts'

export interface KeyPair {
  /** PEM, one certificate. */
  readonly cert: string
  /** PEM, PKCS #8. Secret. */
  readonly key: string
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
