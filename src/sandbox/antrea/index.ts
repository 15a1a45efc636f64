/**
 * The Antrea stand-in: the outward behaviour of antrea-controller v2.7 and its agents (reference: recorded answers in
 * test/fixtures/antrea), against the embedded API server or a real one. Only the sandbox and tests come in here.
 */
import type { HttpClient } from '../../world/index.ts'
import type {
  AgentsOptions,
  ControllerOptions,
  StandInAgents,
  StandInController,
  StandInDeps,
} from './types.ts'

export type * from './types.ts'

/** The controller half. Nothing is sent before `start`. */
export function createStandInController(_deps: StandInDeps, _options?: ControllerOptions): StandInController {
  throw new Error('being written')
}

/** The agents half. Nothing is sent before `start`. */
export function createStandInAgents(_deps: StandInDeps, _options?: AgentsOptions): StandInAgents {
  throw new Error('being written')
}

/** Creates (or brings up to date) Antrea's CustomResourceDefinitions and waits until they are served. */
export async function installCrds(_http: HttpClient): Promise<void> {
  throw new Error('being written')
}

export interface RouteOptions {
  /** Where the handler listens, on loopback. */
  readonly port: number
  /** PEM of the CA of its certificate, whose SAN is DNS:antrea.kube-system.svc. */
  readonly caPem: string
}

/** Routes a real API server to the controller half: Service, APIServices and webhook configurations; waits until Available. */
export async function installRoutes(_http: HttpClient, _options: RouteOptions): Promise<void> {
  throw new Error('being written')
}
