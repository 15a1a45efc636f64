/** What a rule can be refused for. */
import { type CodeText, error, notice } from './text.ts'

export const RULE_CODES = {
  ACTION_UNKNOWN: error(
    'The action is none of ALLOW, DROP, REJECT.',
    'Antrea has Allow, Drop, Reject.',
    'Use one of the three.',
  ),
  JUMP: error(
    'JUMP_TO_APPLICATION skips the rest of Environment and goes on in Application.',
    "Antrea's Pass skips every tier, Application too: it would let more through.",
    'Write the exceptions as ALLOW rules.',
  ),
  DIRECTION_UNKNOWN: error(
    'The direction is none of IN, OUT, IN_OUT.',
    'A rule is for ingress, egress or both.',
    'Use one of the three.',
  ),
  NEGATION: error(
    'Everything but the named groups is meant (sources_excluded, destinations_excluded).',
    'At the far end all addresses but some can be said, not all but some Pods; at the end where the rule is enforced, all Pods but some, not all but some addresses, and no more than 64 combinations.',
    'Exclude groups of addresses at the far end and groups of Pods (by tag) at the near end, or put a rule for the exception before this one.',
  ),
  NEGATION_OF_ANY: error(
    'ANY is excluded, which leaves nothing, or is not meant.',
    'A rule that matches nothing is not written, and guessing that ANY is meant would match everything.',
    'Name the groups that are excluded, or set sources_excluded or destinations_excluded to false.',
  ),
  VACUOUS_SIDE: notice(
    'In one direction no Pod can be in the scope and on the side of the rule where it is enforced.',
    'That direction matches nothing and was left out.',
    'Nothing, if that is wanted.',
  ),
  CONTEXT_PROFILE: error(
    'The rule has a context profile: it looks at the application, at URLs, or at more than one attribute together.',
    'Antrea has no counterpart that decides alike; only one list of domain names in an egress rule has one.',
    'Remove the profiles from the rule, or use a profile with one DOMAIN_NAME attribute (setting ccp.fqdnProfiles).',
  ),
  L7_PROFILE: error(
    'The rule has an L7 access profile, which allows or denies by the content of requests.',
    "Antrea's layer 7 rules only allow, need a feature gate, and know other attributes.",
    'Remove the profile from the rule and filter requests where they are served.',
  ),
  PROFILE_MISSING: error(
    'A context profile that the rule names is not there.',
    'With it left out, the rule would match more.',
    'Check the profile path.',
  ),
  FQDN_DISABLED: error(
    'The rule is for domain names.',
    'Antrea agents learn the addresses of a name from the DNS answers that Pods get, which NSX does in its own way; so this is off by default.',
    'Set ccp.fqdnProfiles to true if that is exact enough, or name addresses.',
  ),
  FQDN_FORM: error(
    'The domain names of a profile are of destinations, and are one condition beside the others.',
    'Antrea has names in egress rules only, and adds other peers to them instead of joining them; a name has addresses of both IP families.',
    'Set the direction to OUT, the destinations to ANY and ip_protocol to IPV4_IPV6.',
  ),
  FQDN_INVALID: error(
    'The profile has no domain name, over 100, or one of an unknown form.',
    'Antrea takes names of letters, digits and dashes; a star only stands for the first labels, as in *.example.com.',
    'Write names as www.example.com or *.example.com.',
  ),
  DIRECTION_FORM: error(
    'An IN_OUT rule is enforced at both ends: also where its source (or destination) itself is in the scope.',
    'That half needs Pods in both the scope and the group; this group has members that are no Pods.',
    'Set the direction to IN for a source, to OUT for a destination.',
  ),
  INTERSECTION: error(
    'The rule names the side where it is enforced: it holds for Pods that are in the scope and in that group at once.',
    'Antrea applies a rule to a union of groups. The overlap can be written where one holds the other, or as joined Pod and Namespace criteria of at most 64 combinations; Services and addresses have none.',
    'Apply the rule to the group itself, or use groups of Pods by tag.',
  ),
  SCOPE_IP: error(
    'The scope has members that are no Pods of this cluster: addresses, virtual machines, segments.',
    'Antrea ignores addresses in appliedTo and would enforce on a part only.',
    'Apply the rule to a group of Pods.',
  ),
  SCOPE_FORM: error(
    'The scope is a list of group paths, or ANY alone.',
    'Antrea applies a rule to Pods.',
    'Name group paths only.',
  ),
  ANY_NOT_ALONE: error(
    'ANY must be the only element of its list.',
    'A list with ANY could mean everything or only the rest.',
    'Keep ANY or the rest.',
  ),
  EMPTY_LIST: error(
    'The list is there and empty.',
    'It could mean everything or nothing.',
    'Write ANY, or name what is meant.',
  ),
  ADDRESS_INVALID: error(
    'An address, CIDR or range cannot be read.',
    'Antrea takes CIDRs.',
    'Write it as 10.0.0.1, 10.0.0.0/8, 10.0.0.1-10.0.0.9 or their IPv6 forms.',
  ),
  MULTICAST: error(
    'A multicast address is named.',
    'Multicast may not stand beside other addresses or Pods in Antrea.',
    'Leave multicast out of the group.',
  ),
  FAMILY_SELECTOR: error(
    'The rule is for one IP family only.',
    'Peers selected as Pods cannot be limited to one family in a cluster whose Pods have both.',
    'Use IPV4_IPV6, or groups of addresses.',
  ),
  FAMILY_UNKNOWN: error(
    'ip_protocol is none of IPV4, IPV6, IPV4_IPV6.',
    'A rule is for one family or for both.',
    'Use one of the three.',
  ),
  DUPLICATE_RULE_ID: error(
    'Two rules of the policy have the same rule_id.',
    'Rule names must be unique within a policy.',
    'Delete one of the two and make it anew.',
  ),
  RULE_TOO_LARGE: error(
    'A rule names very many services or addresses.',
    'A rule has at most 256 ports and 1,000 addresses of its own.',
    'Merge ranges, or put the addresses into a group.',
  ),
  VACUOUS_FAMILY: notice(
    'The rule, or its ICMP part, is for an IP family that none of its addresses has, or none of the Pods.',
    'It matches nothing and was left out.',
    'Nothing, if that is wanted.',
  ),
  LOG_LABEL_CHANGED: notice(
    'The log tag has characters a label may not have, or is too long.',
    'They were replaced by dashes; at most 63 characters are kept.',
    'Use letters, digits, dashes, dots and underscores.',
  ),
} satisfies Record<string, CodeText>
