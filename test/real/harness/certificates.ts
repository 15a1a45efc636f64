/**
 * A small certificate authority: what kubeadm's PKI would be, made on the spot and valid for a day. X.509 v3 (RFC 5280)
 * in DER by hand, which needs nothing but node:crypto.
 */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

export interface Credential {
  readonly certPem: string
  readonly keyPem: string
}

export interface LeafOptions {
  readonly commonName: string
  readonly organizations?: readonly string[]
  /** With names it is a server's certificate (and a client's as well), without only a client's. */
  readonly dnsNames?: readonly string[]
  /** IPv4 only. */
  readonly ipAddresses?: readonly string[]
}

export interface Authority {
  readonly certPem: string
  issue(options: LeafOptions): Credential
}

// ---- DER
function tlv(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const size = content.length
  const length =
    size < 0x80
      ? [size]
      : size < 0x100
        ? [0x81, size]
        : size < 0x10000
          ? [0x82, size >> 8, size & 0xff]
          : undefined
  if (length === undefined) throw new Error('a certificate field of over 64 KiB')
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}
const sequence = (...parts: readonly Uint8Array[]) => tlv(0x30, ...parts)
const text = (tag: number, value: string) => tlv(tag, Buffer.from(value, 'utf8'))
const TRUE = tlv(0x01, Buffer.from([0xff]))

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = rest.flatMap((arc) => {
    const digits = [arc & 0x7f]
    for (let left = arc >> 7; left > 0; left >>= 7) digits.unshift(0x80 | (left & 0x7f))
    return digits
  })
  return tlv(0x06, Buffer.from([first * 40 + second, ...bytes]))
}

const ECDSA_WITH_SHA256 = sequence(oid('1.2.840.10045.4.3.2'))
const nameOf = (commonName: string, organizations: readonly string[] = []) =>
  sequence(
    ...organizations.map((value) => tlv(0x31, sequence(oid('2.5.4.10'), text(0x0c, value)))),
    tlv(0x31, sequence(oid('2.5.4.3'), text(0x0c, commonName))),
  )
const extension = (id: string, isCritical: boolean, value: Buffer) =>
  sequence(oid(id), ...(isCritical ? [TRUE] : []), tlv(0x04, value))
const utcTime = (ms: number) =>
  text(0x17, `${new Date(ms).toISOString().slice(2, 19).replaceAll(/[-T:]/g, '')}Z`)

const DAY_MS = 86_400_000

interface Certificate {
  readonly subject: Buffer
  readonly issuer: Buffer
  readonly publicKey: KeyObject
  readonly signingKey: KeyObject
  readonly extensions: readonly Buffer[]
}

function certificatePem({ subject, issuer, publicKey, signingKey, extensions }: Certificate): string {
  const serial = randomBytes(16)
  serial[0] = (serial[0]! & 0x7f) | 0x40
  const toBeSigned = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, serial),
    ECDSA_WITH_SHA256,
    issuer,
    sequence(utcTime(Date.now() - 60_000), utcTime(Date.now() + DAY_MS)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(...extensions)),
  )
  const signature = sign('sha256', toBeSigned, signingKey)
  const der = sequence(toBeSigned, ECDSA_WITH_SHA256, tlv(0x03, Buffer.from([0]), signature))
  const base64 = der.toString('base64').replaceAll(/.{64}(?=.)/g, '$&\n')
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`
}

// ---- what is made of it
const newKeys = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const exportKey = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }) as string

const basicConstraints = (isAuthority: boolean) =>
  extension('2.5.29.19', true, sequence(...(isAuthority ? [TRUE] : [])))
/** digitalSignature, or keyCertSign and cRLSign. */
const keyUsage = (isAuthority: boolean) =>
  extension('2.5.29.15', true, tlv(0x03, Buffer.from(isAuthority ? [1, 0x06] : [7, 0x80])))

/** A self-signed authority of this name. */
export function createAuthority(commonName: string): Authority {
  const { publicKey, privateKey } = newKeys()
  const name = nameOf(commonName)
  return {
    certPem: certificatePem({
      subject: name,
      issuer: name,
      publicKey,
      signingKey: privateKey,
      extensions: [basicConstraints(true), keyUsage(true)],
    }),
    issue: (options) => issue(name, privateKey, options),
  }
}

function issue(issuer: Buffer, signingKey: KeyObject, options: LeafOptions): Credential {
  const { publicKey, privateKey } = newKeys()
  const names = [
    ...(options.dnsNames ?? []).map((value) => text(0x82, value)),
    ...(options.ipAddresses ?? []).map((value) => tlv(0x87, Buffer.from(value.split('.').map(Number)))),
  ]
  const usages = [...(names.length > 0 ? ['1.3.6.1.5.5.7.3.1'] : []), '1.3.6.1.5.5.7.3.2']
  const certPem = certificatePem({
    subject: nameOf(options.commonName, options.organizations),
    issuer,
    publicKey,
    signingKey,
    extensions: [
      basicConstraints(false),
      keyUsage(false),
      extension('2.5.29.37', false, sequence(...usages.map(oid))),
      ...(names.length > 0 ? [extension('2.5.29.17', false, sequence(...names))] : []),
    ],
  })
  return { certPem, keyPem: exportKey(privateKey) }
}

/** The key that signs ServiceAccount tokens: RSA, as kube-apiserver's own tests have it. */
export function createTokenKeys(): { readonly publicPem: string; readonly privatePem: string } {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2_048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  return { publicPem: publicKey, privatePem: privateKey }
}
