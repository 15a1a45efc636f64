/** Recorded timelines: what status becomes after reports, and what watchers of the controlplane API are told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HttpMethod } from '../../../src/world/index.ts'
import { startCluster, type TestCluster, type WatchLine } from './cluster.ts'
import { createGiven, type Fields, Names, readLines } from './objects.ts'
import { readable } from './picture.ts'

interface Doing {
  readonly method?: HttpMethod
  readonly path?: string
  readonly body?: unknown
  readonly contentType?: string
  readonly accept?: string
  readonly poll?: string
  readonly until?: { readonly at: string; readonly equals: unknown }
  readonly for_ms?: number
  readonly field?: string
  readonly watch?: string
  readonly read?: string
  readonly quiet_ms?: number
  readonly close?: string
  readonly wait_ms?: number
}

interface Seen {
  readonly code?: number
  readonly body?: Fields
  readonly events?: readonly WatchLine[]
}

interface Life {
  readonly id: string
  readonly about: string
  readonly given: Parameters<typeof createGiven>[2]
  readonly timeline: readonly { readonly do: Doing; readonly saw: Seen }[]
}

/** Where the stand-in does something else on purpose. */
const DIFFERENT: Readonly<Record<string, string>> = {
  'stats-08': 'counters over 2^53 lose their last digits, and a list as a body is refused in other words',
  'status-18':
    'a report for a Kubernetes policy is ignored; the real one writes it on a cluster policy of that name for a moment',
}

const STEP_MS = 20

/** Player of one timeline. */
class Player {
  readonly #cluster: TestCluster
  readonly #names = new Names()
  readonly #groups = new Map<string, string>()
  readonly #uids: string[] = []
  readonly #watches = new Map<string, { events: WatchLine[]; read: number; close(): void }>()

  constructor(cluster: TestCluster) {
    this.#cluster = cluster
  }

  async begin(given: Life['given']): Promise<void> {
    await createGiven(this.#cluster, this.#names, given)
    await this.#cluster.rest(200)
  }

  async play({ do: doing, saw }: Life['timeline'][number]): Promise<void> {
    // Tables and partial objects are the API machinery's; the stand-in sends whole objects.
    if (doing.accept !== undefined) return
    if (doing.wait_ms !== undefined) return this.#cluster.rest(doing.wait_ms)
    if (doing.close !== undefined) return this.#watches.get(doing.close)?.close()
    if (doing.read !== undefined) return this.#read(doing, saw)
    if (doing.watch !== undefined) {
      const watch = await this.#cluster.watch(this.#out(doing.path ?? ''))
      this.#watches.set(doing.watch, { events: watch.events, read: 0, close: watch.close })
      return this.#cluster.rest(STEP_MS)
    }
    if (doing.poll !== undefined) return this.#poll(doing.poll, doing, saw)
    const { method = 'GET', path = '', body, contentType } = doing
    const options = contentType === undefined ? {} : { type: contentType }
    const answer = await this.#cluster.call(
      method,
      this.#out(path),
      typeof body === 'string' ? body : this.#deep(body),
      options,
    )
    this.#learn(answer.body)
    assert.equal(answer.code, saw.code, `${method} ${path}: ${JSON.stringify(answer.body)}`)
    if (saw.body !== undefined) this.#compare(answer.body, saw.body, `${method} ${path}`)
  }

  async #poll(path: string, { until, for_ms, field }: Doing, saw: Seen): Promise<void> {
    const at = until?.at ?? field ?? ''
    const read = async () => (await this.#cluster.call('GET', this.#out(path))).body
    if (until === undefined) {
      const before = valueAt(await read(), at)
      for (let ms = 0; ms < (for_ms ?? 0); ms += 100) {
        await this.#cluster.rest(100)
        assert.deepEqual(valueAt(await read(), at), before, `${path} ${at} stays`)
      }
    } else
      for (let ms = 0; ms <= 1_000; ms += STEP_MS) {
        if (valueAt(await read(), at) === until.equals) break
        await this.#cluster.rest(STEP_MS)
      }
    this.#compare(await read(), saw.body ?? {}, `${path} ${at}`)
  }

