/** Carrying out steps: what stops, what goes on, what is put back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applySteps } from '../../../src/ccp/apply.ts'
import type { Refusal, Step } from '../../../src/ccp/plan/index.ts'
import { needsPerson, retry } from '../../../src/errors.ts'
import type { KubeClient, KubeObject } from '../../../src/kube/index.ts'
import { SILENT } from '../../../src/log/index.ts'
import { CLUSTER, ModelCluster } from './model.ts'
import { policy, rule, translate, uuid } from './objects.ts'

type Change = (object: KubeObject) => KubeObject

/** A client over a map, with optimistic concurrency; `before` may throw, `store` may change what is stored. */
function world(options: { before?: (verb: string, name: string) => void; store?: Change } = {}) {
  const objects = new Map<string, KubeObject>()
  const calls: string[] = []
  let version = 0
  const note = (verb: string, name: string) => {
    calls.push(`${verb} ${name}`)
    options.before?.(verb, name)
  }
  const keep = (object: KubeObject): KubeObject => {
    version += 1
    const changed = (options.store ?? ((one) => one))(object)
    const stored = {
      ...changed,
      metadata: {
        ...object.metadata,
        uid: object.metadata.uid ?? `u${version}`,
        resourceVersion: `v${version}`,
        managedFields: [{ manager: 'antrea-nsx-adapter' }],
      },
    }
    objects.set(object.metadata.name, stored)
    return stored
  }
  const check = (object: KubeObject) => {
    if (objects.get(object.metadata.name)?.metadata.resourceVersion !== object.metadata.resourceVersion)
      throw retry('KUBE_CONFLICT', 'changed')
  }
  const kube: KubeClient = {
    get: async <T extends KubeObject>(_: unknown, name: string) => {
      note('get', name)
      return objects.get(name) as T | undefined
    },
    list: async () => [],
    listMetadata: async () => [],
    create: async <T extends KubeObject>(_: unknown, object: T) => {
      note('create', object.metadata.name)
      return keep(object) as T
    },
    replace: async <T extends KubeObject>(_: unknown, object: T) => {
      note('replace', object.metadata.name)
      check(object)
      return keep(object) as T
    },
    delete: async (_, object) => {
      note('delete', object.metadata.name)
      check(object)
      objects.delete(object.metadata.name)
    },
  }
  const refused = new Map<string, Refusal>()
  const run = (steps: readonly Step[], isTierFresh = true) =>
    applySteps(
      steps,
      {
        kube,
        log: SILENT,
        clusterId: CLUSTER,
        onWritten: () => {},
        onRefused: (ref, refusal) => void refused.set(ref, refusal),
        isTierFresh: () => isTierFresh,
      },
      new AbortController().signal,
    )
  return { objects, calls, refused, run, keep }
}

const WANTED = translate(policy('a', 1, [rule(1)]), policy('b', 2, [rule(1)]))
const cluster = new ModelCluster()
const CREATE = cluster.plan(WANTED).steps

test('the tier is looked for before it is made, then policies follow in their order', async () => {
  const { calls, run } = world()
  const outcome = await run(CREATE)
  assert.deepEqual([outcome.kind, outcome.writes], ['done', 3])
  assert.deepEqual(calls.slice(0, 2), ['get nsx-category-application', 'create nsx-category-application'])
  assert.equal(calls.length, 4)
})

test('a failure that passes stops the plan: nothing is deleted behind it', async () => {
  const w = world({
    before: (verb, name) => {
      if (verb === 'create' && name === uuid(1)) throw retry('KUBE_SERVER_ERROR', 'busy')
    },
  })
  const old = w.keep({ ...stored(world()), metadata: { name: uuid(9) } }) as ReturnType<typeof stored>
  const outcome = await w.run([...CREATE, { kind: 'delete-policy', stage: 'delete-policies', base: old }])
  assert.equal(outcome.kind === 'failed' && outcome.error.code, 'KUBE_SERVER_ERROR')
  assert.ok(w.objects.has(uuid(9)))
})

test('a refusal for good holds only its own policy', async () => {
  const { objects, refused, run } = world({
    before: (verb, name) => {
      if (verb === 'create' && name === uuid(1)) throw needsPerson('KUBE_ADMISSION_DENIED', 'acnp says no')
    },
  })
  const outcome = await run(CREATE)
  assert.equal(outcome.kind, 'again')
  assert.ok(objects.has(uuid(2)))
  const [[ref, refusal] = []] = [...refused]
  assert.deepEqual(
    [ref, refusal?.code, refusal?.message],
    [`policy ${uuid(1)}`, 'WRITE_REFUSED', 'acnp says no'],
  )
  assert.equal(refusal?.specHash, WANTED.policies.find(({ name }) => name === uuid(1))?.specHash)
})

