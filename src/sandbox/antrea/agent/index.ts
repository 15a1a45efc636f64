/** The agents half of the stand-in: one agent for each Node, which knows nothing but the APIs. Only the stand-in's index comes in here. */
export { createAgents } from './agents.ts'
export { delegatedAccess } from './api.ts'
