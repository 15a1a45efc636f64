/**
 * Simulated adapters: each speaks both channels with a manager as an adapter does (docs/protocol.md), over sockets with
 * mutual TLS of its own. What they hold is held to the manager's own counts and digests.
 */
import assert from 'node:assert/strict'
import { jsonLines, setDigest } from '../../src/protocol/index.ts'
import type { HttpClient, HttpMethod } from '../../src/world/index.ts'
import { createHttpClient } from '../../src/world/real.ts'

const LINE_BYTES_MAX = 16 * 1_024 * 1_024
const CALL_LIMIT_MS = 60_000
const STATUS_ITEMS = 200

export interface Place {
  readonly url: string
  readonly caPem: string
}

export interface AdapterIdentity {
  readonly nodeId: string
  readonly name: string
  readonly cert: string
  readonly key: string
}

export interface SimulatedAdapter {
  readonly nodeId: string
  /** Of the set it holds. */
  readonly version: number
  readonly held: number
  /** Hello, session, snapshot, watch and full report; then the other channel. Resolves when both stand. */
  connect(): Promise<void>
  /** Resolves with the time (performance.now) at which it held this version or a later one. */
  reached(version: number): Promise<number>
  /** Everything that it has to report is acknowledged. */
  reported(): Promise<void>
  /** Why a stream ended that should not have; undefined while all stand. */
  readonly broken: string | undefined
  health(): Promise<void>
  /** Its sockets are cut, as by a network. */
  cut(): void
  close(): Promise<void>
}

interface Held {
  readonly kind: string
  readonly path: string
  readonly hash: string
}

// biome-ignore lint/suspicious/noExplicitAny: frames are looked into as they come
type Frame = any

