/** What has to be written and in which order, as a value. Pure. Only ccp comes in here. */

export { isTemporaryName } from './changes.ts'
export { isRealized } from './deletes.ts'
export { groupsOfStored } from './groups.ts'
export {
  isAsWritten,
  isComputed,
  isGroupAsWritten,
  listNames,
  parentName,
  storedGroupHash,
  storedPolicyHash,
} from './inventory.ts'
export { plan, planSteps } from './plan.ts'
export { type ClusterObjects, createPlanner, type Objects, type Planner } from './planner.ts'
export type * from './types.ts'
export { objectRef, STAGES, stepText } from './types.ts'
