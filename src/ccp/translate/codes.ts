/**
 * Why a policy is held, or what is worth knowing about one that is not. `explain CODE` prints this; the realization
 * report carries the code. ERROR holds the whole policy; NOTICE does not.
 */
export interface CodeText {
  readonly severity: 'ERROR' | 'NOTICE'
  /** What NSX says. */
  readonly nsx: string
  /** What Antrea can say. */
  readonly antrea: string
  /** What to change. */
  readonly change: string
}

const error = (nsx: string, antrea: string, change: string): CodeText => ({
  severity: 'ERROR',
  nsx,
  antrea,
  change,
})
const notice = (nsx: string, antrea: string, change: string): CodeText => ({
  severity: 'NOTICE',
  nsx,
  antrea,
  change,
})

const POLICY_CODES = {
  NO_UNIQUE_ID: error(
    'Every policy and group has a unique_id, a UUID.',
    'Objects are named by it; without it their owner cannot be told.',
    'Check what made the object; a manager that gives no UUID cannot be followed.',
  ),
  DUPLICATE_ID: error(
    'Two objects carry the same unique_id.',
    'One name holds one object.',
    'Delete one of the two and make it anew, so that NSX gives it an id of its own.',
  ),
  BODY_MALFORMED: error(
    'A field has another type than the NSX API says.',
    'Nothing can be read from it with certainty.',
    'Compare the object with the NSX API reference; the message names the field.',
  ),
  OBJECT_TOO_LARGE: error(
    'The object is over the line limit of the channel.',
    'It came without its body.',
    'Split the object: fewer rules, or fewer members in one group.',
  ),
  CATEGORY_ETHERNET: error(
    'Category Ethernet filters layer 2.',
    'Antrea policy begins at layer 3.',
    'Use Emergency, Infrastructure, Environment or Application.',
  ),
  CATEGORY_UNKNOWN: error(
    'The category is none of the four that Antrea clusters have.',
    'There is a tier for Emergency, Infrastructure, Environment and Application.',
    'Move the policy to one of the four.',
  ),
  SEQUENCE_NUMBER: error(
    'sequence_number orders policies and rules; it is a whole number from 0.',
    'The priority is made from it by a formula that never moves a neighbour.',
    'Set a whole number from 0 to 999999.',
  ),
  PRIORITY_CAPACITY: error(
    'NSX has no such limit.',
    'An agent has 50,000 rule priorities in each direction for all policies together.',
    'Merge or delete rules; the policies of lowest precedence are held.',
  ),
  STATELESS: error(
    'stateful=false lets replies be judged by rules of their own.',
    'Antrea policy is always stateful: replies to what is allowed pass.',
    'Make the policy stateful.',
  ),
  SCHEDULE: error(
    'A scheduler turns the policy on and off by time.',
    'Antrea has no schedules; it would be enforced always.',
    'Remove the scheduler from the policy.',
  ),
  CONNECTIVITY_STRATEGY: error(
    'The connectivity strategy adds a default rule of its own.',
    'The rule is not in the policy, so it cannot be reproduced.',
    'Set the strategy to NONE and write the rule into the policy.',
  ),
  PROJECT_SCOPE: error(
    'The object lives in a project (/orgs/…).',
    'Antrea clusters take policy from the default space only.',
    'Move the policy and its groups to /infra.',
  ),
  GLOBAL_OBJECT: error(
    'The object comes from a global manager.',
    'Antrea clusters are not reached by federation.',
    'Use a local policy and local groups.',
  ),
  EMPTY_POLICY: notice(
    'No rule of the policy is enabled, or none matches anything.',
    'There is nothing to enforce, so there is no object in the cluster.',
    'Nothing, if that is wanted.',
  ),
  ORDER_PROBED: notice(
    'Two policies of one sequence_number fell on the same place.',
    'One of them was moved up by the smallest step; NSX leaves their order open.',
    'Give them different sequence numbers if their order matters.',
  ),
  RULE_SCOPE_IGNORED: notice(
    "The policy's own scope wins over that of its rules.",
    "The rules are applied to the policy's scope.",
    "Remove the policy's scope to use that of the rules.",
  ),
} satisfies Record<string, CodeText>

