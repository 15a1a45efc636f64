/** Makes the key and certificate by which NSX knows a cluster. Apart from certificate.ts, for the daemon never makes one. */
import { webcrypto } from 'node:crypto'
import '../../world/reflect.ts'
import * as x509 from '@peculiar/x509'
import type { Clock } from '../../world/index.ts'
import type { KeyPair } from './certificate.ts'

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
