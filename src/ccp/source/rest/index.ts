/** The complete copy of what NSX wants, from NSX's public REST API where there are no channels (docs/nsx-manager.md). Only ccp comes in here. */
export {
  connectRest,
  followRest,
  type RestDeps,
  type RestMemory,
  restBackoffMs,
  restMemory,
} from './follow.ts'
