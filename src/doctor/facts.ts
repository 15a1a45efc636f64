/** What several checks stand on, read once: the configuration and the peers. */
import type { LoadedConfig } from '../config/index.ts'
import type { NsxRest } from '../nsx/index.ts'
import { type Facts, type KubePeer, type NsxPeer, Unmet, type World } from './types.ts'

export interface FactSources {
  readonly world: World
  loadConfig(): LoadedConfig
  openKube(config: LoadedConfig | undefined): Promise<KubePeer>
  openManagers(config: LoadedConfig): readonly NsxPeer[]
  openRest(config: LoadedConfig): NsxRest
}

export interface OpenFacts extends Facts {
  /** Closes what was opened. */
  close(): Promise<void>
}

/** Nothing is opened before a check asks for it. */
export function createFacts(sources: FactSources): OpenFacts {
  const rawConfig = once(() => sources.loadConfig())
  const config = () => orUnmet(rawConfig, 'config-valid')
  const kube = once(async () => sources.openKube(attempt(rawConfig)))
  const managers = once(() => sources.openManagers(config()))
  const rest = once(() => sources.openRest(config()))
  return {
    world: sources.world,
    rawConfig,
    config,
    kubeRaw: kube,
    kube: async () => {
      try {
        return await kube()
      } catch {
        throw new Unmet('kubeconfig')
      }
    },
    managers: () => {
      config()
      return ofIdentity(managers)
    },
    rest: () => {
      config()
      return ofIdentity(rest)
    },
    async close() {
      const opened = [
        kube.wasCalled() ? kube().then(({ http }) => http.close()) : undefined,
        ...(managers.wasCalled() ? (attempt(managers) ?? []).map(({ http }) => http.close()) : []),
        rest.wasCalled() ? attempt(rest)?.close() : undefined,
      ]
      await Promise.allSettled(opened)
    },
  }
}

function once<T>(make: () => T): (() => T) & { wasCalled(): boolean } {
  let made: { readonly value: T } | { readonly error: unknown } | undefined
  const get = () => {
    if (made === undefined)
      try {
        made = { value: make() }
      } catch (error) {
        made = { error }
      }
    if ('error' in made) throw made.error
    return made.value
  }
  return Object.assign(get, { wasCalled: () => made !== undefined })
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

/** Peers of NSX are opened with the certificate; which check says what is wrong with it is told by the error. */
function ofIdentity<T>(open: () => T): T {
  try {
    return open()
  } catch (error) {
    throw new Unmet(/CN=/.test((error as Error).message) ? 'certificate-name' : 'nsx-certificate')
  }
}

function orUnmet<T>(work: () => T, check: string): T {
  try {
    return work()
  } catch {
    throw new Unmet(check)
  }
}
