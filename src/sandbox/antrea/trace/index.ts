/**
 * The agents' part of Traceflows: a packet on its way through Services and the policies in force, and what is seen of it.
 * Only the agents half comes in here; it shares nothing with the tests' own judgement of policies.
 */
export type { PolicyView, Verdict } from './decide.ts'
export { decide } from './decide.ts'
export type { Way, WayWorld } from './observe.ts'
export { wayOf } from './observe.ts'
export type { Aim, Packet, PodName, Surroundings } from './packet.ts'
export { aimOf, NoPacket } from './packet.ts'
export type { Tracer } from './tracer.ts'
export { startTracer } from './tracer.ts'
