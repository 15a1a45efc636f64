/** Everything a doctor looks at, on real sockets and in real files, each of which a test can break. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { examine } from '../../../src/cli/doctor.ts'
import { createDoctorWorld } from '../../../src/cli/doctor-world.ts'
import { CHECKS, type Result, type World } from '../../../src/doctor/index.ts'
import { createAuthority } from '../../../src/sandbox/pki.ts'
import { ADAPTER_USER, mayDo } from '../../../src/sandbox/rights.ts'
import type { Handler, ServerRequest, ServerResponse } from '../../../src/world/index.ts'
import { createRealClock } from '../../../src/world/real.ts'
import { type Parts, startParts } from '../../e2e/parts.ts'

type Break = (request: ServerRequest) => ServerResponse | Promise<ServerResponse> | undefined

/** Changes of an answer that was given. */
type Mend = (request: ServerRequest, answer: ServerResponse) => ServerResponse

export interface Scene {
  readonly parts: Parts
  /** Stand in front of the servers; set and taken away by tests. */
  readonly before: { api: Break | undefined; manager: Break | undefined }
  readonly after: { api: Mend | undefined; manager: Mend | undefined }
  readonly forbidden: Set<string>
  /** A configuration file with these settings in place of the right ones; undefined ones are left out. */
  config(settings?: Settings): string
  write(name: string, content: string, mode?: number): string
  /** Runs these checks alone, or all. */
  examine(file: string, only?: readonly string[], world?: Partial<World>): Promise<Result[]>
}

export interface Settings {
  readonly cluster?: object
  readonly nsx?: Readonly<Record<string, unknown>>
  readonly kube?: object
  readonly [setting: string]: unknown
}

export const CLUSTER_NAME = 'e2e'

export async function startScene(context: TestContext): Promise<Scene> {
  const before: Scene['before'] = { api: undefined, manager: undefined }
  const after: Scene['after'] = { api: undefined, manager: undefined }
  const forbidden = new Set<string>()
  const between =
    (which: 'api' | 'manager') =>
    (next: Handler): Handler =>
    async (request) => {
      const broken = await before[which]?.(request)
      const answer = broken ?? (await next(request))
      return after[which]?.(request, answer) ?? answer
    }
  const parts = await startParts(context, {
    beforeApi: between('api'),
    beforeManager: between('manager'),
    authorize: (user, verb, resource, namespace) =>
      !forbidden.has(`${verb} ${resource}`) && mayDo(user, verb, resource, namespace),
  })
  // The identity that the parts themselves registered.
  const path = (name: string) => join(parts.path, name)
  const kubeconfig = parts.kubeconfigFor(parts.apiUrl, parts.authority.ca)
  const write = (name: string, content: string, mode = 0o600) => {
    writeFileSync(path(name), content, { mode })
    return path(name)
  }
  let count = 0
  const state = write('state.sqlite.none', '')
  return {
    parts,
    before,
    after,
    forbidden,
    write,
    config({ cluster, nsx, kube, ...more } = {}) {
      count += 1
      const settings = {
        cluster: { id: parts.clusterId, name: CLUSTER_NAME, ...cluster },
        nsx: {
          url: parts.managerUrl,
          ca: path('ca.crt'),
          cert: path('nsx.crt'),
          key: path('nsx.key'),
          ...nsx,
        },
        kube: { kubeconfig, ...kube },
        serve: { socket: path('none.sock') },
        diagnostics: { file: state.replace('.none', '') },
        ...more,
      }
      return write(`config-${count}.yaml`, JSON.stringify(settings))
    },
    examine: (file, only, world = {}) =>
      examine(
        { config: file },
        CHECKS.filter(({ name }) => only === undefined || only.includes(name)),
        {},
        { ...createDoctorWorld(), ...world },
      ),
  }
}

/** An authority of somebody else, and what it signs. */
export const otherAuthority = (validMs?: number) =>
  createAuthority('somebody else', createRealClock(), validMs)

export { ADAPTER_USER }
