/** What an NSX has from the start: the default domain and enforcement point, and some services that clients look up by path. */
import type { JsonObject } from '../rest/index.ts'
import { childPath, kindOf, PATHS, placeOf } from './kinds.ts'
import type { PolicyStore, PolicyTransaction } from './store.ts'
import { writeObject } from './write.ts'

const ports = (id: string, l4_protocol: 'TCP' | 'UDP', ...destination_ports: string[]): JsonObject => ({
  id,
  resource_type: 'L4PortSetServiceEntry',
  l4_protocol,
  source_ports: [],
  destination_ports,
})

const SERVICES: Readonly<Record<string, readonly JsonObject[]>> = {
  HTTP: [ports('HTTP', 'TCP', '80')],
  HTTPS: [ports('HTTPS', 'TCP', '443')],
  SSH: [ports('SSH', 'TCP', '22')],
  DNS: [ports('DNS-TCP', 'TCP', '53'), ports('DNS-UDP', 'UDP', '53')],
  'DNS-TCP': [ports('DNS-TCP', 'TCP', '53')],
  'DNS-UDP': [ports('DNS-UDP', 'UDP', '53')],
  NTP: [ports('NTP', 'UDP', '123')],
  SMTP: [ports('SMTP', 'TCP', '25')],
  LDAP: [ports('LDAP', 'TCP', '389')],
  RDP: [ports('RDP', 'TCP', '3389')],
  MySQL: [ports('MySQL', 'TCP', '3306')],
  'ICMP-ALL': [{ id: 'ICMP-ALL', resource_type: 'ICMPTypeServiceEntry', protocol: 'ICMPv4' }],
}

const SYSTEM = { _system_owned: true }

/** Fills an empty store. */
export function writePredefined(store: PolicyStore, uuid: () => string): void {
  store.transact('system', (tx) => {
    for (const path of [PATHS.infra, PATHS.domain, '/infra/sites/default', PATHS.enforcementPoint])
      writePlace(tx, path, {}, uuid, {})
    for (const [id, entries] of Object.entries(SERVICES))
      writePlace(
        tx,
        childPath(PATHS.infra, kindOf('Service'), id),
        { service_entries: entries },
        uuid,
        SYSTEM,
      )
  })
}

function writePlace(
  tx: PolicyTransaction,
  path: string,
  body: JsonObject,
  uuid: () => string,
  system: JsonObject,
): void {
  const place = placeOf(path.slice(1).split('/'))
  if (place?.id === undefined) throw new Error(`no place ${path}`)
  const isDefault = place.kind.name === 'Service' ? { is_default: true } : {}
  writeObject(tx, { ...place, id: place.id }, body, {
    mode: 'patch',
    uuid,
    system: { ...system, ...isDefault },
  })
}
