/** What a context profile may name: the catalogue of attributes, and those that users add (vcf-nsx 9.1.1, PolicyAttributes). */
import { MANAGER_CUSTOM_ATTRIBUTES_MAX } from '../../limits.ts'
import { badRequest, EMPTY, type JsonObject, ok, type Route, readJson } from '../rest/index.ts'
import { IN_MEMORY, type KeptValue, keptValue, type Storage } from '../storage.ts'

const KEYS = ['APP_ID', 'DOMAIN_NAME', 'URL_CATEGORY', 'URL_REPUTATION', 'CUSTOM_URL'] as const
type Key = (typeof KEYS)[number]

/** Keys whose values users may add. */
const CUSTOM_KEYS: readonly Key[] = ['DOMAIN_NAME', 'CUSTOM_URL']

/** Common ones; a real NSX knows some hundreds, by signatures that it updates. */
const SYSTEM: Readonly<Record<Key, readonly string[]>> = {
  APP_ID: (
    'ACTIVDIR AMQP BGP BITTORRENT CIFS DCERPC DHCP DNS EPIC FTP GITHUB HTTP HTTP2 ICMP IMAP IPSEC JABBER KERBEROS ' +
    'LDAP MAXDB MONGODB MSSQL MYSQL NETBIOS NFS NNTP NTP OCSP OPC_UA ORACLE PCOIP POP2 POP3 POSTGRES RADIUS RDP RTCP ' +
    'RTP RTSP SIP SMTP SNMP SQLNET SSH SSL SYMUPD SYSLOG TELNET TFTP TLS VNC WINS'
  ).split(' '),
  DOMAIN_NAME: ['*.microsoft.com', '*.windowsupdate.com', '*.office365.com', '*.github.com', '*.ubuntu.com'],
  URL_CATEGORY: ['Abused Drugs', 'Financial Services', 'Gambling', 'Malware Sites', 'Social Networking'],
  URL_REPUTATION: ['HIGH_RISK', 'SUSPICIOUS', 'MODERATE_RISK', 'LOW_RISK', 'TRUSTWORTHY'],
  CUSTOM_URL: [],
}

type Custom = KeptValue<Readonly<Partial<Record<Key, readonly string[]>>>>

export function attributeRoutes(storage: Storage = IN_MEMORY): readonly Route[] {
  const custom: Custom = keptValue(storage, 'custom-attributes', {})
  const list = (query: URLSearchParams, sources: readonly string[]) => {
    const wanted = query.get('attribute_key')
    if (wanted !== null && !isKey(wanted))
      throw badRequest(`attribute_key must be one of ${KEYS.join(', ')}.`)
    const keys = wanted === null ? KEYS : [wanted as Key]
    const attributes = keys.flatMap((key) => [
      ...(sources.includes('SYSTEM') ? attributeOf(key, SYSTEM[key], 'SYSTEM') : []),
      ...(sources.includes('CUSTOM') ? attributeOf(key, custom.get()[key] ?? [], 'CUSTOM') : []),
    ])
    const results = attributes.length === 0 ? [] : [{ resource_type: 'PolicyContextProfile', attributes }]
    return ok({ results, result_count: results.length })
  }
  const write = (pattern: string, method: 'PATCH' | 'POST'): Route => ({
    method,
    pattern,
    access: 'admin',
    mutating: true,
    async run({ request, query }) {
      change(custom, await readJson(request), method === 'PATCH' ? 'add' : query.get('action'))
      return EMPTY
    },
  })
  const base = '/infra/context-profiles'
  return [
    {
      method: 'GET',
      pattern: `${base}/attributes`,
      access: 'read',
      run: ({ query }) => {
        const source = query.get('attribute_source')
        return list(query, source === null || source === 'ALL' ? ['SYSTEM', 'CUSTOM'] : [source])
      },
    },
    ...['/custom-attributes', '/custom-attributes/default'].flatMap((path): Route[] => [
      { method: 'GET', pattern: base + path, access: 'read', run: ({ query }) => list(query, ['CUSTOM']) },
      write(base + path, 'PATCH'),
      write(base + path, 'POST'),
    ]),
  ]
}

const isKey = (value: unknown): value is Key => (KEYS as readonly unknown[]).includes(value)

const attributeOf = (key: Key, value: readonly string[], attribute_source: string): JsonObject[] =>
  value.length === 0 ? [] : [{ key, datatype: 'STRING', value, attribute_source }]

function change(custom: Custom, body: JsonObject, action: string | null): void {
  const { key, value: values } = body
  if (!isKey(key) || !CUSTOM_KEYS.includes(key))
    throw badRequest(
      `Field level validation errors: {property key: must be one of ${CUSTOM_KEYS.join(', ')}}`,
    )
  if (!Array.isArray(values) || !values.every((item) => typeof item === 'string' && item.length <= 255))
    throw badRequest(
      'Field level validation errors: {property value: must be a list of up to 255 characters each}',
    )
  const held = new Set(custom.get()[key])
  if (action !== 'add' && action !== 'remove')
    throw badRequest('The action of this call must be add or remove.')
  for (const item of values)
    if (action === 'add') held.add(item)
    else held.delete(item)
  if (held.size > MANAGER_CUSTOM_ATTRIBUTES_MAX)
    throw badRequest(`At most ${MANAGER_CUSTOM_ATTRIBUTES_MAX} values of ${key} may be added.`)
  custom.set({ ...custom.get(), [key]: [...held] })
}
