/** What the cluster has against a policy that translates, and how its realization stands. */
import { type CodeText, error, notice } from './text.ts'

export const CLUSTER_CODES = {
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
  WRITE_FORBIDDEN: error(
    'The policy translates.',
    'The API server does not let the adapter write the object, or a group or tier that it needs; the message names the right.',
    'Grant the rights of docs/rbac.yaml; it is tried again every 30 seconds.',
  ),
  ANTREA_LACKS_FIELD: error(
    'The policy, or a group it uses, needs something that Antrea can say in later versions.',
    "This cluster's CRD does not have the field that the message names; it would be dropped, and the rest would mean something else.",
    'Upgrade Antrea with its CRDs, or change what needs the field; it is tried again when the CRD changes.',
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
  REALIZE_TIMEOUT: error(
    'The policy is to be enforced.',
    'It has not been realized for over a minute; the message says what is missing.',
    'Check antrea-controller and the antrea-agents of the nodes whose Pods it selects; it is told as soon as it is realized.',
  ),
  REALIZATION_UNKNOWN: notice(
    'The policy is one of Kubernetes, which has no status.',
    'It could not be seen for over a minute that antrea-controller and the agents of its nodes have it.',
    'Check antrea-controller and the AntreaAgentInfo of the nodes in the message.',
  ),
} satisfies Record<string, CodeText>
