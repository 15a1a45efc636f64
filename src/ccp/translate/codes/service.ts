/** What a rule's services can be refused for. */
import { type CodeText, error, notice } from './text.ts'

export const SERVICE_CODES = {
  SERVICE_MISSING: error(
    'A service that a rule names is not there.',
    'The rule cannot be written without it; with it left out, it would match more.',
    'Check the service path.',
  ),
  SERVICE_CYCLE: error(
    'A service contains itself.',
    'A list of ports cannot be made from it.',
    'Remove the nesting.',
  ),
  SERVICE_EMPTY: error(
    'A service has no entries.',
    'A rule without ports would match every service.',
    'Add entries to the service.',
  ),
  PORT_INVALID: error(
    'A port is no number from 1 to 65535, or a range is the wrong way round.',
    'Antrea takes a port, or a first and a last one.',
    'Correct the port.',
  ),
  SOURCE_PORT: error(
    'The service names source ports.',
    'Source ports are not translated.',
    'Leave source_ports empty.',
  ),
  ICMP: error('The service is ICMP.', 'ICMP types are not translated.', 'Use TCP or UDP services, or ANY.'),
  IGMP: error('The service is IGMP.', 'IGMP is not translated.', 'Use TCP or UDP services, or ANY.'),
  IP_PROTOCOL: error(
    'The service is an IP protocol by number.',
    'Antrea policy has TCP, UDP and SCTP.',
    'Use one of these.',
  ),
  ALG: error(
    'The service is an application-level gateway.',
    'Antrea has none: the control port alone would break the data channels.',
    'Name the ports as TCP or UDP services.',
  ),
  ETHERTYPE: error(
    'The service is an EtherType.',
    'Antrea policy begins at layer 3.',
    'Use TCP or UDP services, or ANY.',
  ),
  SERVICE_UNKNOWN: error(
    'The service has an entry of an unknown kind.',
    'Its meaning is not known.',
    'Use TCP or UDP services, or ANY.',
  ),
  ANY_WITH_ENTRIES: notice(
    'The rule names ANY service and entries of its own.',
    'The entries alone are taken.',
    'Remove ANY, or the entries.',
  ),
} satisfies Record<string, CodeText>
