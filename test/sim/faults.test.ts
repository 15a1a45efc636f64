/**
 * The fault matrix: every kind of request (fault-rows.ts) with the link lost at every phase of its life, by a reset or by
 * silence, and with the leader killed there. Each is answered once, is once in effect, within its time, and leaves nothing.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TransportError } from '../../src/errors.ts'
import type { HttpClient } from '../../src/world/index.ts'
import { type Event, FAULT_ROWS, type FaultRow, type Scene } from './fault-rows.ts'
import { CLUSTER_ID, createWorld, driven, type World } from './world.ts'

const OPERATIONS = `/mp/v1/clusters/${CLUSTER_ID}/operations`
const NAMES = ['adapter-a', 'adapter-b']

interface Shown {
  readonly id: string
  readonly state: string
  readonly events: readonly Event[]
}

/** One call that tells what a request has to tell, as the adapter sends it. */
interface Told {
  readonly adapter: string
  readonly id: string
  /** Of this request, from 1. */
  readonly nth: number
  readonly isLast: boolean
}
type Verdict = 'pass' | 'lose the call' | 'lose the answer'

const PHASES = [
  'before it is accepted',
  'after it is accepted',
  'as its first words leave',
  'after its first words arrived',
  'as its answer leaves',
  'before its answer is acknowledged',
  'after its answer is acknowledged',
] as const
type Phase = (typeof PHASES)[number]

/** What happens to a call in this phase; the fault strikes once. */
function verdictOf(phase: Phase, { nth, isLast }: Told): Verdict {
  if (phase === 'as its first words leave' && nth === 1) return 'lose the call'
  if (phase === 'after its first words arrived' && nth === 1) return 'lose the answer'
  if (phase === 'as its answer leaves' && isLast) return 'lose the call'
  return phase === 'before its answer is acknowledged' && isLast ? 'lose the answer' : 'pass'
}

interface Stage {
  readonly scene: Scene
  /** Decides about each call that tells something. */
  onTold: (told: Told) => Verdict
  ask(row: FaultRow, nth: number, timeoutMs?: number): Promise<string>
  show(id: string): Promise<Shown>
  /** Moves on until it is answered, in steps of 250 ms. */
  answered(id: string, withinMs: number): Promise<Shown>
}

/** Looks into what an adapter tells the manager, and loses what `decide` says. */
function listening(client: HttpClient, adapter: string, decide: (told: Told) => Verdict): HttpClient {
  const counts = new Map<string, number>()
  return {
    ...client,
    async request(request) {
      const id = /\/requests\/([^/]+)\/events$/.exec(request.path)?.[1]
      if (id === undefined || request.method !== 'POST') return client.request(request)
      const nth = (counts.get(id) ?? 0) + 1
      counts.set(id, nth)
      const { events } = JSON.parse(String(request.body)) as { events: readonly Event[] }
      const verdict = decide({
        adapter,
        id,
        nth,
        isLast: ['result', 'error'].includes(events.at(-1)?.t ?? ''),
      })
      if (verdict === 'pass') return client.request(request)
      if (verdict === 'lose the answer') await client.request(request)
      throw new TransportError('reset', 'the link was cut', { subject: 'manager' })
    },
  }
}

async function prepare(world: World): Promise<readonly [string, string]> {
  const create = (path: string, body: object) => world.kube('POST', path, body)
  await create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } })
  await create('/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies', {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'all' },
    spec: { podSelector: {}, ingress: [{}] },
  })
  const pod = async (name: string, node: string, ip: string): Promise<string> => {
    const made = await world.kube<{ metadata: { uid: string } }>('POST', '/api/v1/namespaces/shop/pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: { nodeName: node, containers: [{ name: 'main', image: 'demo' }] },
    })
    await world.kube(
      'PATCH',
      `/api/v1/namespaces/shop/pods/${name}/status`,
      { status: { phase: 'Running', podIP: ip, podIPs: [{ ip }] } },
      'application/merge-patch+json',
    )
    return made.metadata.uid
  }
  return [await pod('web', 'node-1', '10.10.0.7'), await pod('db', 'node-2', '10.10.1.7')]
}

async function onStage(seed: number, play: (stage: Stage) => Promise<void>): Promise<void> {
  const world = await createWorld(seed, { antreaPods: true })
  const writes: string[] = []
  world.cluster.api.audit.subscribe(({ verb, path, code }) => {
    if (['create', 'update', 'patch', 'delete'].includes(verb) && code < 300) writes.push(`${verb} ${path}`)
  })
  try {
    const pods = await prepare(world)
    const show = (id: string) => driven(world.clock, world.nsx<Shown>('GET', `${OPERATIONS}/${id}`))
    const stage: Stage = {
      scene: { world, pods, writes },
      onTold: () => 'pass',
      ask: async (row, nth, timeoutMs = 120_000) => {
        const body = { kind: row.kind, body: row.body(stage.scene, nth), timeout_ms: timeoutMs }
        return (await driven(world.clock, world.nsx<Shown>('POST', OPERATIONS, body))).id
      },
      show,
      async answered(id, withinMs) {
        for (let passed = 0; passed < withinMs; passed += 250) {
          const seen = await show(id)
          if (seen.state === 'DONE' || seen.state === 'FAILED') return seen
          await world.clock.advance(250)
        }
        return show(id)
      },
    }
    for (const name of NAMES) await startAdapter(stage, name)
    await world.clock.advance(70_000)
    await play(stage)
  } finally {
    await world.stop()
  }
}

