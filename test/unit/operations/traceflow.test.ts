/** Traceflow: NSX's config to Antrea's spec, Antrea's observations to NSX's, and what the run does with a cluster. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { needsPerson } from '../../../src/errors.ts'
import type { KubeClient, KubeObject } from '../../../src/kube/index.ts'
import { createTraceflow, type OperationWord } from '../../../src/operations/index.ts'
import { readTraceConfig } from '../../../src/operations/traceflow/config.ts'
import { traceflowSpec } from '../../../src/operations/traceflow/trace.ts'
import { createFakeClock } from '../../fakes/clock.ts'

const CLUSTER = 'c1'
const config = (more: object = {}) => ({
  container_cluster_id: CLUSTER,
  source_external_id: 'uid-web',
  destination_external_id: 'uid-db',
  ...more,
})
const tcp = { transportHeader: { tcpHeader: { srcPort: 0, dstPort: 80, tcpFlags: 2 } } }

test('each packet NSX can describe becomes the headers Antrea means', () => {
  const spec = (packet: object) => {
    const read = readTraceConfig(config({ packet }), CLUSTER)
    return traceflowSpec({ packet: read.packet, timeoutS: 20 })['packet']
  }
  assert.deepEqual(spec(tcp), {
    ipHeader: { protocol: 6 },
    transportHeader: { tcp: { dstPort: 80, flags: 2 } },
  })
  assert.deepEqual(
    spec({ ipHeader: { ttl: 0, flags: 0 }, transportHeader: { udpHeader: { srcPort: 5, dstPort: 53 } } }),
    {
      ipHeader: { protocol: 17 },
      transportHeader: { udp: { srcPort: 5, dstPort: 53 } },
    },
  )
  assert.deepEqual(
    spec({ ipHeader: { ttl: 3 }, transportHeader: { icmpEchoRequestHeader: { id: 1, sequence: 2 } } }),
    {
      ipHeader: { protocol: 1, ttl: 3 },
      transportHeader: { icmp: { id: 1, sequence: 2 } },
    },
  )
  assert.deepEqual(spec({ ipv6Header: { hopLimit: 9 }, ...tcp }), {
    ipv6Header: { nextHeader: 6, hopLimit: 9 },
    transportHeader: { tcp: { dstPort: 80, flags: 2 } },
  })
  assert.deepEqual(spec({ ipv6Header: {}, transportHeader: { icmpEchoRequestHeader: {} } }), {
    ipv6Header: { nextHeader: 58 },
    transportHeader: { icmp: {} },
  })
  assert.deepEqual(spec({}), {})
})

test('what cannot be done is refused with the field', () => {
  const wrong: readonly (readonly [RegExp, unknown])[] = [
    [/must be an AntreaTraceflowConfig/, 7],
    [/another cluster/, config({ container_cluster_id: 'c2' })],
    [/source_external_id/, config({ source_external_id: '' })],
    [/destination_external_id/, config({ destination_external_id: undefined })],
    [/BINARY_PACKET_DATA/, config({ packet: { resourceType: 'BINARY_PACKET_DATA' } })],
    [/UNICAST/, config({ packet: { transportType: 'MULTICAST' } })],
    [/not both/, config({ packet: { ipHeader: {}, ipv6Header: {} } })],
    [/IPv4 address/, config({ packet: { ipHeader: { dstIp: 'fd00::1' } } })],
    [/IPv6 address/, config({ packet: { ipv6Header: { dstIp: '10.0.0.1' } } })],
    [/SYN/, config({ packet: { transportHeader: { tcpHeader: { tcpFlags: 16 } } } })],
    [/dstPort/, config({ packet: { transportHeader: { udpHeader: { dstPort: 70_000 } } } })],
    [/one header only/, config({ packet: { transportHeader: { udpHeader: {}, tcpHeader: {} } } })],
  ]
  for (const [words, body] of wrong)
    assert.throws(() => readTraceConfig(body, CLUSTER), { code: 'REQUEST_INVALID', message: words })
})

test('whatever a config says, it is read or refused', () => {
  fc.assert(
    fc.property(fc.anything(), fc.anything(), (packet, transport) => {
      for (const body of [packet, config({ packet }), config({ packet: { transportHeader: transport } })])
        try {
          readTraceConfig(body, CLUSTER)
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'REQUEST_INVALID')
        }
    }),
    { numRuns: 300 },
  )
})

function world(statuses: readonly object[]) {
  const clock = createFakeClock()
  const objects = new Map<string, KubeObject>()
  const log: string[] = []
  let reads = 0
  const kube = {
    get: async (_type: unknown, name: string) => {
      const object = objects.get(name)
      if (object === undefined) return undefined
      const status = statuses[Math.min(reads, statuses.length - 1)]
      reads += 1
      return { ...object, status }
    },
    list: async () => [...objects.values()],
    create: async (_type: unknown, object: KubeObject) => {
      log.push('create')
      objects.set(object.metadata.name, object)
      return object
    },
    delete: async (_type: unknown, object: KubeObject) => {
      log.push('delete')
      objects.delete(object.metadata.name)
    },
  } as unknown as KubeClient
  const pods: Record<string, { namespace: string; pod: string; ips: string[] }> = {
    'uid-web': { namespace: 'shop', pod: 'web', ips: ['10.0.0.1', 'fd00::1'] },
    'uid-db': { namespace: 'shop', pod: 'db', ips: ['10.0.0.2'] },
  }
  const operation = createTraceflow({
    kube,
    clock,
    clusterId: CLUSTER,
    lookup: {
      pod: async (uid) => pods[uid],
      service: async (uid) => (uid === 'uid-svc' ? { namespace: 'shop', service: 'svc' } : undefined),
      nodeUid: async (name) => `uid-${name}`,
    },
    names: { policyPath: () => '/p', rulePath: (path, id) => `${path}/rules/r${id}` },
    policy: async (name) => (name === 'ours' ? ({ metadata: { name } } as never) : undefined),
  })
  const said: OperationWord[] = []
  const stop = new AbortController()
  const run = (body: unknown, deadlineMs = clock.now() + 60_000) =>
    operation.accept(body)({ id: 'r1', deadlineMs, signal: stop.signal, say: (word) => said.push(word) })
  const drive = async <T>(work: Promise<T>): Promise<T> => {
    let done = false
    const watched = work.finally(() => {
      done = true
    })
    watched.catch(() => {})
    for (let turn = 0; turn < 1_000 && !done; turn += 1) await clock.advance(100)
    return watched
  }
  return { clock, objects, log, operation, said, stop, run, drive }
}

const DROP = {
  node: 'n1',
  role: 'receiver',
  timestamp: 5,
  observations: [
    { component: 'Forwarding', componentInfo: 'Classification', action: 'Received' },
    {
      component: 'NetworkPolicy',
      action: 'Rejected',
      networkPolicy: 'AntreaClusterNetworkPolicy:ours',
      networkPolicyRule: '7-in',
    },
    { component: 'NetworkPolicy', action: 'Dropped', networkPolicy: 'K8sNetworkPolicy:shop/x' },
  ],
}

test('observations come as they appear, once each, and name our policy and rule by their paths', async () => {
  const sender = {
    node: 'n0',
    timestamp: 4,
    observations: [{ component: 'SpoofGuard', action: 'Forwarded' }],
  }
  const w = world([
    { phase: 'Running', results: [sender] },
    { phase: 'Running', results: [sender] },
    { phase: 'Succeeded', results: [sender, DROP] },
  ])
  const answer = await w.drive(w.run(config({ packet: tcp })))
  assert.deepEqual(answer, { phase: 'SUCCEEDED', observation_count: 4 })
  const seen = w.said.filter(({ t }) => t === 'observation')
  assert.deepEqual(
    seen.map((one) => [
      one['observation_type'],
      one['component_type'],
      one['container_node_id'],
      one['timestamp'],
    ]),
    [
      ['AntreaTraceflowObservationForwarded', 'ANTREA_SPOOFGUARD', 'uid-n0', 4_000],
      ['AntreaTraceflowObservationReceived', 'ANTREA_FORWARDING', 'uid-n1', 5_000],
      ['AntreaTraceflowObservationDropped', 'ANTREA_DFW', 'uid-n1', 5_000],
      ['AntreaTraceflowObservationDropped', 'ANTREA_DFW', 'uid-n1', 5_000],
    ],
  )
  const [, , ours, theirs] = seen.map((one) => one['antrea'] as Record<string, unknown>)
  assert.deepEqual(
    [ours?.['policy_path'], ours?.['rule_path'], ours?.['rule_id']],
    ['/p', '/p/rules/r7', '7'],
  )
  assert.equal(theirs?.['policy_path'], undefined)
  assert.deepEqual(w.log, ['create'])
})

test("Antrea's own reason is the answer: of a failure, of its admission; without either where it stood", async () => {
  const failed = world([{ phase: 'Failed', reason: 'Node: n1, error: no IPv6' }])
  assert.deepEqual(await failed.drive(failed.run(config())), {
    phase: 'FAILED',
    reason: 'Node: n1, error: no IPv6',
    observation_count: 0,
  })
  const denied = world([{}])
  denied.objects.set = () => {
    throw needsPerson('KUBE_ADMISSION_DENIED', 'says: hostNetwork')
  }
  assert.deepEqual(await denied.drive(denied.run(config())), { phase: 'FAILED', reason: 'says: hostNetwork' })
  const waiting = world([{}])
  const answer = await waiting.drive(waiting.run(config(), waiting.clock.now() + 5_000))
  assert.match(String(answer['reason']), /did not begin .* 14 tags/)
  for (const body of [config({ source_external_id: 'none' }), config({ destination_external_id: 'none' })])
    await assert.rejects(world([{}]).run(body), { code: 'TRACEFLOW_NOT_FOUND' })
  await assert.rejects(world([{}]).run(config({ packet: { ipHeader: { srcIp: '10.9.9.9' } } })), {
    code: 'REQUEST_INVALID',
  })
})

test('a run that comes after a crash goes on; one of somebody else, or deleted, is said; clear takes ours alone', async () => {
  const w = world([{ phase: 'Running' }, { phase: 'Succeeded', results: [DROP] }])
  void w.run(config()).catch(() => {})
  await w.clock.settle()
  w.stop.abort(new Error('the leader died'))
  await w.clock.settle()
  const next = w.operation.accept(config())({
    id: 'r1',
    deadlineMs: w.clock.now() + 60_000,
    signal: new AbortController().signal,
    say: (word) => w.said.push(word),
  })
  assert.equal((await w.drive(next))['phase'], 'SUCCEEDED')
  assert.deepEqual(w.log, ['create'])
  const remembered = await w.operation.remembered(new AbortController().signal)
  assert.deepEqual(
    remembered.map(({ id, deadlineMs }) => [
      id,
      deadlineMs >= w.clock.now() && deadlineMs <= w.clock.now() + 60_000,
    ]),
    [['r1', true]],
  )
  const [name = '', object] = [...w.objects][0] ?? []
  w.objects.set(name, { ...object, metadata: { name } } as KubeObject)
  await assert.rejects(
    w.operation.accept(config())({
      id: 'r1',
      deadlineMs: w.clock.now() + 60_000,
      signal: new AbortController().signal,
      say: () => {},
    }),
    { code: 'TRACEFLOW_NAME_TAKEN' },
  )
  await w.operation.clear('r1', new AbortController().signal)
  assert.deepEqual(w.log, ['create'], "somebody else's is left alone")
  w.objects.set(name, object as KubeObject)
  await w.operation.clear('r1', new AbortController().signal)
  await w.operation.clear('r1', new AbortController().signal)
  assert.deepEqual(w.log, ['create', 'delete'])
})
