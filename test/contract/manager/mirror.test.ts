/**
 * Whoever follows snapshot and watch holds what a fresh snapshot holds: over random edits, lost streams, short history and
 * renewed stores. The mirror keeps the rules of docs/protocol.md §2 and nothing more.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bodyHash, setDigest } from '../../../src/protocol/index.ts'
import { CCP_PATH, DOMAIN, type Harness, harness, NODE_ID, openSession, type TestStream } from './harness.ts'

const BASE = `/ccp/v1/clusters/${NODE_ID}`

interface Held {
  readonly kind: string
  readonly path: string
  readonly hash: string
}

class Mirror {
  held = new Map<string, Held>()
  version = -1
  /** Commits taken from a watch. */
  followed = 0
  private session = ''
  private stream: TestStream | undefined
  private readonly world: Harness

  constructor(world: Harness) {
    this.world = world
  }

  cut(): void {
    this.stream?.leave()
    this.stream = undefined
  }

  /** Reads until it holds what the manager has; what it cannot continue it begins anew. */
  async catchUp(): Promise<void> {
    for (let turn = 0; turn < 200; turn += 1) {
      if (this.stream === undefined) await this.begin()
      const current = await this.currentVersion()
      if (current === this.version) return
      if (current === undefined) this.cut()
      else await this.transaction()
    }
    assert.fail('the mirror did not catch up')
  }

  /** By the header of a snapshot that is not read; undefined when the session has ended. */
  private async currentVersion(): Promise<number | undefined> {
    const { http } = this.world.cluster
    const path = `${BASE}/snapshot?session=${this.session}`
    const answer = await http.request({ method: 'GET', path, headersTimeoutMs: 1_000 })
    for await (const _ of answer.body) break
    return answer.status === 200 ? Number(answer.headers['snapshot-version']) : undefined
  }

  private async begin(): Promise<void> {
    const { cluster } = this.world
    const { session, epoch } = await openSession(cluster, 'ccp')
    this.session = session
    const snapshot = await cluster.stream(`${BASE}/snapshot?session=${session}`)
    const held = new Map<string, Held>()
    let end: { version: number; digest: string } | undefined
    for (let frame = await snapshot.next(); frame !== undefined; frame = await snapshot.next()) {
      if (frame.t === 'put') this.put(held, frame)
      if (frame.t === 'end') end = frame
    }
    assert.ok(end, 'a snapshot ends')
    assert.equal(setDigest(held.values()), end.digest)
    this.held = held
    this.version = end.version
    const stream = await cluster.stream(`${BASE}/watch?session=${session}&epoch=${epoch}&from=${end.version}`)
    this.stream = stream.status === 200 ? stream : undefined
    if (this.stream !== undefined) assert.equal((await this.stream.next()).t, 'open')
  }

  private async transaction(): Promise<void> {
    const next = new Map(this.held)
    while (this.stream !== undefined) {
      const frame = await this.stream.next()
      if (frame === undefined || frame.t === 'reset' || frame.t === 'bye') return this.cut()
      if (frame.t === 'put') this.put(next, frame)
      if (frame.t === 'del') assert.ok(next.delete(`${frame.kind} ${frame.path}`), `${frame.path} was held`)
      if (frame.t !== 'commit') continue
      assert.equal(frame.prev, this.version, 'commits follow one another')
      assert.ok(frame.version > this.version)
      this.version = frame.version
      this.held = next
      this.followed += 1
      return
    }
  }

  private put(into: Map<string, Held>, frame: Held & { body: unknown }): void {
    assert.equal(bodyHash(frame.body), frame.hash)
    into.set(`${frame.kind} ${frame.path}`, { kind: frame.kind, path: frame.path, hash: frame.hash })
  }
}

const small = fc.nat(3)
const edit = fc.oneof(
  fc.record({ do: fc.constant('group' as const), id: small, nests: fc.option(small), text: fc.nat(9) }),
  fc.record({ do: fc.constant('service' as const), id: small, port: fc.nat(99) }),
  fc.record({
    do: fc.constant('policy' as const),
    id: small,
    groups: fc.array(small, { maxLength: 3 }),
    service: fc.option(small),
  }),
  fc.record({ do: fc.constant('rule' as const), id: small, group: small, removed: fc.boolean() }),
  fc.record({ do: fc.constant('span' as const), id: small, removed: fc.boolean() }),
  fc.record({
    do: fc.constant('delete' as const),
    id: small,
    what: fc.constantFrom('groups', 'security-policies'),
  }),
)
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never