export function createSimulatedAdapter(place: Place, identity: AdapterIdentity): SimulatedAdapter {
  const { nodeId, name } = identity
  const http: HttpClient = createHttpClient({
    origin: place.url,
    tls: { ca: place.caPem, cert: identity.cert, key: identity.key },
    connectTimeoutMs: CALL_LIMIT_MS,
  })
  let [version, sequence, statusSeq] = [0, 0, 0]
  let sessions = { ccp: '', mp: '' }
  let held = new Map<string, Held>()
  let leaving = new AbortController()
  let broken: string | undefined
  let unreported = new Map<string, Held>()
  let reporting: Promise<void> = Promise.resolve()
  let waiting: { version: number; resolve: (atMs: number) => void }[] = []
  let reachedAtMs = 0

  const call = async (method: HttpMethod, path: string, body?: unknown): Promise<Frame> => {
    const answer = await http.request({
      method,
      path,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: { 'content-type': 'application/json' },
      headersTimeoutMs: CALL_LIMIT_MS,
    })
    const chunks: Uint8Array[] = []
    for await (const chunk of answer.body) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString()
    if (answer.status >= 300)
      throw new Error(`${name}: ${method} ${path}: ${answer.status} ${text.slice(0, 300)}`)
    return text === '' ? undefined : JSON.parse(text)
  }
  const stream = async (path: string): Promise<AsyncGenerator<Frame, void>> => {
    const answer = await http.request({
      method: 'GET',
      path,
      lane: 'stream',
      headersTimeoutMs: CALL_LIMIT_MS,
      bodyTimeoutMs: 0,
      signal: leaving.signal,
    })
    if (answer.status !== 200) throw new Error(`${name}: GET ${path}: ${answer.status}`)
    return jsonLines(answer.body, LINE_BYTES_MAX)
  }
  const open = async (channel: 'ccp' | 'mp'): Promise<{ session: string; epoch: string }> => {
    await call('GET', `/${channel}/v1`)
    return call('POST', `/${channel}/v1/clusters/${nodeId}/sessions`, {
      instance: `${name}-1`,
      adapter_version: '1.0.0',
      capabilities: [],
      cluster_uid: `uid-of-${nodeId}`,
      leader: { lease_created: 1, transitions: 1 },
    })
  }
  const keyOf = ({ kind, path }: { kind: string; path: string }) => `${kind} ${path}`
  const apply = (into: Map<string, Held>, frames: readonly Frame[]) => {
    for (const frame of frames)
      if (frame.t === 'put') into.set(keyOf(frame), { kind: frame.kind, path: frame.path, hash: frame.hash })
      else into.delete(keyOf(frame))
  }
  const snapshot = async (session: string): Promise<void> => {
    const fresh = new Map<string, Held>()
    for await (const frame of await stream(`/ccp/v1/clusters/${nodeId}/snapshot?session=${session}`)) {
      if (frame.t === 'put') apply(fresh, [frame])
      if (frame.t !== 'end') continue
      assert.equal(setDigest(fresh.values()), frame.digest, `${name}: the digest of the snapshot`)
      version = frame.version
      held = fresh
      return
    }
    throw new Error(`${name}: the snapshot had no end`)
  }
  const arrived = () => {
    reachedAtMs = performance.now()
    for (const one of waiting) if (one.version <= version) one.resolve(reachedAtMs)
    waiting = waiting.filter((one) => one.version > version)
  }
  const follow = async (lines: AsyncGenerator<Frame, void>): Promise<void> => {
    let pending: Frame[] = []
    for await (const frame of lines) {
      if (frame.t === 'put' || frame.t === 'del') pending.push(frame)
      if (frame.t === 'reset' || frame.t === 'bye') throw new Error(`${frame.t}: ${frame.reason ?? ''}`)
      if (frame.t !== 'commit') continue
      assert.equal(frame.prev, version, `${name}: commits follow each other`)
      apply(held, pending)
      version = frame.version
      arrived()
      for (const one of pending)
        if (one.t === 'put' && one.kind === 'SecurityPolicy') unreported.set(one.path, one)
      pending = []
      report()
    }
    throw new Error('the stream ended')
  }
  const statusOf = ({ path, hash }: Held) => ({
    path,
    kind: 'SecurityPolicy',
    state: 'SUCCESS',
    hash,
    applied_hash: hash,
    nodes: { current: 3, desired: 3 },
    evidence: 'agents',
    problems: [],
    observed_at: Date.now(),
  })
  const send = async (items: readonly Held[], full?: { part: number; parts: number }): Promise<void> => {
    statusSeq += 1
    await call('POST', `/ccp/v1/clusters/${nodeId}/status`, {
      session: sessions.ccp,
      seq: statusSeq,
      ...(full === undefined ? {} : { full }),
      desired: { version, digest: setDigest(held.values()) },
      items: items.map(statusOf),
    })
  }
  const reportAll = async (): Promise<void> => {
    const policies = [...held.values()].filter(({ kind }) => kind === 'SecurityPolicy')
    const parts = Math.max(1, Math.ceil(policies.length / STATUS_ITEMS))
    for (let part = 1; part <= parts; part += 1)
      await send(policies.slice((part - 1) * STATUS_ITEMS, part * STATUS_ITEMS), { part, parts })
  }
  let isReporting = false
  /** One call in flight; what comes meanwhile goes with the next. */
  const report = () => {
    if (isReporting) return
    isReporting = true
    const work = async () => {
      while (unreported.size > 0) {
        const items = [...unreported.values()].slice(0, STATUS_ITEMS)
        for (const { path } of items) unreported.delete(path)
        await send(items)
      }
    }
    const { signal } = leaving
    reporting = work()
      .catch((error: unknown) => fail(error, signal))
      .finally(() => {
        isReporting = false
      })
  }
  /** Of the connection that the signal is of; one that was left may end as it likes. */
  const fail = (error: unknown, { aborted }: AbortSignal) => {
    if (!aborted) broken ??= error instanceof Error ? error.message : String(error)
  }
  const drain = async (lines: AsyncGenerator<Frame, void>): Promise<void> => {
    for await (const frame of lines) if (frame.t === 'bye') throw new Error('bye')
    throw new Error('the stream ended')
  }
  const health = async (): Promise<void> => {
    sequence += 1
    const fine = { status: 'HEALTHY', conditions: [] }
    await call('POST', `/mp/v1/clusters/${nodeId}/health`, {
      session: sessions.mp,
      sequence,
      status: 'HEALTHY',
      controller_status: { ...fine, connected_agent_num: 3 },
      mp_adapter_status: fine,
      ccp_adapter_status: fine,
      agent_info: { healthy_agent_num: 3, degraded_agent_num: 0, failed_agent_num: 0 },
      nodes: ['n1', 'n2', 'n3'].map((node) => ({ name: node, status: 'HEALTHY' })),
    })
  }
  const connectCcp = async (): Promise<void> => {
    const { signal } = leaving
    const { session, epoch } = await open('ccp')
    sessions = { ...sessions, ccp: session }
    statusSeq = 0
    await snapshot(session)
    const watch = await stream(
      `/ccp/v1/clusters/${nodeId}/watch?session=${session}&epoch=${epoch}&from=${version}`,
    )
    assert.equal((await watch.next()).value?.t, 'open')
    await reportAll()
    arrived()
    follow(watch).catch((error: unknown) => fail(error, signal))
  }
  const connectMp = async (): Promise<void> => {
    const { signal } = leaving
    const { session } = await open('mp')
    sessions = { ...sessions, mp: session }
    sequence = 0
    const requests = await stream(`/mp/v1/clusters/${nodeId}/requests?session=${session}`)
    drain(requests).catch((error: unknown) => fail(error, signal))
    await health()
  }
  return {
    nodeId,
    get version() {
      return version
    },
    get held() {
      return held.size
    },
    get broken() {
      return broken
    },
    health,
    async connect() {
      leaving = new AbortController()
      broken = undefined
      unreported = new Map()
      await Promise.all([connectCcp(), connectMp()])
    },
    reached: (wanted) =>
      version >= wanted
        ? Promise.resolve(reachedAtMs)
        : new Promise((resolve) => waiting.push({ version: wanted, resolve })),
    reported: () => reporting,
    cut() {
      leaving.abort(new Error('cut'))
      http.reset()
    },
    async close() {
      leaving.abort(new Error('closed'))
      await http.close()
    },
  }
}