const RULE_CODES = {
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

const SERVICE_CODES = {
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

const GROUP_CODES = {
  GROUP_MISSING: error(
    'A group that a rule names is not there.',
    'The rule cannot be written without it; with it left out, it would match more or less.',
    'Check the group path.',
  ),
  GROUP_CYCLE: error(
    'A group contains itself.',
    'Its members cannot be told.',
    'Remove the nesting that leads back.',
  ),
  GROUP_TOO_LARGE: error(
    'A group has very many criteria or addresses.',
    'At most 50,000 addresses and 500 criteria are written.',
    'Split the group.',
  ),
  EXPRESSION_MALFORMED: error(
    'An expression alternates operands and conjunctions.',
    'This one does not, so its meaning is open.',
    'Correct the expression.',
  ),
  CONDITION_EMPTY: error(
    'A condition has no value.',
    'It would match nothing or everything.',
    'Fill in or remove the condition.',
  ),
  MEMBER_UNSUPPORTED: error(
    'A group criterion names members that Antrea does not know.',
    'Pods by tag, Namespaces by name or tag, addresses and nested groups are translated.',
    'Use these.',
  ),
  GENERIC_GROUP: error(
    'A group has virtual machines, segments or ports as members.',
    'They are not in the cluster.',
    'Use a group of addresses.',
  ),
  SERVICE_MEMBER: error(
    'A group criterion names Kubernetes Services.',
    'Services as members are not translated.',
    'Use the tags of the Pods behind the Service.',
  ),
  POD_NAME: error(
    'Pods are chosen by name.',
    'A selector knows labels, not names.',
    'Use a tag of the Pods.',
  ),
  OPERATOR: error(
    'The operator is not EQUALS or NOTEQUALS.',
    'A selector compares whole label values.',
    'Use EQUALS or NOTEQUALS.',
  ),
  SCOPE_NOTEQUALS: error(
    "A tag's scope is compared with NOTEQUALS.",
    'A selector names one label key.',
    'Use EQUALS for the scope.',
  ),
  TAG_WITHOUT_SCOPE: error(
    'A tag is named without its scope.',
    'A label value without its key matches nothing that a selector can say.',
    'Write scope|tag; the scope is dis:k8s: and the label key.',
  ),
  LABEL_INVALID: error(
    'The tag is no valid label key or value.',
    'No Pod can carry it, and the API server refuses the selector.',
    'Use the label as it is on the Pods.',
  ),
  LABEL_UNRESOLVED: error(
    'The scope is so long that the inventory may have shortened it.',
    'The label key cannot be told from it.',
    'Use a label with a key of fewer than 120 characters.',
  ),
  AND_IP: error(
    'Addresses are joined to other criteria with AND.',
    'A group of addresses stands for itself in Antrea.',
    'Use OR, or separate groups.',
  ),
  AND_GROUP: error(
    'Nested groups are joined to other criteria with AND.',
    'Members of groups can only be added up.',
    'Write the criteria into one group.',
  ),
  EMPTY_GROUP: notice(
    'A group has no criteria.',
    'It matches nothing, and so do rules that need it.',
    'Nothing, if that is wanted.',
  ),
} satisfies Record<string, CodeText>

const CLUSTER_CODES = {
  NAME_CONFLICT: error(
    'The policy, or a group it uses, needs a name in the cluster.',
    'An object that is not ours has it.',
    'Rename or delete the foreign object.',
  ),
  TIER_CONFLICT: error(
    "The policy's category needs its tier.",
    'The tier has another priority, or another tier has this one; a tier cannot be moved.',
    'Change the `tiers` setting or the tier.',
  ),
  HELD_DRIFT: error(
    'The policy is held.',
    'Its object was changed by hand and nobody remembers its old form.',
    'Correct the policy in NSX so that it translates, or delete the object.',
  ),
  WRITE_REFUSED: error(
    'The policy translates.',
    'The API server or an admission webhook refuses the object; the message says why.',
    'Change the policy or what refuses it; it is tried again when the policy changes, and every 10 minutes.',
  ),
  FIELD_PRUNED: error(
    'The policy translates.',
    "The cluster's CRD does not know a field and dropped it; the object was put back as it was.",
    'Upgrade Antrea or its CRDs.',
  ),
  REALIZATION_FAILED: error(
    'The policy is written.',
    'A node reports that it could not enforce it.',
    'See the message and the antrea-agent log of that node.',
  ),
  WRITE_PENDING: notice(
    'The policy translates.',
    'It could not be written yet and is tried again; the message says why.',
    'Nothing, unless it lasts.',
  ),
  REALIZE_TIMEOUT: notice(
    'The policy is written.',
    'Some nodes have not reported it as enforced for over a minute.',
    'Check the antrea-agents of the nodes whose Pods it selects.',
  ),
} satisfies Record<string, CodeText>

export const CODES = { ...POLICY_CODES, ...RULE_CODES, ...SERVICE_CODES, ...GROUP_CODES, ...CLUSTER_CODES }

export type Code = keyof typeof CODES
