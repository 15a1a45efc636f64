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
    'Everything but the named groups is meant.',
    'Antrea has no negated peer that holds for addresses and Pods alike.',
    'Name the groups that are meant, or put a rule for the exception before.',
  ),
  CONTEXT_PROFILE: error(
    'Context profiles look into the application protocol.',
    'There is no exact counterpart.',
    'Remove the profiles from the rule.',
  ),
  DIRECTION_FORM: error(
    'An IN_OUT rule is enforced at both ends: also where its source (or destination) itself is in the scope.',
    'That half needs Pods in both the scope and the group; this group has members that are no Pods.',
    'Set the direction to IN for a source, to OUT for a destination.',
  ),
  INTERSECTION: error(
    'The rule holds for Pods that are in the scope and in the group at once.',
    'Only Pod and Namespace criteria can be intersected, and no more than 64 combinations.',
    'Apply the rule to the group itself, or simplify the criteria.',
  ),
  SCOPE_IP: error(
    'The scope has addresses in it.',
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
    'Peers selected as Pods cannot be limited to one family.',
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
    'The rule is for an IP family that none of its addresses has.',
    'It matches nothing and was left out.',
    'Nothing, if that is wanted.',
  ),
  LOG_LABEL_CHANGED: notice(
    'The log tag has characters a label may not have, or is too long.',
    'They were replaced by dashes; at most 63 characters are kept.',
    'Use letters, digits, dashes, dots and underscores.',
  ),
} satisfies Record<string, CodeText>
