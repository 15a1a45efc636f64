/** What the clusters are told of groups of machines. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalJson, sha256Hex } from '../../../src/protocol/index.ts'
import { CCP_PATH, DOMAIN, type Harness, NODE_ID, openSession } from './harness.ts'
import { condition, DB, group, join, MACHINES, path, VMS, withMachines } from './machines.ts'

/** A policy that spans the cluster, from this group. */
async function pushRule({ user }: Harness, source: string) {
  await user.send('PATCH', `${DOMAIN}/security-policies/p`, {
    category: 'Application',
    rules: [
      {
        id: 'r',
        action: 'ALLOW',
        direction: 'IN',
        source_groups: [path(source)],
        destination_groups: ['ANY'],
      },
    ],
  })
  await user.send('PATCH', `${DOMAIN}/security-policies/p/container-cluster-span/s`, {
    container_cluster_path: CCP_PATH,
  })
}

async function snapshotOf(h: Harness) {
  const { session, epoch } = await openSession(h.cluster, 'ccp')
  const base = `/ccp/v1/clusters/${NODE_ID}`
  const stream = await h.cluster.stream(`${base}/snapshot?session=${session}`)
  const puts: Record<string, unknown>[] = []
  for (let line = await stream.next(); ; line = await stream.next()) {
    if (line.t === 'put') puts.push(line)
    if (line.t !== 'end') continue
    const watch = await h.cluster.stream(
      `${base}/watch?session=${session}&epoch=${epoch}&from=${line.version}`,
    )
    assert.equal((await watch.next()).t, 'open')
    return { end: line, watch, of: (kind: string) => puts.filter((put) => put['kind'] === kind) }
  }
}

test('a cluster is told the addresses of groups of machines, and follows them', {
  timeout: 30_000,
}, async () => {
  const h = await withMachines()
  await group(h, 'db', [DB])
  await group(h, 'outer', [{ resource_type: 'PathExpression', paths: [path('db')] }])
  await pushRule(h, 'outer')
  const { end, of, watch } = await snapshotOf(h)
  assert.deepEqual(end.counts, { SecurityPolicy: 1, Group: 2, GroupMembers: 2 })
  const ofDb = of('GroupMembers').find((put) => put['path'] === path('db'))
  const body = {
    group_path: path('db'),
    ip_addresses: ['192.0.2.11', '192.0.2.112', '192.0.2.12', '2001:db8::11'],
  }
  assert.deepEqual(ofDb?.['body'], body)
  assert.equal(ofDb?.['hash'], sha256Hex(canonicalJson(body)))
  // A machine's new address reaches both groups, in one commit, and nothing else is said.
  await h.user.send('PUT', `${VMS}/vm-1`, { ...(MACHINES['vm-1'] as object), ip_addresses: ['192.0.2.99'] })
  await h.clock.advance(200)
  const frames = [await watch.next(), await watch.next(), await watch.next()]
  assert.deepEqual(
    frames.map((frame) => [frame.t, frame.kind, frame.path]).sort(),
    [
      ['commit', undefined, undefined],
      ['put', 'GroupMembers', path('db')],
      ['put', 'GroupMembers', path('outer')],
    ].sort(),
  )
  assert.ok(
    frames[0].body.ip_addresses.includes('192.0.2.99') && !frames[0].body.ip_addresses.includes('192.0.2.11'),
  )
  // What changes no address says nothing; the next thing said is the next change.
  await h.user.send('PUT', `${VMS}/vm-3`, { ...(MACHINES['vm-3'] as object), ip_addresses: ['192.0.2.77'] })
  await h.clock.advance(200)
  // The criteria change: members of the group and of the one around it come with it, in one commit.
  await group(h, 'db', [condition('VirtualMachine', 'Name', 'EQUALS', 'web-3')])
  const next = []
  do next.push(await watch.next())
  while (next.at(-1).t !== 'commit')
  const said = next.map((frame) => `${frame.kind} ${frame.path}`)
  assert.deepEqual(said.slice(0, -1).sort(), [
    `Group ${path('db')}`,
    `GroupMembers ${path('db')}`,
    `GroupMembers ${path('outer')}`,
  ])
  for (const frame of next)
    if (frame.kind === 'GroupMembers') assert.deepEqual(frame.body.ip_addresses, ['192.0.2.77'])
  // A group that is none of machines any more has no members here.
  await group(h, 'db', [{ resource_type: 'IPAddressExpression', ip_addresses: ['10.0.0.1'] }])
  const last = []
  do last.push(await watch.next())
  while (last.at(-1).t !== 'commit')
  assert.deepEqual(
    last
      .filter(({ t }) => t === 'del')
      .map((frame) => `${frame.kind} ${frame.path}`)
      .sort(),
    [`GroupMembers ${path('db')}`, `GroupMembers ${path('outer')}`],
  )
  watch.leave()
})

test('groups that have members without an address here are left to the cluster', async () => {
  const h = await withMachines()
  const MIXED = [DB, join('OR'), condition('Pod', 'Tag', 'EQUALS', 'a|b')]
  await group(h, 'pods', [condition('Pod', 'Tag', 'EQUALS', 'a|b')], { group_type: ['ANTREA'] })
  for (const expression of [
    MIXED,
    [condition('Segment', 'Name', 'EQUALS', 'x')],
    [condition('KubernetesNode', 'Name', 'EQUALS', 'n1')],
    [DB, join('OR'), { resource_type: 'PathExpression', paths: [path('pods')] }],
    [{ resource_type: 'IPAddressExpression', ip_addresses: ['10.0.0.1'] }],
  ]) {
    await group(h, 'g', expression)
    await pushRule(h, 'g')
    const { end, watch } = await snapshotOf(h)
    watch.leave()
    assert.equal(end.counts.GroupMembers, undefined, JSON.stringify(expression))
  }
})
