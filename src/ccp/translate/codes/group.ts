/** What a group can be refused for. */
import { type CodeText, error, notice } from './text.ts'

export const GROUP_CODES = {
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
    'At most 200,000 addresses and 500 criteria are written.',
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
    'Pods by tag, Namespaces by name or tag, Services by name, addresses, nested groups, and what NSX knows the addresses of are translated.',
    'Use these.',
  ),
  GROUP_MEMBERS_MISSING: error(
    'The group has virtual machines, segments or other members outside the cluster; NSX tells their addresses.',
    'They are written as addresses, but have not come over the channel: the manager does not know them, or not yet.',
    'Wait a minute; then look at the effective members of the group in NSX, or use a group of addresses.',
  ),
  MEMBERS_MIXED: error(
    'A criterion joins Pods or Namespaces with members outside the cluster by AND.',
    'No member is both.',
    'Use OR, or separate groups.',
  ),
  SERVICE_MEMBER: error(
    'A criterion names Kubernetes Services in another way than one name in one Namespace.',
    'Antrea takes the Pods behind one Service, by its name and that of its Namespace.',
    'Use Service Name EQUALS and Namespace Name EQUALS, one of each.',
  ),
  SERVICE_NO_NAMESPACE: error(
    'A criterion names a Service without its Namespace.',
    'A Service is found by its name and that of its Namespace.',
    'Add Namespace Name EQUALS to the criterion.',
  ),
  SERVICE_WITH_POD: error(
    'A criterion joins a Service and conditions on Pods with AND.',
    'The Pods behind a Service cannot be chosen from in Antrea.',
    'Use the tags of the Pods alone.',
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
