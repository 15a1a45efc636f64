/**
 * The listed corpus from the manager through the adapter into a real kube-apiserver: what antrea-controller (or its
 * stand-in) computes of each policy has exactly the members that NSX's groups have, and decides flows as NSX does, each
 * policy by itself and all together. What is refused is not there, and NSX says why.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { randomFlows } from '../oracle/cluster.ts'
import {
  CLUSTER,
  CORPUS,
  CORPUS_GROUPS,
  CORPUS_SERVICES,
  type CorpusPolicy,
  EDGES,
  groupAt,
  MACHINES,
  serviceAt,
} from '../oracle/corpus.ts'
import { Dice } from '../oracle/dice.ts'
import { answersOf } from '../oracle/exact.ts'
import { nsxJudge, type PolicyInForce } from '../oracle/nsx.ts'
import type { Body, GroupRevision } from '../oracle/nsx-members.ts'
import { show } from '../oracle/types.ts'
import type { AnyJson } from './harness/api.ts'
import { type Computed, computedJudge, readComputed } from './harness/computed.ts'
import { computedMembers, expectedMembers } from './harness/members.ts'
import { policyPath } from './harness/nsx.ts'
import { putPod, putService } from './harness/population.ts'
import { CLUSTER as NSX_CLUSTER, type Stack, startStack } from './harness/stack.ts'
import { skip } from './harness/tier.ts'
import { eventually, sleep } from './harness/wait.ts'

const API = '/policy/api/v1'
/** NSX takes a hundred requests a second. */
const PACE_MS = 11
let stack: Stack

before(
  async () => {
    if (skip !== false) return
    stack = await startStack()
    await populate()
  },
  { timeout: 120_000 },
)
after(() => stack?.stop())

async function populate(): Promise<void> {
  const { fleet, plane } = stack
  for (const { name, labels } of CLUSTER.namespaces) await fleet.namespace(name, labels)
  const nodes = ['n1', 'n2', 'n3']
  for (const [index, pod] of CLUSTER.pods.entries()) await putPod(plane.api, pod, nodes[index % 3] ?? '')
  for (const service of CLUSTER.services) await putService(plane.api, service)
}

/** NSX's objects with what it assigned, as its users read them. */
interface Written {
  readonly policies: ReadonlyMap<string, Body>
  readonly groups: ReadonlyMap<string, Body>
  readonly services: ReadonlyMap<string, Body>
}

async function write(): Promise<Written> {
  const { api } = stack.nsx
  const put = async (path: string, body: object): Promise<Body> => {
    await sleep(PACE_MS)
    return api.put(path, body)
  }
  for (const { id, name, tags, addresses } of MACHINES)
    await put(`/api/v1/fabric/virtual-machines/${id}`, { display_name: name, tags, ip_addresses: addresses })
  const groups = new Map<string, Body>()
  for (const { id, isAntrea, expression } of CORPUS_GROUPS) {
    const body = { display_name: id, expression, ...(isAntrea ? { group_type: ['ANTREA'] } : {}) }
    groups.set(groupAt(id), await put(`${API}${groupAt(id)}`, body))
  }
  const services = new Map<string, Body>()
  for (const [id, service_entries] of Object.entries(CORPUS_SERVICES)) {
    const entries = service_entries.map((entry, at) => ({ id: `e${at}`, display_name: `e${at}`, ...entry }))
    services.set(
      serviceAt(id),
      await put(`${API}${serviceAt(id)}`, { display_name: id, service_entries: entries }),
    )
  }
  const container_cluster_path = `/infra/sites/default/enforcement-points/default/cluster-control-planes/${NSX_CLUSTER.name}`
  const policies = new Map<string, Body>()
  for (const { id, body } of CORPUS) {
    policies.set(id, await put(`${API}${policyPath(id)}`, { display_name: id, ...withEntryIds(body) }))
    await put(`${API}${policyPath(id)}/container-cluster-span/${NSX_CLUSTER.id}`, { container_cluster_path })
  }
  return { policies, groups, services }
}

