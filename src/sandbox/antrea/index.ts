/**
 * The Antrea stand-in: the outward behaviour of antrea-controller v2.7 and its agents (reference: recorded answers in
 * test/fixtures/antrea), against the embedded API server or a real one. Only the sandbox and tests come in here.
 */
import type { HttpClient } from '../../world/index.ts'
import { createAgents } from './agent/index.ts'
import { createController } from './controller.ts'
import { createCrds, createRoutes } from './install.ts'
import { profileNamed } from './profiles.ts'
import type {
  AgentsOptions,
  ControllerOptions,
  ProfileName,
  StandInAgents,
  StandInController,
  StandInDeps,
} from './types.ts'

export type * from './types.ts'

/** The controller half. Nothing is sent before `start`. */
export function createStandInController(deps: StandInDeps, options?: ControllerOptions): StandInController {
  return createController(deps, options)
}

/** The agents half. Nothing is sent before `start`. */
export function createStandInAgents(deps: StandInDeps, options?: AgentsOptions): StandInAgents {
  return createAgents(deps, options)
}

/**
 * Creates (or brings up to date) Antrea's CustomResourceDefinitions and waits until they are served. Throws
 * STANDIN_REFUSED or STANDIN_NOT_SERVED (kind retry).
 */
export async function installCrds(http: HttpClient, options: { profile?: ProfileName } = {}): Promise<void> {
  await createCrds(http, profileNamed(options.profile))
}

export interface RouteOptions {
  /** Where the handler listens, on loopback. */
  readonly port: number
  /** PEM of the CA of its certificate, whose SAN is DNS:antrea.kube-system.svc. */
  readonly caPem: string
  readonly profile?: ProfileName
}

/**
 * Routes a real API server to the controller half: Service, APIServices and webhook configurations; waits until
 * Available, so the handler has to listen and its controller to run. Throws STANDIN_REFUSED or STANDIN_NOT_SERVED.
 */
export async function installRoutes(http: HttpClient, options: RouteOptions): Promise<void> {
  await createRoutes(http, options)
}
