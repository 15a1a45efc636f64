/** What a policy as a whole can be refused for. */
import { type CodeText, error, notice } from './text.ts'

export const POLICY_CODES = {
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
    'Set a whole number from 0 to 999999, which is the range that NSX documents.',
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
  CATEGORY_EMPTY: notice(
    'A policy without a category has the lowest precedence, after category Application.',
    'It stands in the tier of Application, behind all policies of that category.',
    'Give it a category if another place is meant.',
  ),
  ORDER_TIE: notice(
    'Several policies of one category have the same sequence_number, and some allow where others deny.',
    'NSX leaves their order open; here it follows from their ids and stays the same.',
    'Give them different sequence numbers so that both sides decide alike.',
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
