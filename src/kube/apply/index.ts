/**
 * Writing whole objects: POST, PUT and DELETE with their preconditions, what was stored compared with what was sent, many
 * at a time and never two for one object. What is written, in which order and why is the channels' own; they come in here.
 */
export { type Lane, refusesContent, runTasks } from './run.ts'
export { createObject, type ObjectKind, removeObject, replaceObject, type Writing } from './write.ts'
