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
  ICMP_INVALID: error(
    'The ICMP service is neither ICMPv4 nor ICMPv6, has a type or code outside 0 to 255, or a code without a type.',
    'A rule has an ICMP type, with or without a code, or all of ICMP.',
    'Correct the service entry.',
  ),
  ICMP_FAMILY: error(
    'ICMPv4 and ICMPv6 have types of their own.',
    "Antrea's ICMP types count for both families, so the rule must be limited to one, and peers that are Pods cannot be where Pods have addresses of both.",
    'Use a group of addresses as the other end, or ANY.',
  ),
  IGMP: error(
    'The service is IGMP (an entry of its own, or IP protocol 2).',
    'Antrea takes IGMP only with its multicast feature, without peers, and of a few kinds.',
    'Use TCP, UDP or ICMP services, or ANY.',
  ),
  IP_PROTOCOL: error(
    'The service is an IP protocol by number.',
    'Antrea policy has TCP (6), UDP (17), SCTP (132), ICMP (1) and ICMPv6 (58).',
    'Use one of these, or ANY.',
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
