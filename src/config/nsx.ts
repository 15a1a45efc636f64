/** The group `nsx`: which managers, how they are spoken with, who we are there, and how they are known to be the right ones. */
import { z } from 'zod'
import { file, text, texts, wholeNumber } from './parts.ts'

/** A cluster of NSX has three managers and an address of its own; sixteen leave room for names beside addresses. */
const URLS_MAX = 16
const THUMBPRINTS_MAX = 16

function isOrigin(value: string): boolean {
  try {
    const url = new URL(value)
    return url.protocol === 'https:' && url.pathname === '/' && url.search === '' && url.username === ''
  } catch {
    return false
  }
}

function isProxy(value: string): boolean {
  try {
    const url = new URL(value)
    const isBare = url.pathname === '/' && url.search === '' && url.username === '' && url.password === ''
    return url.protocol === 'http:' && isBare
  } catch {
    return false
  }
}

const isSha256 = (value: string): boolean => /^[0-9a-f]{64}$/.test(value)

const fields = z.strictObject({
  url: texts(URLS_MAX)
    .refine((urls) => urls.every(isOrigin), 'must be https://host[:port] without a path')
    .refine((urls) => new Set(urls).size === urls.length, 'names a manager twice')
    .describe('URL of the manager; several with driver rest'),
  driver: z
    .enum(['channel', 'rest'], 'must be channel or rest')
    .default('channel')
    .describe(
      'DRIVER: channel for a manager that serves docs/protocol.md, rest for an NSX Manager by its public API',
    ),
  auth: z
    .enum(['certificate', 'session', 'basic'], 'must be certificate, session or basic')
    .default('certificate')
    .describe('WAY the adapter says who it is: certificate, session or basic'),
  ca: file.optional().describe("FILE with the manager's CA in PEM; the system's roots without it"),
  thumbprint: texts(THUMBPRINTS_MAX)
    .transform((prints) => prints.map((print) => print.replaceAll(':', '').toLowerCase()))
    .refine((prints) => prints.every(isSha256), 'must be the SHA-256 of a certificate, 64 hex digits')
    .optional()
    .describe("SHA-256 of the manager's certificate, or of several managers'; in place of nsx.ca"),
  cert: file.optional().describe("FILE with this cluster's certificate in PEM"),
  key: file.optional().describe("FILE with the certificate's key in PEM"),
  username: text.max(255).optional().describe('NAME for auth session or basic'),
  passwordFile: file.optional().describe('FILE with the password of nsx.username in its first line'),
  proxy: text
    .refine(isProxy, 'must be http://host:port; name and password go into nsx.proxyAuthFile')
    .optional()
    .describe('URL of an HTTP proxy that connects to the manager (CONNECT)'),
  proxyAuthFile: file.optional().describe('FILE with name:password for the proxy in its first line'),
  requestsPerSecond: wholeNumber('a number', 1, 1_000)
    .optional()
    .describe('NUMBER of requests a second that driver rest grows to at most; 100 without it'),
})

/** As far as it could be read: some of it may be missing or wrong. */
type Given = Partial<z.infer<typeof fields>> | undefined

interface Rule {
  readonly setting: keyof z.infer<typeof fields>
  readonly isMissing?: boolean
  readonly message: string
  holds(given: NonNullable<Given>): boolean
}

const withCertificate = ({ auth }: NonNullable<Given>): boolean => (auth ?? 'certificate') === 'certificate'

const needed = (setting: 'cert' | 'key' | 'username' | 'passwordFile'): Rule => ({
  setting,
  isMissing: true,
  message: `is needed with this nsx.auth`,
  holds: (given) =>
    given[setting] !== undefined || withCertificate(given) !== (setting === 'cert' || setting === 'key'),
})

/** What settings ask of each other. */
const RULES: readonly Rule[] = [
  needed('cert'),
  needed('key'),
  needed('username'),
  needed('passwordFile'),
  {
    setting: 'auth',
    message: 'must be certificate with nsx.driver channel',
    holds: (given) => given.driver === 'rest' || withCertificate(given),
  },
  {
    setting: 'url',
    message: 'must be one manager with nsx.driver channel',
    holds: ({ driver, url }) => driver === 'rest' || !Array.isArray(url) || url.length <= 1,
  },
  {
    setting: 'thumbprint',
    message: 'and nsx.ca cannot both be there: a thumbprint takes the place of a CA',
    holds: ({ thumbprint, ca }) => thumbprint === undefined || ca === undefined,
  },
  {
    setting: 'proxyAuthFile',
    message: 'needs nsx.proxy',
    holds: ({ proxy, proxyAuthFile }) => proxyAuthFile === undefined || proxy !== undefined,
  },
]

export const Nsx = RULES.reduce<typeof fields>(
  (schema, { setting, message, holds, isMissing = false }) =>
    schema.refine((given) => holds(given), {
      message,
      path: [setting],
      params: { isMissing },
      // Told together with everything else that is wrong.
      when: ({ value }) => typeof value === 'object' && value !== null,
    }),
  fields,
)