test('what nobody may write is planned around; a few tries tell for all of a kind', async () => {
  const tried: string[] = []
  const { objects, refused, run } = world({
    before: (verb, name) => {
      tried.push(`${verb} ${name}`)
      if (verb === 'create') throw needsPerson('KUBE_FORBIDDEN', 'no rights')
    },
  })
  const [policy] = CREATE.flatMap((step) => (step.kind === 'create-policy' ? [step.object] : []))
  const many = Array.from({ length: 30 }, (_, n): Step => {
    const object = { ...policy!, metadata: { ...policy!.metadata, name: uuid(100 + n) } }
    return { kind: 'create-policy', stage: 'policies', object }
  })
  const outcome = await run(many)
  assert.deepEqual([outcome.kind, outcome.writes, objects.size], ['again', 0, 0])
  assert.equal(refused.size, 30)
  for (const { code, message } of refused.values())
    assert.deepEqual([code, message], ['WRITE_FORBIDDEN', 'no rights'])
  assert.equal(tried.length, 3)
})

test('a right that is missing for one object by name holds no other', async () => {
  const bases = [1, 2, 3, 4, 5, 6].map((n) => {
    const [object] = CREATE.flatMap((step) => (step.kind === 'create-policy' ? [step.object] : []))
    return { ...object!, metadata: { ...object!.metadata, name: uuid(n) } }
  })
  const { objects, refused, run } = world({
    before: (_, name) => {
      if ([uuid(2), uuid(3), uuid(5)].includes(name)) throw needsPerson('KUBE_FORBIDDEN', 'not this one')
    },
  })
  const outcome = await run(
    bases.map((object): Step => ({ kind: 'create-policy', stage: 'policies', object })),
  )
  assert.equal(outcome.kind, 'again')
  assert.deepEqual([...objects.keys()].sort(), [uuid(1), uuid(4), uuid(6)])
  assert.deepEqual(
    [...refused.keys()],
    [2, 3, 5].map((n) => `policy ${uuid(n)}`),
  )
})

test('a delete that is forbidden stops what comes after it', async () => {
  const w = world({
    before: (verb) => {
      if (verb === 'delete') throw needsPerson('KUBE_FORBIDDEN', 'no rights')
    },
  })
  const base = stored(w)
  const outcome = await w.run([{ kind: 'delete-policy', stage: 'delete-policies', base }])
  assert.equal(outcome.kind === 'failed' && outcome.error.code, 'KUBE_FORBIDDEN')
  assert.equal(w.refused.size, 0)
})

test('a tier that antrea-controller does not know is a lagging cache at first, and a refusal later', async () => {
  const before = (verb: string, name: string) => {
    if (verb === 'create' && name === uuid(1)) throw retry('TIER_NOT_KNOWN', 'tier does not exist')
  }
  assert.equal((await world({ before }).run(CREATE, true)).kind, 'failed')
  assert.equal((await world({ before }).run(CREATE, false)).kind, 'again')
})

const stored = (w: ReturnType<typeof world>) => {
  const [object] = CREATE.flatMap((step) => (step.kind === 'create-policy' ? [step.object] : []))
  return w.keep(object!) as typeof object & KubeObject
}

test('a status in between does not stop a write; another spec does', async () => {
  const w = world()
  const base = stored(w)
  const object = { ...base, spec: { ...base.spec, priority: 7 } }
  const step: Step = { kind: 'replace-policy', stage: 'policies', base, object }
  w.keep({ ...base, status: { phase: 'Realized' } })
  assert.equal((await w.run([step])).kind, 'done')
  assert.deepEqual(
    w.calls.map((call) => call.split(' ')[0]),
    ['replace', 'get', 'replace'],
  )
  const again = await w.run([step])
  assert.equal(again.kind === 'failed' && again.error.code, 'KUBE_CONFLICT')
})

test('a delete of what has changed is not carried out; of what is gone it is done', async () => {
  const w = world()
  const base = stored(w)
  const step: Step = { kind: 'delete-policy', stage: 'delete-policies', base }
  w.keep({ ...base, spec: { ...base.spec, priority: 9 } })
  assert.equal((await w.run([step])).kind, 'failed')
  assert.ok(w.objects.has(base.metadata.name))
  w.objects.clear()
  assert.equal((await w.run([step])).kind, 'done')
})

test('a pruned field is an error, and the object is put back or removed', async () => {
  const prune: Change = (object) => {
    const spec = object.spec as { ingress?: Record<string, unknown>[] }
    return {
      ...object,
      spec: { ...spec, ingress: spec.ingress?.map(({ logLabel: _label, ...rest }) => rest) },
    }
  }
  const labelled = translate(policy('a', 1, [rule(1, { tag: 'x' })]))
  const [step] = new ModelCluster().plan(labelled).steps.filter(({ kind }) => kind === 'create-policy')
  const fresh = world({ store: prune })
  assert.equal((await fresh.run([step!])).kind, 'again')
  assert.equal(fresh.objects.size, 0)
  assert.equal([...fresh.refused.values()][0]?.code, 'FIELD_PRUNED')

  const w = world({ store: prune })
  const base = stored(w)
  const object = step?.kind === 'create-policy' ? { ...base, spec: step.object.spec } : base
  assert.equal((await w.run([{ kind: 'replace-policy', stage: 'policies', base, object }])).kind, 'again')
  assert.deepEqual(w.objects.get(base.metadata.name)?.spec, base.spec)
})