  async #read({ read = '', quiet_ms = 0 }: Doing, saw: Seen): Promise<void> {
    await this.#cluster.rest(quiet_ms)
    const watch = this.#watches.get(read)
    assert.ok(watch)
    const fresh = watch.events.slice(watch.read)
    watch.read = watch.events.length
    this.#compare({ events: fresh }, { events: saw.events }, `events of ${read}`)
  }

  /** Every field that was recorded has to be there; a key with dots is a path. */
  #compare(actual: unknown, recorded: Fields, where: string): void {
    const shown = this.#shown(actual)
    for (const [key, wanted] of Object.entries(recorded))
      assert.deepEqual(cut(valueAt(shown, key), wanted), wanted, `${where}: ${key}`)
  }

  #shown(value: unknown): unknown {
    const named = readable(this.#names.in(value))
    const text = JSON.stringify(named)?.replace(
      /[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g,
      (name) => {
        const known = this.#groups.get(name) ?? `<group:${this.#groups.size + 1}>`
        this.#groups.set(name, known)
        return known
      },
    )
    return text === undefined ? undefined : sortedStatistics(JSON.parse(text))
  }

  #learn(body: unknown): void {
    const uid = (body as { metadata?: { uid?: string } } | undefined)?.metadata?.uid
    if (uid !== undefined && !this.#uids.includes(uid)) this.#uids.push(uid)
    this.#names.learn(body)
  }

  #out(text: string): string {
    const [old = ''] = this.#uids
    return String(this.#names.out(text.replace('<uid:old p>', old))).replace(
      '<now>',
      this.#cluster.api.resourceVersion(),
    )
  }

  #deep(value: unknown): unknown {
    if (value === undefined) return undefined
    return JSON.parse(JSON.stringify(value), (_, inner) =>
      typeof inner === 'string' ? this.#out(inner) : inner,
    )
  }
}

/** Rules and items of statistics have no order; the corpus sorts them by name. */
function sortedStatistics(value: Fields): Fields {
  const byName = (list: unknown) =>
    (list as { name?: string; metadata?: Fields }[]).toSorted((a, b) =>
      String(a.name ?? a.metadata?.['name']) < String(b.name ?? b.metadata?.['name']) ? -1 : 1,
    )
  return {
    ...value,
    ...(Array.isArray(value['ruleTrafficStats'])
      ? { ruleTrafficStats: byName(value['ruleTrafficStats']) }
      : {}),
    ...(/StatsList$/.test(String(value['kind'])) ? { items: byName(value['items']) } : {}),
  }
}

function valueAt(value: unknown, path: string): unknown {
  const whole = (value as Fields | undefined)?.[path]
  if (whole !== undefined) return whole
  return path.split('.').reduce<unknown>((at, key) => (at as Fields | undefined)?.[key], value)
}

/** `actual` without what `wanted` does not speak of. */
function cut(actual: unknown, wanted: unknown): unknown {
  if (Array.isArray(actual) && Array.isArray(wanted))
    return actual.map((item, index) => (index < wanted.length ? cut(item, wanted[index]) : item))
  if (typeof actual !== 'object' || typeof wanted !== 'object' || actual === null || wanted === null)
    return actual
  if (Array.isArray(actual) !== Array.isArray(wanted)) return actual
  return Object.fromEntries(
    Object.entries(actual)
      .filter(([key]) => key in wanted)
      .map(([key, inner]) => [key, cut(inner, (wanted as Fields)[key])]),
  )
}

test('timelines go as they went with the real controller', async (t) => {
  const lives = readLines<Life>('lives.jsonl')
  assert.ok(lives.length > 20, 'the corpus is there')
  for (const life of lives)
    await t.test(`${life.id} ${life.about}`, { skip: DIFFERENT[life.id] ?? false }, async () => {
      const cluster = await startCluster()
      try {
        const player = new Player(cluster)
        await player.begin(life.given)
        for (const step of life.timeline) await player.play(step)
      } finally {
        await cluster.stop()
      }
    })
})
