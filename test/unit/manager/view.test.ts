/** A cluster's set, kept change by change, is what one would read from nothing; and it is what the spans reach. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createFrames, createView } from '../../../src/manager/clusters/index.ts'
import { createPolicyStore, PATHS, type PolicyStore } from '../../../src/manager/policy/index.ts'
import { placeOf } from '../../../src/manager/policy/kinds.ts'
import { writePredefined } from '../../../src/manager/policy/predefined.ts'
import type { PolicyTransaction } from '../../../src/manager/policy/store.ts'
import { removeObject, writeObject } from '../../../src/manager/policy/write.ts'
import { NsxApiError } from '../../../src/manager/rest/index.ts'
import { createFakeClock, createSeededRandom } from '../../fakes/clock.ts'

const CLUSTERS = ['one', 'two'].map((name) => `${PATHS.clusterControlPlanes}/${name}`)
const group = (n: number) => `${PATHS.domain}/groups/g${n}`
const policy = (n: number) => `${PATHS.domain}/security-policies/p${n}`
const service = (n: number) => `${PATHS.services}/s${n}`

const write = (tx: PolicyTransaction, path: string, body: Record<string, unknown>, uuid: () => string) => {
  const place = placeOf(path.slice(1).split('/'))
  assert.ok(place?.id !== undefined)
  writeObject(tx, { ...place, id: place.id }, body, { mode: 'put', uuid })
}

const n = fc.nat(3)
const edit = fc.oneof(
  fc.record({ do: fc.constant('group' as const), n, of: fc.array(n, { maxLength: 2 }), text: fc.nat(3) }),
  fc.record({ do: fc.constant('service' as const), n, of: fc.option(n) }),
  fc.record({
    do: fc.constant('policy' as const),
    n,
    groups: fc.array(n, { maxLength: 2 }),
    services: fc.array(n, { maxLength: 2 }),
  }),
  fc.record({ do: fc.constant('rule' as const), n, of: n, gone: fc.boolean() }),
  fc.record({ do: fc.constant('span' as const), n, cluster: fc.nat(1), gone: fc.boolean() }),
  fc.record({ do: fc.constant('delete' as const), n, what: fc.constantFrom(group, policy, service) }),
)
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never

function apply(tx: PolicyTransaction, one: Edit, uuid: () => string) {
  const put = (path: string, body: Record<string, unknown>) => {
    const revision = tx.get(path)?.revision
    write(tx, path, { ...body, ...(revision === undefined ? {} : { _revision: revision }) }, uuid)
  }
  switch (one.do) {
    case 'group':
      return put(group(one.n), {
        description: `${one.text}`,
        expression:
          one.of.length === 0 ? [] : [{ resource_type: 'PathExpression', paths: one.of.map(group) }],
      })
    case 'service':
      return put(service(one.n), {
        service_entries:
          one.of === null
            ? []
            : [{ id: 'e', resource_type: 'NestedServiceServiceEntry', nested_service_path: service(one.of) }],
      })
    case 'policy':
      return put(policy(one.n), {
        category: 'Application',
        scope: one.groups.slice(0, 1).map(group),
        rules: [
          {
            id: 'r',
            action: 'ALLOW',
            source_groups: one.groups.map(group),
            services: one.services.map(service),
          },
        ],
      })
    case 'rule': {
      const path = `${policy(one.n)}/rules/own`
      return one.gone ? removeObject(tx, path) : put(path, { action: 'DROP', source_groups: [group(one.of)] })
    }
    case 'span': {
      const path = `${policy(one.n)}/container-cluster-span/c${one.cluster}`
      return one.gone ? removeObject(tx, path) : put(path, { container_cluster_path: CLUSTERS[one.cluster] })
    }
    case 'delete':
      return removeObject(tx, one.what(one.n))
  }
}

/** The set, found the slow way and without the code under test. */
function reach(store: PolicyStore, cluster: string): string[] {
  const seen = new Set<string>()
  const visit = (path: string): void => {
    const object = store.get(path)
    if (object === undefined || seen.has(path)) return
    seen.add(path)
    const parts = [...store.children(path, 'Rule'), ...store.children(path, 'ServiceEntry')]
    for (const target of [object, ...parts].flatMap(({ references }) => references)) visit(target)
  }
  for (const { path } of store.children(PATHS.domain, 'SecurityPolicy'))
    if (
      store
        .children(path, 'SecurityPolicyContainerCluster')
        .some(({ own }) => own['container_cluster_path'] === cluster)
    )
      visit(path)
  return [...seen].sort()
}

test('change by change or at once: the same set, and the one the spans reach', () => {
  let members = 0
  fc.assert(
    fc.property(
      fc.array(fc.array(edit, { minLength: 1, maxLength: 4 }), { minLength: 10, maxLength: 40 }),
      (transactions) => {
        const random = createSeededRandom(3)
        const uuid = () => random.uuid()
        const store = createPolicyStore(createFakeClock(), random)
        writePredefined(store, uuid)
        store.transact('u', (tx) => {
          for (const path of CLUSTERS) write(tx, path, {}, uuid)
          for (let at = 0; at < 4; at += 1) {
            write(tx, group(at), {}, uuid)
            write(tx, service(at), {}, uuid)
            write(tx, policy(at), { category: 'Application' }, uuid)
          }
        })
        const frames = createFrames(store)
        const views = CLUSTERS.map((path) => createView({ store, frames, path, historyCommitsMax: 9 }))
        store.subscribe((change) => {
          for (const view of views) view.update(change)
        })
        for (const edits of transactions) {
          try {
            store.transact('u', (tx) => {
              for (const one of edits) apply(tx, one, uuid)
            })
          } catch (error) {
            // Refused for a broken reference or a missing parent: nothing changed.
            if (!(error instanceof NsxApiError)) throw error
          }
          for (const [index, view] of views.entries()) {
            const path = CLUSTERS[index]!
            const anew = createView({ store, frames: createFrames(store), path, historyCommitsMax: 9 })
            assert.equal(view.digest(), anew.digest())
            const paths = view.entries().map((entry) => entry.path)
            assert.deepEqual(paths.sort(), reach(store, path))
            members += paths.length
          }
        }
      },
    ),
    { numRuns: 60 },
  )
  assert.ok(members > 2_000, `something was reached: ${members}`)
})
