/** Another adapter's objects: refused beside, then taken over without a moment of other policy; and kept from others. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { parseAllDocuments } from 'yaml'
import type { AnyJson, Api } from './harness/api.ts'
import { clusterNetworkPolicies, enforced } from './harness/enforced.ts'
import { ROOT } from './harness/go-build.ts'
import { openShop, putWebToDb } from './harness/shop.ts'
import { type Stack, startStack } from './harness/stack.ts'
import { skip } from './harness/tier.ts'
import { eventually, sleep } from './harness/wait.ts'

const options = { skip, timeout: 180_000 }
const CRD = '/apis/crd.antrea.io/v1beta1'
const KINDS = ['clusternetworkpolicies', 'clustergroups'] as const
const OTHER_LABEL = 'ccp-adapter.antrea.tanzu.vmware.com/managedBy'
let stack: Stack

const cli = async (...words: string[]): Promise<string> => {
  const main = join(ROOT, 'src/main.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [main, ...words], { timeout: 60_000 })
  return stdout
}

before(
  async () => {
    if (skip !== false) return
    stack = await startStack()
    await openShop(stack, { 'web-1': 'web', 'db-1': 'db' })
    await putWebToDb(stack.nsx, ['one', 'two'])
    await (await stack.adapter.run('only')).ready('leading')
    await stack.settled()
  },
  { timeout: 120_000 },
)
after(() => stack?.stop())

/** Everything of ours, as if another adapter had written it; in place, so that Antrea sees no change of the rules. */
async function disguise(api: Api, change: (metadata: AnyJson) => void): Promise<void> {
  for (const kind of KINDS)
    for (const object of (await api.get(`${CRD}/${kind}`)).items) {
      change(object.metadata)
      await api.put(`${CRD}/${kind}/${object.metadata.name}?fieldManager=antrea-nsx-adapter`, object)
    }
}

const DISGUISES: readonly (readonly [string, (metadata: AnyJson) => void, string])[] = [
  [
    'another cluster id',
    ({ annotations }) => {
      annotations['antrea-nsx-adapter/cluster-id'] = 'another'
    },
    'FOREIGN_CLUSTER_ID',
  ],
  [
    "NSX's own adapter",
    (metadata) => {
      metadata.labels = { [OTHER_LABEL]: 'ccp-adapter' }
      metadata.annotations = { 'ccp-adapter.antrea.tanzu.vmware.com/display-name': 'one' }
    },
    'SECOND_ADAPTER',
  ],
]

for (const [about, change, warning] of DISGUISES)
  test(
    `${about}: nothing is written, then adopt takes over with the same rules in force throughout`,
    options,
    async () => {
      const { adapter, plane, nsx } = stack
      const { api } = plane
      await adapter.stop()
      await disguise(api, change)
      const before = await enforced(api, () => true)
      const running = await adapter.run('only')
      await eventually('it says so', async () => {
        const { warnings } = await running.status()
        return warnings.some(({ code }) => code === warning) ? true : undefined
      })
      const writes = stack.countWrites()
      await nsx.putPolicy('two', { ...(await nsx.policy('two')), sequence_number: 70 })
      await sleep(2_000)
      assert.deepEqual(writes.kube(), [])

      const socket = join(plane.folder, 'only.sock')
      const shown = await cli('adopt', '--socket', socket)
      assert.match(shown, /ClusterNetworkPolicy .*\n.*objects would be adopted/s)
      assert.deepEqual(writes.kube(), [], 'showing writes nothing')
      const moments: AnyJson[] = []
      const look = { on: true }
      const looking = (async () => {
        while (look.on) moments.push(await enforced(api, () => true))
      })()
      assert.match(await cli('adopt', '--socket', socket, '--yes'), /Adopted \d+ objects/)
      try {
        await eventually('the change of NSX is in force', async () => {
          const { priority } = (await clusterNetworkPolicies(api)).find(
            ({ spec }) => Math.floor((spec.priority - 1) * 2 ** 18) === 70,
          )?.spec ?? { priority: undefined }
          return priority === undefined ? undefined : true
        })
      } finally {
        look.on = false
        await looking
      }
      const rulesOf = (one: AnyJson) => JSON.stringify(one.map(({ rules }: AnyJson) => rules))
      for (const moment of moments) assert.equal(rulesOf(moment), rulesOf(before))
      assert.ok(moments.length > 3, `${moments.length} looks`)
      await running.ready('leading')
      await stack.settled()
      await nsx.putPolicy('two', { ...(await nsx.policy('two')), sequence_number: 2 })
      await stack.settled()
      assert.match(await cli('adopt', '--socket', socket), /nothing to adopt/)
    },
  )

