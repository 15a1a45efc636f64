/** Egress groups: the Pods whose traffic leaves by an Egress. */
import type { LabelSelector } from '../model.ts'
import type { ComputedGroup } from './engine.ts'
import type { Resolver } from './resolver.ts'
import { type GroupSelector, keyOfSelector } from './selectors.ts'
import { createSpanStore, NOWHERE, type SpanStore } from './store.ts'
import type { Member } from './wire.ts'

export interface EgressSource {
  readonly uid: string
  readonly appliedTo: { readonly podSelector?: LabelSelector; readonly namespaceSelector?: LabelSelector }
}

export interface EgressGroups {
  readonly store: SpanStore<ComputedGroup>
  changed(name: string, now: EgressSource | undefined): void
  settle(): void
}

const selectorOf = ({ appliedTo }: EgressSource): GroupSelector => ({
  ...(appliedTo.podSelector === undefined ? {} : { podSelector: appliedTo.podSelector }),
  ...(appliedTo.namespaceSelector === undefined ? {} : { namespaceSelector: appliedTo.namespaceSelector }),
})

/** Only the name of the Pod is told. */
const bare = (members: ReadonlyMap<string, Member>): Map<string, Member> =>
  new Map(
    [...members.values()].map(({ node, wire }) => {
      const shown = wire.pod === undefined ? {} : { pod: wire.pod }
      const key = JSON.stringify(shown)
      return [key, { key, node, wire: shown }]
    }),
  )

export function createEgressGroups(resolver: Resolver): EgressGroups {
  const store = createSpanStore<ComputedGroup>()
  const sources = new Map<string, { readonly uid: string; readonly selector: GroupSelector }>()
  const placeOf = (name: string) => `egress ${name}`
  return {
    store,
    changed(name, now) {
      resolver.forget('T', placeOf(name))
      if (now === undefined) sources.delete(name)
      else sources.set(name, { uid: now.uid, selector: selectorOf(now) })
    },
    settle() {
      for (const [name, { object }] of [...store.entries()])
        if (sources.get(name)?.uid !== object.uid) store.remove(name)
      for (const [name, { uid, selector }] of sources) {
        // A new one is shown before its members are known, as the real one does.
        if (store.get(name) === undefined) store.put(name, { name, uid, members: new Map() }, NOWHERE)
        const source = { kind: 'selector', key: keyOfSelector(selector), selector } as const
        const found = resolver.appliedTo(placeOf(name), source)
        if (found === undefined) continue
        const members = bare(found)
        store.put(name, { name, uid, members }, new Set([...members.values()].map(({ node }) => node)))
      }
    },
  }
}