const withEntryIds = (body: Body): Body => ({
  ...body,
  rules: (body['rules'] as AnyJson[]).map((rule) => ({
    ...rule,
    ...(rule.service_entries === undefined
      ? {}
      : {
          service_entries: rule.service_entries.map((entry: AnyJson, at: number) => ({
            id: `e${at}`,
            display_name: `e${at}`,
            ...entry,
          })),
        }),
  })),
})

const taken = CORPUS.filter(({ refused, isEmpty }) => refused === undefined && isEmpty !== true)
const nameOf = (body: Body | undefined): string => String(body?.['unique_id']).toLowerCase()

test(`${CORPUS.length} policies through manager, adapter and API server`, {
  skip,
  timeout: 240_000,
}, async (t) => {
  assert.ok(taken.length >= 200)
  await (await stack.adapter.run('only')).ready('leading')
  const written = await write()
  const groups = new Map<string, GroupRevision>(
    [...written.groups].map(([path, body]) => [path, { body, groups: written.groups, machines: MACHINES }]),
  )
  const inForce = ({ id }: CorpusPolicy): PolicyInForce => ({
    body: written.policies.get(id) ?? {},
    groups,
    services: written.services,
    profiles: new Map(),
  })
  const names = taken.map(({ id }) => nameOf(written.policies.get(id))).sort()

  const computed = await eventually(
    'every policy that is taken is computed, and no other',
    async (): Promise<Computed> => {
      const now = await readComputed(stack.plane.api)
      assert.deepEqual(now.policies.map(({ sourceRef }) => sourceRef.name).sort(), names)
      return now
    },
    { withinMs: 60_000 },
  )

  await t.test('members of AppliedToGroups and AddressGroups are exactly those of NSX', async () => {
    await eventually('all members are computed', async () => {
      const now = await readComputed(stack.plane.api)
      for (const policy of taken) {
        const wanted = expectedMembers(inForce(policy), CLUSTER)
        const found = computedMembers(now, nameOf(written.policies.get(policy.id)), wanted)
        assert.deepEqual({ id: policy.id, rules: found }, { id: policy.id, rules: wanted })
      }
      return true
    })
  })

  const flows = randomFlows(new Dice(2_026), CLUSTER, EDGES, 220)
  await t.test('each policy by itself decides as NSX does', () => {
    let count = 0
    const verdicts = new Set<string>()
    for (const policy of taken) {
      const name = nameOf(written.policies.get(policy.id))
      const alone = {
        ...computed,
        policies: computed.policies.filter(({ sourceRef }) => sourceRef.name === name),
      }
      const judge = computedJudge(alone)
      for (const { flow, direction, verdict } of answersOf(nsxJudge([inForce(policy)], CLUSTER), flows)) {
        const found = judge(flow, direction)
        if (found !== verdict)
          assert.fail(
            `${policy.id}: ${direction} of ${show(flow)}: NSX says ${verdict}, computed is ${found}`,
          )
        verdicts.add(verdict)
        count += 1
      }
    }
    assert.equal(verdicts.size, 4, 'all verdicts were seen')
    process.stdout.write(`# ${taken.length} policies one by one, ${count} verdicts\n`)
  })

  await t.test('all together decide as NSX does', () => {
    const judge = computedJudge(computed)
    const answers = answersOf(nsxJudge(taken.map(inForce), CLUSTER), flows)
    for (const { flow, direction, verdict } of answers)
      assert.equal(judge(flow, direction), verdict, `${direction} of ${show(flow)}`)
  })

  await t.test('NSX says of each refused policy why, and of each other that it is realized', async () => {
    for (const { id, refused } of CORPUS) {
      await sleep(2 * PACE_MS)
      await eventually(
        `NSX shows ${id}`,
        async () => {
          const { status, answers } = await stack.nsx.realization(policyPath(id))
          assert.equal(status, refused === undefined ? 'SUCCESS' : 'ERROR', answers)
          if (refused !== undefined) assert.match(answers, refused)
          return true
        },
        { everyMs: 500 },
      )
    }
  })
})
