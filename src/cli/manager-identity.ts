/** What the manager shows its clients on TLS: a given certificate, or one of an authority of its own, kept beside its state. */
import { X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import ipaddr from 'ipaddr.js'
import { needsPerson } from '../errors.ts'
import { writeAtomically } from '../sandbox/files.ts'
import { createAuthority, openAuthority } from '../sandbox/pki.ts'
import type { Clock } from '../world/index.ts'
import { readSmallText } from './settings.ts'

export interface ServerIdentity {
  readonly cert: string
  readonly key: string
  /** Path of the certificate that clients trust. */
  readonly ca: string
  readonly notAfterMs: number
}

const DAY_MS = 86_400_000
const AUTHORITY_VALID_MS = 3_650 * DAY_MS
/** Some clients refuse a server's certificate that is valid for longer. */
const SERVER_VALID_MS = 397 * DAY_MS
/** Renewed at a start in its last third. */
const RENEW_MS = 130 * DAY_MS

/** Of two files in PEM. Throws what is wrong with them. */
export function givenIdentity(cert: string, key: string): ServerIdentity {
  const given = { cert: readSmallText(cert, '--cert'), key: readSmallText(key, '--key') }
  try {
    createSecureContext(given)
    return { ...given, ca: cert, notAfterMs: Date.parse(new X509Certificate(given.cert).validTo) }
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause)
    throw needsPerson('MANAGER_TLS', `${cert} and ${key} are no certificate in PEM with its key (${words})`, {
      cause,
    })
  }
}

/** Of an authority in this folder (0700, its files 0600), made when there is none. `listen` is where clients find the server. */
export async function ownIdentity(
  folder: string,
  listen: string,
  more: readonly string[],
  clock: Clock,
): Promise<ServerIdentity> {
  mkdirSync(folder, { mode: 0o700, recursive: true })
  const files = { ca: join(folder, 'ca.crt'), caKey: join(folder, 'ca.key') }
  const server = { cert: join(folder, 'server.crt'), key: join(folder, 'server.key') }
  try {
    if (!existsSync(files.ca) || !existsSync(files.caKey)) {
      const made = await (
        await createAuthority('antrea-nsx-adapter manager', clock, AUTHORITY_VALID_MS)
      ).saved()
      writeAtomically(files.caKey, made.key)
      writeAtomically(files.ca, made.cert)
    }
    const names = namesOf(listen, more)
    if (!isGood(server.cert, server.key, files.ca, names, clock)) {
      const saved = { cert: readFileSync(files.ca, 'utf8'), key: readFileSync(files.caKey, 'utf8') }
      const authority = await openAuthority(saved, clock, SERVER_VALID_MS)
      const made = await authority.server(names.dns[0] ?? 'localhost', names)
      writeAtomically(server.key, made.key)
      writeAtomically(server.cert, made.cert)
    }
    return { ...givenIdentity(server.cert, server.key), ca: files.ca }
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause)
    throw needsPerson(
      'MANAGER_TLS',
      `the certificates in ${folder} cannot be made or used (${words}); see to its rights, or move the folder away to have new ones made`,
      { cause },
    )
  }
}

interface Names {
  readonly dns: readonly string[]
  readonly ips: readonly string[]
}

/** By which clients may call it: this machine's names, the address it listens on, and those that were given. */
function namesOf(listen: string, more: readonly string[]): Names {
  const all = ['localhost', hostname(), '127.0.0.1', '::1', listen, ...more]
  const isAddress = (name: string) => ipaddr.isValid(name)
  const unspecified = ['0.0.0.0', '::']
  return {
    dns: [...new Set(all.filter((name) => !isAddress(name) && name !== ''))],
    ips: [...new Set(all.filter((name) => isAddress(name) && !unspecified.includes(name)))],
  }
}

/** Whether the one that is there is of this authority, for these names, and for long enough. */
function isGood(cert: string, key: string, ca: string, { dns, ips }: Names, clock: Clock): boolean {
  if (!existsSync(cert) || !existsSync(key)) return false
  try {
    const held = new X509Certificate(readFileSync(cert))
    return (
      held.verify(new X509Certificate(readFileSync(ca)).publicKey) &&
      Date.parse(held.validTo) - clock.now() > RENEW_MS &&
      dns.every((name) => held.checkHost(name) !== undefined) &&
      ips.every((ip) => held.checkIP(ip) !== undefined)
    )
  } catch {
    return false
  }
}
