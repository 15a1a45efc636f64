/** Plays a recorded timeline against a cluster of its own, and compares what it sees. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { HttpMethod } from '../../../src/world/index.ts'
import { letGo, type TestCluster, type WatchLine } from './cluster.ts'
import { createGiven, type Fields, Names } from './objects.ts'
import { readable, stable } from './picture.ts'

interface Traced {
  readonly metadata: { readonly name: string }
  readonly status?: { readonly dataplaneTag?: number; readonly phase?: string }
}

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
  readonly user?: string
  readonly restart?: string
  readonly stop?: string
  readonly look?: string
}

interface Seen {
  readonly code?: number
  readonly body?: Fields | string
  readonly took_ms?: readonly number[]
  readonly status?: Fields
  readonly tags?: Fields
  readonly phases?: Fields
  readonly sha256EqualsSum?: boolean
  readonly headers?: Readonly<Record<string, string>>
  readonly events?: readonly WatchLine[]
}

export interface Life {
  readonly id: string
  readonly about: string
  readonly given: Parameters<typeof createGiven>[2]
  readonly timeline: readonly { readonly do: Doing; readonly saw: Seen }[]
}

const STEP_MS = 20

/** Player of one timeline. */
export class Player {
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
    // Whether the process lives is not played: the stand-in only sets the status.
    if (doing.look !== undefined) return
    if (doing.stop !== undefined || doing.restart !== undefined)
      return this.#stop(doing.restart !== undefined)
    if (saw.sha256EqualsSum === true) return this.#download(doing.path ?? '')
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
    const options = {
      ...(contentType === undefined ? {} : { type: contentType }),
      ...(doing.accept === undefined ? {} : { accept: doing.accept }),
    }
    const answer = await this.#cluster.call(
      method,
      this.#out(path),
      typeof body === 'string' ? body : this.#deep(body, await this.#versionAt(path, body)),
      options,
    )
    this.#learn(answer.body)
    if (saw.code !== undefined)
      assert.equal(answer.code, saw.code, `${method} ${path}: ${JSON.stringify(answer.body)}`)
    // A text is the proxy's before the controller.
    if (typeof saw.body === 'object') this.#compare(answer.body, saw.body, `${method} ${path}`)
    if (saw.tags !== undefined) this.#compareTags(answer.body as { items: Traced[] }, saw)
    if (saw.status !== undefined) this.#compareStatus(answer.body as Fields, saw.status)
  }

  /** The version of what is there, when the request has to name it. */
  async #versionAt(path: string, body: unknown): Promise<string | undefined> {
    if (!JSON.stringify(body ?? '').includes('<rv>')) return undefined
    const { body: live } = await this.#cluster.call('GET', this.#out(path))
    return (live as { metadata?: { resourceVersion?: string } }).metadata?.resourceVersion
  }

  async #stop(andStart: boolean): Promise<void> {
    const { controller, clock } = this.#cluster
    await controller.stop()
    if (andStart) await letGo(clock, controller.start())
  }

  /** The bundle is what its sum says. */
  async #download(path: string): Promise<void> {
    const bundle = (await this.#cluster.call('GET', path.replace('/download', ''))).body as Fields
    const answer = await this.#cluster.download(path)
    assert.equal(answer.headers['content-type'], 'application/tar+gz')
    assert.equal(createHash('sha256').update(answer.bytes).digest('hex'), bundle['sum'])
    assert.equal(answer.bytes.length, bundle['size'])
  }

  #compareTags({ items }: { items: Traced[] }, saw: Seen): void {
    const told = (field: 'dataplaneTag' | 'phase') =>
      Object.fromEntries(items.map(({ metadata, status }) => [metadata.name, status?.[field] ?? null]))
    assert.deepEqual(told('dataplaneTag'), saw.tags)
    assert.deepEqual(told('phase'), saw.phases)
  }

  #compareStatus(body: Fields, status: Fields): void {
    const { oneOf } = status as { oneOf?: readonly unknown[] }
    if (oneOf !== undefined) assert.ok(oneOf.includes(body['status']))
    else this.#compare(body, { status }, 'status')
  }

  async #poll(path: string, { until, for_ms, field }: Doing, saw: Seen): Promise<void> {
    const at = until?.at ?? field ?? ''
    const read = async () => {
      const { code, body } = await this.#cluster.call('GET', this.#out(path))
      return { ...(body as Fields), code }
    }
    if (until === undefined) {
      const before = valueAt(await read(), at)
      for (let ms = 0; ms < (for_ms ?? 0); ms += 100) {
        await this.#cluster.rest(100)
        assert.deepEqual(valueAt(await read(), at), before, `${path} ${at} stays`)
      }
    } else {
      // Pauses of the controller's own may fall otherwise: it looks every ten seconds, and backs off.
      const [, mostMs = 0] = saw.took_ms ?? []
      const [limitMs, stepMs] = mostMs <= 1_000 ? [1_000, STEP_MS] : [mostMs * 4, 200]
      for (let ms = 0; ms <= limitMs; ms += stepMs) {
        if ((valueAt(await read(), at) ?? null) === until.equals) break
        await this.#cluster.rest(stepMs)
      }
    }
    if (typeof saw.body === 'object') this.#compare(await read(), saw.body, `${path} ${at}`)
  }

  async #read({ read = '', quiet_ms = 0 }: Doing, saw: Seen): Promise<void> {
    await this.#cluster.rest(quiet_ms)
    const watch = this.#watches.get(read)
    assert.ok(watch)
    const fresh = watch.events.slice(watch.read)
    watch.read = watch.events.length
    this.#compare(
      { events: fresh.filter(isSure) },
      { events: saw.events?.filter(isSure) },
      `events of ${read}`,
    )
  }

  /** Every field that was recorded has to be there; a key with dots is a path. */
  #compare(actual: unknown, recorded: Fields, where: string): void {
    const raw = JSON.stringify(actual)
    for (const wire of JSON.stringify(recorded).match(WIRE_ADDRESS) ?? [])
      assert.ok(raw.includes(wire), `${where}: ${wire}`)
    const names = namesOf(recorded)
    const shown = inOrder(this.#shown(actual), names)
    for (const [key, wanted] of Object.entries(inOrder(readable(withoutWords(recorded)), names) as Fields))
      assert.deepEqual(cut(valueAt(shown, key) ?? null, wanted), wanted, `${where}: ${key}`)
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

  #deep(value: unknown, version?: string): unknown {
    if (value === undefined) return undefined
    const now = this.#cluster.clock.now()
    return JSON.parse(JSON.stringify(value), (key, inner) => {
      if (inner === '<rv>' && key === 'resourceVersion') return version
      if (inner === '<time>')
        return key === 'timestamp' ? Math.floor(now / 1_000) : new Date(now).toISOString()
      return typeof inner === 'string' ? this.#out(inner) : inner
    })
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
  return path.split('.').reduce<unknown>((at, key) => {
    // `[Started]` is the condition of this type.
    const type = /^\[(.+)\]$/.exec(key)?.[1]
    if (type !== undefined) return (at as { type?: string }[] | undefined)?.find((one) => one.type === type)
    return (at as Fields | undefined)?.[key]
  }, value)
}