const step = fc.oneof(
  { weight: 20, arbitrary: edit },
  { weight: 5, arbitrary: fc.constant('read' as const) },
  { weight: 2, arbitrary: fc.constant('cut' as const) },
  { weight: 1, arbitrary: fc.constant('renew' as const) },
)

const groupPath = (id: number) => `/infra/domains/default/groups/g${id}`

/** Edits are as users make them: some of them are refused, and then nothing changed. */
async function apply({ user }: Harness, edit: Edit): Promise<void> {
  const policy = `${DOMAIN}/security-policies/p${edit.id}`
  switch (edit.do) {
    case 'group':
      await user.send('PATCH', `${DOMAIN}/groups/g${edit.id}`, {
        description: `${edit.text}`,
        ...(edit.nests === null
          ? {}
          : { expression: [{ resource_type: 'PathExpression', paths: [groupPath(edit.nests)] }] }),
      })
      return
    case 'service':
      await user.send('PATCH', `/policy/api/v1/infra/services/s${edit.id}`, {
        service_entries: [
          {
            id: 'e',
            resource_type: 'L4PortSetServiceEntry',
            l4_protocol: 'TCP',
            destination_ports: [`${edit.port}`],
          },
        ],
      })
      return
    case 'policy':
      await user.send('PATCH', policy, {
        category: 'Application',
        scope: edit.groups.map(groupPath),
        rules: [
          {
            id: 'r',
            action: 'ALLOW',
            ...(edit.service === null ? {} : { services: [`/infra/services/s${edit.service}`] }),
          },
        ],
      })
      return
    case 'rule':
      await user.send(edit.removed ? 'DELETE' : 'PATCH', `${policy}/rules/x`, {
        action: 'DROP',
        source_groups: [groupPath(edit.group)],
      })
      return
    case 'span':
      await user.send(edit.removed ? 'DELETE' : 'PATCH', `${policy}/container-cluster-span/c`, {
        container_cluster_path: CCP_PATH,
      })
      return
    case 'delete':
      await user.send('DELETE', `${DOMAIN}/${edit.what}/${edit.what === 'groups' ? 'g' : 'p'}${edit.id}`)
  }
}

/** What a session that begins now reads. */
async function fresh(world: Harness): Promise<{ version: number; digest: string }> {
  const { session } = await openSession(world.cluster, 'ccp')
  const stream = await world.cluster.stream(`${BASE}/snapshot?session=${session}`)
  let end = { version: -1, digest: '' }
  for (let frame = await stream.next(); frame !== undefined; frame = await stream.next())
    if (frame.t === 'end') end = frame
  return end
}

test('a mirror that follows equals a fresh snapshot', { timeout: 120_000 }, async () => {
  let followed = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 80 }),
      fc.integer({ min: 1, max: 20 }),
      async (steps, history) => {
        const world = await harness({ historyCommitsMax: history })
        for (let id = 0; id < 4; id += 1) {
          await apply(world, { do: 'group', id, nests: null, text: 0 })
          await apply(world, { do: 'service', id, port: id })
          await apply(world, { do: 'policy', id, groups: [id], service: id })
          await apply(world, { do: 'span', id, removed: false })
        }
        const mirror = new Mirror(world)
        await mirror.catchUp()
        for (const one of steps) {
          if (one === 'cut') mirror.cut()
          else if (one === 'renew') world.manager.renewSource()
          else if (one === 'read') await mirror.catchUp()
          else await apply(world, one)
        }
        await mirror.catchUp()
        followed += mirror.followed
        const end = await fresh(world)
        assert.deepEqual([mirror.version, setDigest(mirror.held.values())], [end.version, end.digest])
        world.manager.close()
      },
    ),
    { numRuns: 60 },
  )
  assert.ok(followed > 50, `commits were followed: ${followed}`)
})
