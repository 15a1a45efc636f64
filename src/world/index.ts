/**
 * What the world gives: clock, randomness and transport, as arguments. Types and small pure helpers only; the real
 * ones are in real.ts, which `main.ts`, the command line and the tests alone may import.
 */
export { backoffMs } from './backoff.ts'
export type { Clock, Timer } from './clock.ts'
export { sleep } from './clock.ts'
export type {
  Handler,
  HttpClient,
  HttpMethod,
  HttpRequest,
  HttpResponse,
  Lane,
  Peer,
  ServerRequest,
  ServerResponse,
} from './http.ts'
export { inParallel } from './parallel.ts'
export type { Random } from './random.ts'
export { createReplaceableClient, type ReplaceableClient } from './replaceable.ts'
export { inSlices } from './slices.ts'
export { runSteps, type Steps, sortSteps } from './steps.ts'
export { until } from './until.ts'
