/** The one place where warnings and component states are kept while the process lives. */
import type { Clock } from '../world/index.ts'
import { WARNINGS, type Warning, type WarningCode } from './warnings.ts'

export type ComponentName = 'adapter' | 'lease' | 'ccp' | 'mp'

export interface ActiveWarning {
  readonly code: WarningCode
  readonly title: string
  readonly severity: Warning['severity']
  readonly text: string
  /** What it is about: names, counts, the error's own sentence. */
  readonly detail: string
  /** Milliseconds since 1970. */
  readonly since: number
}

export interface ComponentState {
  readonly state: string
  readonly since: number
}

export interface Health {
  /**
   * Raises a warning or renews its detail; `since` stays that of the first. Who shares a code with others says its
   * `source`: the warning stands as long as one of them has raised it.
   */
  set(code: WarningCode, detail: string, source?: string): void
  clear(code: WarningCode, source?: string): void
  /** What a person should see now: old enough, and not explained by another one. */
  warnings(): ActiveWarning[]
  /** Those of them that keep the adapter from being ready. */
  blocking(): ActiveWarning[]
  /** The chart's state value in words, set by the inspection hook. */
  setComponent(name: ComponentName, state: string): void
  component(name: ComponentName): ComponentState | undefined
  /** Called after every change; returns the unsubscribe. */
  subscribe(listener: () => void): () => void
}

interface Raised {
  /** By source. */
  readonly details: Map<string, string>
  readonly since: number
  readonly raisedMs: number
}

/** An empty registry on the given clock. */
export function createHealth(clock: Clock): Health {
  const raised = new Map<WarningCode, Raised>()
  const components = new Map<ComponentName, ComponentState>()
  const listeners = new Set<() => void>()
  const changed = () => {
    for (const listener of listeners) listener()
  }
  const visible = (code: WarningCode): boolean => {
    const warning: Warning = WARNINGS[code]
    const entry = raised.get(code)
    if (entry === undefined || clock.monotonicMs() - entry.raisedMs < warning.visibleAfterMs) return false
    return !(warning.dependsOn ?? []).some((cause) => raised.has(cause as WarningCode))
  }
  const warnings = () =>
    [...raised.keys()].filter(visible).map((code) => {
      const { title, severity, text } = WARNINGS[code]
      const entry = raised.get(code)!
      return { code, title, severity, text, detail: detailOf(entry), since: entry.since }
    })
  return {
    warnings,
    blocking: () => warnings().filter(({ code }) => (WARNINGS[code] as Warning).blocksReady === true),
    set(code, detail, source = '') {
      const entry = raised.get(code)
      if (entry?.details.get(source) === detail) return
      if (entry !== undefined) entry.details.set(source, detail)
      else
        raised.set(code, {
          details: new Map([[source, detail]]),
          since: clock.now(),
          raisedMs: clock.monotonicMs(),
        })
      changed()
    },
    clear(code, source = '') {
      const entry = raised.get(code)
      if (entry === undefined || !entry.details.delete(source)) return
      if (entry.details.size === 0) raised.delete(code)
      changed()
    },
    setComponent(name, state) {
      if (components.get(name)?.state === state) return
      components.set(name, { state, since: clock.now() })
      changed()
    },
    component: (name) => components.get(name),
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** What the sources say, each sentence once. */
const detailOf = ({ details }: Raised): string => [...new Set(details.values())].sort().join('; ')