test('protect: only the adapter writes its tiers and objects', options, async () => {
  const { plane, adapter, nsx } = stack
  const { api } = plane
  const text = await cli('protect', '--user', 'antrea-nsx-adapter:only')
  const documents = parseAllDocuments(text).map((document) => document.toJS() as AnyJson)
  for (const one of documents)
    await api.post(
      `/apis/${one.apiVersion}/${one.kind === 'ValidatingAdmissionPolicy' ? 'validatingadmissionpolicies' : 'validatingadmissionpolicybindings'}`,
      one,
    )
  const mine = (await clusterNetworkPolicies(api))[0]!
  const path = `${CRD}/clusternetworkpolicies/${mine.metadata.name}`
  const refused = async (what: string, call: () => Promise<{ status: number; body: AnyJson }>) =>
    eventually(what, async () => {
      const { status, body } = await call()
      assert.equal(status, 403, `${what}: ${status} ${JSON.stringify(body).slice(0, 300)}`)
      assert.match(body.message, /only antrea-nsx-adapter writes/, what)
      return true
    })
  const dry = '?dryRun=All'
  const native = (name: string, more: AnyJson = {}) => ({
    apiVersion: 'crd.antrea.io/v1beta1',
    kind: 'ClusterNetworkPolicy',
    metadata: { name, ...more },
    spec: {
      priority: 5,
      tier: 'securityops',
      appliedTo: [{ podSelector: {} }],
      ingress: [{ name: 'a', action: 'Drop', from: [{ podSelector: {} }] }],
    },
  })
  const { managedFields: _managers, ...metadata } = mine.metadata
  await refused('a change', () =>
    api.ask('PUT', path + dry, { body: { ...mine, metadata, spec: { ...mine.spec, ingress: [] } } }),
  )
  await refused('taking the marks off', () =>
    api.ask('PUT', path + dry, { body: { ...mine, metadata: { ...metadata, labels: {}, annotations: {} } } }),
  )
  await refused('a delete', () => api.ask('DELETE', path + dry))
  await refused('a foreign object with our label', () =>
    api.ask('POST', `${CRD}/clusternetworkpolicies${dry}`, {
      body: native('x', { labels: { 'app.kubernetes.io/managed-by': 'antrea-nsx-adapter' } }),
    }),
  )
  const inTier = native('y')
  await refused('a policy in our tier', () =>
    api.ask('POST', `${CRD}/clusternetworkpolicies${dry}`, {
      body: { ...inTier, spec: { ...inTier.spec, tier: 'nsx-category-application' } },
    }),
  )
  await refused('a namespaced policy in our tier', () =>
    api.ask('POST', `${CRD}/namespaces/shop/networkpolicies${dry}`, {
      body: {
        ...inTier,
        kind: 'NetworkPolicy',
        metadata: { name: 'y', namespace: 'shop' },
        spec: { ...inTier.spec, tier: 'nsx-category-application' },
      },
    }),
  )
  await refused('a tier', () => api.ask('DELETE', `${CRD}/tiers/nsx-category-application${dry}`))
  // What is not ours is as free as before, and antrea-controller goes on.
  await api.post(`${CRD}/clusternetworkpolicies`, native('native'))
  await api.patch(`${CRD}/clusternetworkpolicies/native`, { metadata: { labels: { a: 'b' } } })
  await api.delete(`${CRD}/clusternetworkpolicies/native`)
  await nsx.putPolicy('three', { ...(await nsx.policy('two')), id: 'three', sequence_number: 9 })
  await (await adapter.run('other')).ready('standby')
  await stack.settled()
  await eventually('its status is written', async () => {
    const all = await clusterNetworkPolicies(api)
    return all.length === 3 && all.every(({ status }) => status?.phase !== undefined) ? true : undefined
  })
})
