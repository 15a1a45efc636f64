/**
 * What NSX is told of each policy of the cluster. policies, native, kubernetes and status judge one policy each and are
 * pure; settle decides what is shown of a judgement and for how long; others keeps the policies that NSX did not make;
 * board puts all together for the reports. Only the channel's index.ts, its enforcement and tests come in here.
 */
export type { AgentHealth } from './agents.ts'
export { type Board, createBoard, type NsxPolicies, type Told } from './board.ts'
export { type AgentAsk, createFlows, type FlowQuestion, type Flows } from './flows.ts'
export {
  judgeKubePolicy,
  type KubeEvidence,
  type KubePolicy,
  kubePolicyPath,
} from './kubernetes.ts'
export { createOthers, type Others, type OthersDeps, type OthersStores } from './others.ts'
export { judgePolicies, type PoliciesInput } from './policies.ts'
export { type Shown, settle } from './settle.ts'
export { createSpans, selects } from './spans.ts'
export { judgeStatus, standing, type WithStatus } from './status.ts'
export { createStandingTimes, type StandingTimes } from './times.ts'
export { type Realized, sameItem, type Verdict } from './types.ts'