const startAdapter = (stage: Stage, name: string) => {
  const { world } = stage.scene
  return world.startAdapter(name, {
    clock: world.clock,
    through: (client, to) => (to === 'nsx' ? listening(client, name, (told) => stage.onTold(told)) : client),
  })
}

type Fault = 'reset' | 'silence' | 'kill'

/** What the fault does to the link, or to the leader, and how it heals. */
async function strike(stage: Stage, fault: Fault): Promise<void> {
  const { world } = stage.scene
  if (fault === 'kill') {
    const leader = world.leader()
    await world.killAdapter(leader)
    await startAdapter(stage, leader)
    return
  }
  for (const { nsx } of world.adapters.values()) {
    if (fault === 'silence') nsx.blackhole(true)
    nsx.cut()
  }
  await world.clock.advance(4_000)
  for (const { nsx } of world.adapters.values()) nsx.blackhole(false)
}

async function suffer(stage: Stage, row: FaultRow, phase: Phase, fault: Fault, nth: number): Promise<void> {
  const what = `${row.kind}, ${fault} ${phase}`
  const { scene } = stage
  const { clock } = scene.world
  const effects = () => scene.writes.filter((write) => row.effect?.pattern.test(write)).length
  const effectsBefore = effects()
  const leftBefore = row.left?.(scene) ?? 0
  let struck = false
  const strikeOnce = async () => {
    if (struck) return
    struck = true
    await strike(stage, fault)
  }
  let due = false
  let asked = ''
  stage.onTold = (told) => {
    if (due || struck || told.id !== asked) return 'pass'
    const verdict = verdictOf(phase, told)
    due = verdict !== 'pass'
    return verdict
  }
  if (phase === 'before it is accepted' && fault !== 'kill')
    for (const { nsx } of scene.world.adapters.values()) nsx.cut()
  const id = await stage.ask(row, nth)
  asked = id
  if (phase === 'before it is accepted') await strikeOnce()
  for (let passed = 0; passed < 120_000; passed += 10) {
    const seen = await stage.show(id)
    const isOver = seen.state === 'DONE' || seen.state === 'FAILED'
    if (due || (phase === 'after it is accepted' && seen.state !== 'QUEUED') || isOver) break
    await clock.advance(10)
  }
  await strikeOnce()
  const seen = await stage.answered(id, 130_000)
  const finals = seen.events.filter(({ t }) => t === 'result' || t === 'error')
  assert.deepEqual([seen.state, finals.length], ['DONE', 1], `${what}: ${JSON.stringify(finals)}`)
  row.check(seen.events, scene)
  await clock.advance(40_000)
  // Nothing more is said, and nothing is done a second time.
  assert.equal((await stage.show(id)).events.length, seen.events.length, what)
  if (row.effect !== undefined) assert.equal(effects() - effectsBefore, row.effect.each, `${what}: effects`)
  // An answer whose acknowledgement was lost is kept to be told again; nobody asks, so it goes with its time.
  if (phase !== 'before its answer is acknowledged')
    assert.equal(row.left?.(scene) ?? 0, leftBefore, `${what}: left behind`)
}

/** OPERATION reportLimit, and a sweep. */
const KEPT_MS_MAX = 700_000

for (const [at, fault] of (['reset', 'silence', 'kill'] as const).entries())
  test(`the matrix: ${fault} at each phase of each kind`, () =>
    onStage(50 + at, async (stage) => {
      let nth = 0
      for (const row of FAULT_ROWS)
        for (const phase of PHASES) {
          nth += 1
          await suffer(stage, row, phase, fault, nth)
        }
      await stage.scene.world.clock.advance(KEPT_MS_MAX)
      for (const row of FAULT_ROWS) assert.equal(row.left?.(stage.scene) ?? 0, 0, `${row.kind}: left behind`)
    }))

test('nothing is stuck past its deadline: with the link silent throughout, each kind is over, once', () =>
  onStage(60, async (stage) => {
    const { world } = stage.scene
    for (const row of FAULT_ROWS) {
      const id = await stage.ask(row, 0, 20_000)
      for (const { nsx } of world.adapters.values()) nsx.blackhole(true)
      await world.clock.advance(25_000)
      for (const { nsx } of world.adapters.values()) nsx.blackhole(false)
      const seen = await stage.answered(id, 120_000)
      const finals = seen.events.filter(({ t }) => t === 'result' || t === 'error')
      assert.equal(finals.length, 1, `${row.kind}: ${seen.state}`)
      await world.clock.advance(200_000)
      assert.equal(row.left?.(stage.scene) ?? 0, 0, `${row.kind}: left behind`)
    }
  }))
