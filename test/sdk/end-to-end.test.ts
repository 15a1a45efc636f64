/**
 * The whole way, driven by the vendor's Python SDK: manager, adapter, real kube-apiserver with Antrea, and what is realized
 * read by the SDK. Two clusters on one manager. What is in the clusters is read from their API servers alone.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { USER } from '../real/harness/nsx.ts'
import { openShop } from '../real/harness/shop.ts'
import { CLUSTER, type Stack, startStack } from '../real/harness/stack.ts'
import { skip } from '../real/harness/tier.ts'
import { sdkPython } from './environment.ts'
import { runModule } from './run.ts'

const SECOND = { id: '0d6b7c1e-52f4-4f0e-8a54-3c1f9a7e2b88', name: 'second-cluster' }
const START_LIMIT_MS = 120_000
const TEST_LIMIT_MS = 120_000
const environment = sdkPython()
const isSkipped = 'skip' in environment ? environment.skip : skip

/** Each is a method of python/end_to_end.py. */
const TESTS = [
  'test_realized_and_deleted',
  'test_one_policy_on_two_clusters',
  'test_machines_to_pods',
  'test_a_member_of_a_group_comes_and_goes',
]

describe('the SDK, the manager, two adapters and two real API servers', { skip: isSkipped }, () => {
  const stacks: Stack[] = []
  let ready = ''

  before(
    async () => {
      const first = await startStack()
      stacks.push(first)
      const second = await startStack({ nsx: await first.nsx.join(SECOND) })
      stacks.push(second)
      await openShop(first, { web: 'web', db: 'db' })
      await openShop(second, { web: 'web', db: 'db', 'db-2': 'db' })
      await Promise.all(
        stacks.map(async ({ adapter, nsx }) => (await adapter.run(nsx.cluster.name)).ready('leading')),
      )
      ready = join(first.plane.folder, 'ready.json')
      const clusters = stacks.map(({ plane, nsx: { cluster } }) => ({
        id: cluster.id,
        name: cluster.name,
        api: plane.origin,
        ca: file(plane.folder, 'read-ca.crt', plane.caPem),
        cert: file(plane.folder, 'read.crt', plane.administrator.tls?.cert),
        key: file(plane.folder, 'read.key', plane.administrator.tls?.key),
      }))
      const manager = {
        url: first.nsx.url,
        user: USER.name,
        password: USER.password,
        ca: file(first.plane.folder, 'read-nsx-ca.crt', first.nsx.caPem),
      }
      writeFileSync(ready, JSON.stringify({ manager, cluster_id: CLUSTER.id, clusters }), { mode: 0o600 })
    },
    { timeout: START_LIMIT_MS },
  )
  after(async () => {
    for (const stack of stacks.reverse()) await stack.stop()
  })

  for (const name of TESTS)
    test(name, { timeout: TEST_LIMIT_MS }, async () => {
      if (!('python' in environment)) throw new Error(environment.skip)
      await runModule(environment.python, `end_to_end.EndToEnd.${name}`, ready, TEST_LIMIT_MS - 10_000)
    })
})

function file(folder: string, name: string, content: string | undefined): string {
  const path = join(folder, name)
  writeFileSync(path, content ?? '', { mode: 0o600 })
  return path
}
