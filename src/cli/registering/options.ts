/** The options that register, rotate and deregister share, and how they are read. */
import { readFileSync } from 'node:fs'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { needsPerson } from '../../errors.ts'
import { collect } from '../options.ts'
import { DEFAULT_CONFIG_FILE, readSmallText } from '../settings.ts'

export const STATE_FOLDER = '/var/lib/antrea-nsx-adapter'
const NAMESPACE = 'antrea-nsx-adapter'

/** Where NSX is, and an administrator there. */
export interface NsxOptions {
  readonly nsxUrl?: readonly string[]
  readonly nsxCa?: string
  readonly nsxThumbprint?: readonly string[]
  readonly nsxProxy?: string
  readonly nsxUsername: string
  readonly nsxPasswordFile?: string
  readonly nsxAuth: 'session' | 'basic'
}

/** The cluster by an administrator's credentials, which are used by this command alone. */
export interface AdminOptions {
  readonly adminKubeconfig?: string
  readonly adminContext?: string
  readonly namespace: string
}

/** This machine. */
export interface HereOptions {
  readonly config: string
  readonly folder: string
}

export interface ShowOptions {
  readonly dryRun?: boolean
  readonly json?: boolean
}

export function addNsxOptions(command: Command): void {
  command
    .option('--nsx-url <url>', 'of an NSX Manager; may be repeated for several of one NSX', origin)
    .option('--nsx-ca <file>', "the authority of NSX's certificate in PEM; the system's roots without it")
    .option(
      '--nsx-thumbprint <sha256>',
      "of NSX's certificate, in place of --nsx-ca; may be repeated",
      thumbprint,
    )
    .option('--nsx-proxy <url>', 'an HTTP proxy that connects to NSX, http://host:port')
    .option('--nsx-username <name>', 'an administrator of NSX: used by this command alone, not kept', 'admin')
    .option('--nsx-password-file <file>', 'holds its password in its first line; - is the standard input')
    .addOption(
      new Option('--nsx-auth <way>', 'how it logs in').choices(['session', 'basic']).default('session'),
    )
}

export function addAdminOptions(command: Command): void {
  command
    .option(
      '--admin-kubeconfig <file>',
      'of an administrator of the cluster: used by this command alone, not kept',
    )
    .option('--admin-context <name>', 'in it; its current one without it')
    .option('--namespace <name>', "the adapter's, as lease.namespace", NAMESPACE)
}

export function addHereOptions(command: Command): void {
  command
    .option('--config <file>', 'the configuration of the adapter on this machine', DEFAULT_CONFIG_FILE)
    .option(
      '--folder <path>',
      'where certificate, key, kubeconfig and token lie on this machine',
      STATE_FOLDER,
    )
}

export function addShowOptions(command: Command): void {
  command
    .option('--dry-run', 'print what would be done, and do nothing')
    .option('--json', 'print the plan and the outcome as JSON')
}

function origin(text: string, before: readonly string[] = []): string[] {
  let url: URL
  try {
    url = new URL(text.includes('://') ? text : `https://${text}`)
  } catch {
    throw new InvalidArgumentError('It must be https://host[:port].')
  }
  if (url.protocol !== 'https:' || url.pathname !== '/' || url.search !== '' || url.username !== '')
    throw new InvalidArgumentError('It must be https://host[:port] without a path.')
  return collect(url.origin, before)
}

function thumbprint(text: string, before: readonly string[] = []): string[] {
  const print = text.replaceAll(':', '').toLowerCase()
  if (!/^[0-9a-f]{64}$/.test(print))
    throw new InvalidArgumentError('It must be the SHA-256 of a certificate: 64 hex digits.')
  return collect(print, before)
}

const PASSWORD_CHARS_MAX = 1_024

/** Throws needs-person REGISTRATION_PASSWORD. */
export function passwordOf({ nsxPasswordFile }: NsxOptions): string {
  if (nsxPasswordFile === undefined)
    throw needsPerson(
      'REGISTRATION_PASSWORD',
      "the administrator's password is needed: --nsx-password-file FILE, or - for the standard input",
    )
  const text =
    nsxPasswordFile === '-' ? readFileSync(0, 'utf8') : readSmallText(nsxPasswordFile, '--nsx-password-file')
  const [password = ''] = text.split(/\r?\n/)
  if (password === '' || password.length > PASSWORD_CHARS_MAX)
    throw needsPerson(
      'REGISTRATION_PASSWORD',
      `${nsxPasswordFile} must hold a password of up to ${PASSWORD_CHARS_MAX} characters in its first line`,
    )
  return password
}