/** 16 bytes, base64. */
const WIRE_ADDRESS = /"[A-Za-z0-9+/]{22}=="/g

const namesOf = ({ items }: Fields): ReadonlySet<unknown> =>
  new Set(Array.isArray(items) ? items.map((item: Partial<Traced>) => item.metadata?.name) : [])

const SETS = new Set(['groupMembers', 'effectiveMembers', 'verbs', 'resources', 'subresources'])

/** What has no order, in one. Of discovery, only the groups of these names. */
function inOrder(value: unknown, names: ReadonlySet<unknown>): unknown {
  if (Array.isArray(value)) return value.map((item) => inOrder(item, names))
  if (typeof value !== 'object' || value === null) return value
  const isDiscovery = (value as Fields)['kind'] === 'APIGroupDiscoveryList'
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const ordered = inOrder(inner, names)
      if (!Array.isArray(ordered)) return [key, ordered]
      if (isDiscovery && key === 'items')
        return [
          key,
          sortedBy(
            ordered.filter((item: Traced) => names.has(item.metadata.name)),
            byName,
          ),
        ]
      return [key, SETS.has(key) ? sortedBy(ordered, (item) => JSON.stringify(stable(item))) : ordered]
    }),
  )
}

const byName = (item: Traced): string => item.metadata.name
const sortedBy = <T>(items: readonly T[], keyOf: (item: T) => string): T[] =>
  items.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0))

/** Where a bookmark comes among the events of kube-apiserver, and whether Realized 0/0 is seen, differs from run to run. */
const isSure = ({ type, object }: WatchLine): boolean =>
  object['apiVersion'] !== 'crd.antrea.io/v1beta1' ||
  (type !== 'BOOKMARK' && valueAt(object, 'status.desiredNodesRealized') !== 0)

const PLACEHOLDER = /^<(bytes|port|n|time|rv|sha256 hex)>$/

/** `actual` without what `wanted` does not speak of, and with its placeholders where there is something. */
function cut(actual: unknown, wanted: unknown): unknown {
  if (typeof wanted === 'string' && PLACEHOLDER.test(wanted)) return actual === null ? actual : wanted
  if (Array.isArray(actual) && Array.isArray(wanted))
    return actual.map((item, index) => (index < wanted.length ? cut(item, wanted[index]) : item))
  if (typeof actual !== 'object' || typeof wanted !== 'object' || actual === null || wanted === null)
    return actual
  if (Array.isArray(actual) !== Array.isArray(wanted)) return actual
  const { oneOf } = wanted as { oneOf?: readonly unknown[] }
  if (oneOf !== undefined)
    return oneOf.some((one) => isDeepStrictEqual(cut(actual, one), one)) ? wanted : actual
  return Object.fromEntries(
    Object.entries(actual)
      .filter(([key]) => key in wanted)
      .map(([key, inner]) => [key, cut(inner, (wanted as Fields)[key])]),
  )
}

/** Descriptions of columns are words. */
const withoutWords = (value: Fields): Fields =>
  Array.isArray(value['columnDefinitions'])
    ? {
        ...value,
        columnDefinitions: (value['columnDefinitions'] as Fields[]).map(
          ({ description: _, ...column }) => column,
        ),
      }
    : value
