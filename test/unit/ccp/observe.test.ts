/** An observer writes nothing, and takes the manager away from nobody. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type KubeClient, RESOURCES, readOnly } from '../../../src/kube/index.ts'
import { asObserver, type NsxManager } from '../../../src/nsx/index.ts'

test('reads go through, writes are refused and not sent', async () => {
  const sent: string[] = []
  const client = new Proxy({} as KubeClient, {
    get: (_target, name) => async () => void sent.push(String(name)),
    ownKeys: () => ['get', 'list', 'listMetadata', 'create', 'replace', 'delete'],
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
  })
  const { clusterGroups } = RESOURCES
  const object = { apiVersion: 'crd.antrea.io/v1beta1', kind: 'ClusterGroup', metadata: { name: 'g' } }
  const reader = readOnly(client)
  await reader.get(clusterGroups, 'g')
  await reader.list(clusterGroups)
  for (const write of [
    reader.create(clusterGroups, object),
    reader.replace(clusterGroups, object),
    reader.delete(clusterGroups, object),
  ])
    await assert.rejects(write, { code: 'OBSERVING', kind: 'needs-person' })
  assert.deepEqual(sent, ['get', 'list'])
})

test('a session is opened as the lowest leader there can be', async () => {
  const opened: unknown[] = []
  const nsx = {
    openSession: async (_channel: string, _cluster: string, request: { leader: unknown }) =>
      void opened.push(request.leader),
  } as unknown as NsxManager
  const leader = { lease_created: 9, transitions: 4 }
  const request = { instance: 'i', adapter_version: '1', capabilities: [], cluster_uid: 'u', leader }
  await asObserver(nsx).openSession('ccp', 'c', request, new AbortController().signal)
  assert.deepEqual(opened, [{ lease_created: 0, transitions: 0 }])
})
