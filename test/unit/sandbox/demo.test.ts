/** The demo application is what it says: names, addresses and references that fit each other. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { demoObjects, nodesOf } from '../../../src/sandbox/demo-objects.ts'

const objects = demoObjects(nodesOf(['node-1', 'node-2', 'node-3']), '2026-01-01T00:00:00Z')
const ofKind = (kind: string) => objects.filter(({ body }) => body.kind === kind)

test('names are unique and legal, addresses are unique and of their node', () => {
  const names = objects.map(({ body }) => `${body.kind}/${body.metadata.namespace}/${body.metadata.name}`)
  assert.equal(new Set(names).size, names.length)
  for (const { body } of objects) assert.match(body.metadata.name, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
  const pods = ofKind('Pod').map(({ body, status }) => ({
    node: (body['spec'] as { nodeName: string }).nodeName,
    ip: (status as { podIP: string }).podIP,
  }))
  assert.equal(pods.length, 11)
  assert.equal(new Set(pods.map(({ ip }) => ip)).size, pods.length)
  assert.equal(new Set(pods.map(({ node }) => node)).size, 3)
  for (const { node, ip } of pods)
    assert.ok(ip.startsWith(`10.10.${Number(node.at(-1)) - 1}.`), `${ip} on ${node}`)
})

test('every Service has an EndpointSlice of its Pods', () => {
  const ips = new Set(ofKind('Pod').map(({ status }) => (status as { podIP: string }).podIP))
  const slices = ofKind('EndpointSlice').map(({ body }) => body)
  assert.equal(slices.length, ofKind('Service').length)
  const addresses = slices.flatMap((slice) =>
    (slice['endpoints'] as { addresses: string[] }[]).flatMap(({ addresses: found }) => found),
  )
  assert.deepEqual(new Set(addresses), ips)
})
