/** Somebody else keeps writing: what they change is put back, at a bounded rate, and they are named. APIs that come and go. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { GATEWAY_CRD, gateway } from '../fixtures/gateway-crd.ts'
import type { AdapterProcess } from './harness/adapter.ts'
import { rule } from './harness/nsx.ts'
import { openShop } from './harness/shop.ts'
import { type Stack, startStack } from './harness/stack.ts'
import { skip } from './harness/tier.ts'
import { eventually, sleep } from './harness/wait.ts'

const options = { skip, timeout: 180_000 }
const ACNPS = '/apis/crd.antrea.io/v1beta1/clusternetworkpolicies'
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const FIGHT_MS = 30_000
/** limits.ts: five at once, then one in 5 s. */
const WRITES_MAX = 5 + FIGHT_MS / 5_000
let stack: Stack
let adapter: AdapterProcess

before(
  async () => {
    if (skip !== false) return
    stack = await startStack()
    const { nsx } = stack
    await openShop(stack, { 'web-1': 'web' })
    for (const [at, id] of ['one', 'two'].entries())
      await nsx.putPolicy(id, {
        category: 'Application',
        sequence_number: at + 1,
        scope: ['/infra/domains/default/groups/web'],
        rules: [rule({ id: 'drop', action: 'DROP', sequence: 1, direction: 'IN', peers: ['web'] })],
      })
    adapter = await stack.adapter.run('only')
    await adapter.ready('leading')
    await stack.settled()
  },
  { timeout: 120_000 },
)
after(() => stack?.stop())

const warning = async (code: string) =>
  (await adapter.status()).warnings.find((one) => one.code === code)?.detail

/** What the adapter says of itself, for the message of a test that waits in vain. */
const standing = async (): Promise<string> => {
  const { warnings, components } = await adapter.status()
  const told = warnings.map(({ code, detail, since }) => `${code} since ${since}: ${detail}`)
  const states = Object.entries(components).map(([name, is]) => `${name} ${is?.state} since ${is?.since}`)
  return [`now ${Date.now()}`, ...told, ...states, adapter.tail()].join('\n')
}

test(
  'a writer that fights for 30 s costs a bounded number of writes, is named, and another policy is kept meanwhile',
  options,
  async () => {
    const { api, audit } = stack.plane
    const pathOf = async (id: string) => `${ACNPS}/${(await stack.nsx.policy(id)).unique_id!.toLowerCase()}`
    const path = await pathOf('one')
    const before = await api.get(path)
    const mark = audit.mark()
    // Antrea wants appliedTo in each rule where one of them has it.
    const { appliedTo } = before.spec.ingress[0]
    const egress = [
      {
        name: 'mine',
        action: 'Allow',
        enableLogging: false,
        ...(appliedTo === undefined ? {} : { appliedTo }),
      },
    ]
    const wider = { ...before.spec, egress }
    let edits = 0
    for (const end = performance.now() + FIGHT_MS; performance.now() < end; edits += 1) {
      const { status, body } = await api.ask('PATCH', `${path}?fieldManager=the-other`, {
        body: { spec: wider },
        headers: { 'content-type': 'application/merge-patch+json' },
      })
      assert.equal(status, 200, JSON.stringify(body))
      await sleep(100)
    }
    const ours = audit
      .writes({ user: 'antrea-nsx-adapter:' }, mark)
      .filter(({ objectRef }) => objectRef?.resource === 'clusternetworkpolicies')
    // Ten a second, or what a busy machine takes: many more than are put back.
    assert.ok(edits > 3 * WRITES_MAX, `${edits} edits`)
    // A write that meets a newer edit is refused (409) and sent again: not more than twice for each that is taken.
    const taken = ours.filter(({ responseStatus }) => (responseStatus?.code ?? 500) < 300).length
    const words = `${ours.length} writes, ${taken} of them taken, against ${edits} edits`
    assert.ok(taken >= 5 && taken <= WRITES_MAX + 1 && ours.length <= 3 * (WRITES_MAX + 1), words)
    assert.match((await warning('DRIFT_FIGHT')) ?? '', /is changed again and again by "the-other"/)
    const second = await pathOf('two')
    const kept = await api.get(second)
    await api.patch(second, { spec: { ...kept.spec, egress } })
    await eventually(
      'the other policy is put back at once',
      async () => {
        assert.deepEqual((await api.get(second)).spec, kept.spec)
        return true
      },
      { withinMs: 5_000 },
    )
    await eventually(
      'it is as NSX wants it',
      async () => {
        assert.deepEqual((await api.get(path)).spec, before.spec)
        return true
      },
      // Five seconds after the last repair, and what a busy machine needs.
      { withinMs: 15_000 },
    )
    await eventually(
      'the fight is over',
      async () => {
        if ((await warning('DRIFT_FIGHT')) !== undefined) throw new Error(await standing())
        return true
      },
      // Thirty seconds after the last repair (limits.ts), and what a busy machine needs.
      { withinMs: 40_000 },
    )
    await stack.settled()
  },
)

test(
  'an API that is not served is named, read when it comes, and dropped when it goes, without a restart',
  options,
  async () => {
    const { api } = stack.plane
    const gateways = async () => (await adapter.status()).stores['gateways']
    assert.match((await warning('API_ABSENT')) ?? '', /Gateway \(gateway\.networking\.k8s\.io\/v1\)/)
    assert.ok((await adapter.status()).ready)
    await api.post(CRDS, GATEWAY_CRD)
    await eventually('it takes a gateway', async () => {
      const path = '/apis/gateway.networking.k8s.io/v1/namespaces/shop/gateways'
      return (await api.ask('POST', path, { body: gateway('g') })).status === 201 ? true : undefined
    })
    await eventually(
      'the gateway is read',
      async () => ((await gateways())?.objects === 1 ? true : undefined),
      { withinMs: 45_000 },
    )
    await api.delete(`${CRDS}/gateways.gateway.networking.k8s.io`)
    await eventually('it is dropped', async () => ((await gateways())?.objects === 0 ? true : undefined), {
      withinMs: 45_000,
    })
    await eventually(
      'it is named again',
      async () => ((await warning('API_ABSENT'))?.includes('Gateway') === true ? true : undefined),
      { withinMs: 45_000 },
    )
    await adapter.ready('leading')
    await stack.settled()
  },
)
