/** Keys and certificates made on the spot (EC P-256, RFC 5280): one CA a side, server and client certificates under it. */
import { webcrypto } from 'node:crypto'
import './reflect.ts'
import * as x509 from '@peculiar/x509'
import type { Clock } from '../world/index.ts'

export interface Identity {
  /** PEM. */
  readonly cert: string
  /** PEM, PKCS #8. */
  readonly key: string
}

export interface Authority {
  /** PEM of the CA's certificate. */
  readonly ca: string
  /** A server's certificate for these DNS names and IP addresses. */
  server(commonName: string, names: { dns: readonly string[]; ips: readonly string[] }): Promise<Identity>
  /** A client's certificate; Kubernetes takes the organizations as groups. */
  client(commonName: string, organizations?: readonly string[]): Promise<Identity>
  /** With its key, for `openAuthority`. */
  saved(): Promise<Identity>
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
/** A sandbox may stay up for some weeks; its keys are in a private folder and go with it. */
const VALID_MS = 90 * 86_400_000
/** Peers whose clock is a little behind take them too. */
const BACKDATED_MS = 300_000

const validFrom = (nowMs: number, validMs: number) => ({
  notBefore: new Date(nowMs - BACKDATED_MS),
  notAfter: new Date(nowMs + validMs),
})

/** A new authority. `clock` gives the dates of everything it signs. */
export async function createAuthority(
  commonName: string,
  clock: Clock,
  validMs = VALID_MS,
): Promise<Authority> {
  const caKeys = await newKeys()
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [commonName] }],
    ...validFrom(clock.now(), validMs),
    keys: caKeys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  })
  return authorityOf(ca, caKeys, clock, VALID_MS)
}

/** One that was saved; what it signs is valid so long. Throws for what is no certificate with its key. */
export async function openAuthority(
  { cert, key }: Identity,
  clock: Clock,
  validMs: number,
): Promise<Authority> {
  const ca = new x509.X509Certificate(cert)
  const pkcs8 = x509.PemConverter.decodeFirst(key)
  const [privateKey, publicKey] = await Promise.all([
    webcrypto.subtle.importKey('pkcs8', pkcs8, ALGORITHM, true, ['sign']),
    ca.publicKey.export(ALGORITHM, ['verify']),
  ])
  return authorityOf(ca, { privateKey, publicKey: publicKey as CaKeys['publicKey'] }, clock, validMs)
}

type CaKeys = Awaited<ReturnType<typeof newKeys>>

function authorityOf(ca: x509.X509Certificate, caKeys: CaKeys, clock: Clock, validMs: number): Authority {
  const issue = async (
    subject: x509.JsonName,
    usage: x509.ExtendedKeyUsage,
    more: readonly x509.Extension[],
  ): Promise<Identity> => {
    const keys = await newKeys()
    const cert = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject,
      issuer: ca.subject,
      ...validFrom(clock.now(), validMs),
      publicKey: keys.publicKey,
      signingKey: caKeys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([usage]),
        await x509.AuthorityKeyIdentifierExtension.create(ca.publicKey),
        ...more,
      ],
    })
    return identityOf(cert, keys)
  }
  return {
    ca: ca.toString('pem'),
    server: (name, { dns, ips }) =>
      issue([{ CN: [name] }], x509.ExtendedKeyUsage.serverAuth, [
        new x509.SubjectAlternativeNameExtension([
          ...dns.map((value) => ({ type: 'dns' as const, value })),
          ...ips.map((value) => ({ type: 'ip' as const, value })),
        ]),
      ]),
    client: (name, organizations = []) =>
      issue(
        [...organizations.map((organization) => ({ O: [organization] })), { CN: [name] }],
        x509.ExtendedKeyUsage.clientAuth,
        [],
      ),
    saved: () => identityOf(ca, caKeys),
  }
}

async function identityOf(cert: x509.X509Certificate, { privateKey }: CaKeys): Promise<Identity> {
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', privateKey)
  return { cert: cert.toString('pem'), key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') }
}

const newKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])

/** Positive, 16 bytes (RFC 5280 §4.1.2.2): the first bit is never set. */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16))
  bytes[0] = (bytes[0]! & 0x7f) | 0x40
  return Buffer.from(bytes).toString('hex')
}
