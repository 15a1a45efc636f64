/**
 * Runs the cases against an API server and compares each answer, field by field, with what kube-apiserver v1.36.3
 * answered (recorded.json; record.ts makes it). The same cases run on the embedded server and on a real one.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import type { HttpClient } from '../../../src/world/index.ts'
import { normalizer } from './normalize.ts'
import { type Case, DEFINITIONS, type Need, type RequestStep, type Step } from './steps.ts'

/** How a server is reached. */
export interface Link {
  /** As cluster administrator. */
  readonly client: HttpClient
  /** Without credentials. */
  readonly anonymous: HttpClient
  /** Absent: cases that need it are left out. */
  readonly compact?: () => Promise<void>
  /** Whether namespaces are emptied and dependents collected. */
  readonly hasControllers: boolean
  /** Programs of the server's own write beside the case. */
  readonly othersWrite?: boolean
  close(): Promise<void>
}

export interface Answer {
  readonly code: number
  readonly type?: string
  readonly warnings?: string
  readonly body?: unknown
}

export type Transcript = readonly unknown[]

const RECORDED = join(import.meta.dirname, 'recorded.json')
export const recordedPath = RECORDED

const readRecorded = (): Readonly<Record<string, Transcript>> =>
  existsSync(RECORDED) ? (JSON.parse(readFileSync(RECORDED, 'utf8')) as Record<string, Transcript>) : {}

const TIMEOUT_MS = 10_000

/**
 * Controllers write to the same server, and its resourceVersions count their writes too: a case that met one of them
 * is played again.
 */
const TRIES_AMONG_OTHERS = 3

const has = (link: Link, need: Need): boolean =>
  need === 'compaction' ? link.compact !== undefined : link.hasControllers

/** Declares a test for each case. `connect` gives a link that is fresh for the suite. */
export function runCases(name: string, cases: readonly Case[], connect: () => Promise<Link>): void {
  describe(name, () => {
    const recorded = readRecorded()
    let link: Link
    before(async () => {
      link = await connect()
      await install(link.client)
    })
    after(() => link.close())
    for (const one of cases)
      test(one.name, async (t) => {
        const missing = (one.needs ?? []).filter((need) => !has(link, need))
        if (missing.length > 0) return t.skip(`the server offers no ${missing.join(' and no ')}`)
        const expected = recorded[one.name]
        assert.ok(expected, 'the case has not been recorded from kube-apiserver yet')
        const wanted = withoutExceptions(expected, one)
        for (let left = link.othersWrite === true ? TRIES_AMONG_OTHERS : 1; left > 1; left -= 1)
          if (isDeepStrictEqual(withoutExceptions(await play(link, one), one), wanted)) return
        assert.deepEqual(withoutExceptions(await play(link, one), one), wanted)
      })
  })
}

/** Creates the definitions the cases use and waits until they are served. */
export async function install(client: HttpClient): Promise<void> {
  for (const crd of DEFINITIONS) {
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
    const answer = await send(client, { method: 'POST', path, body: crd }, crd)
    assert.ok(answer.code === 201 || answer.code === 409, JSON.stringify(answer.body))
    const plural = `/apis/${crd.spec.group}/v1/${crd.spec.names.plural}`
    for (let tries = 0; tries < 200; tries += 1) {
      const { code } = await send(client, { method: 'GET', path: plural }, undefined)
      if (code === 200) break
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

let serial = 0

/** Plays a case in a namespace of its own and returns its answers, normalized. */
export async function play(link: Link, one: Case): Promise<Transcript> {
  const { client } = link
  serial += 1
  const unique = `${Date.now().toString(36)}${serial}`
  const names = { ns: `ns-${unique}`, id: `id-${unique}` }
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: names.ns } }
  const made = await send(client, { method: 'POST', path: '/api/v1/namespaces', body: namespace }, namespace)
  assert.equal(made.code, 201)
  const raw: unknown[] = []
  const watches = new Map<string, ReturnType<typeof openWatch>>()
  try {
    for (const step of one.steps) raw.push(await playStep(link, step, raw, names, watches))
  } finally {
    for (const watch of watches.values()) watch.stop()
  }
  const normalize = normalizer(names)
  return raw.map(normalize)
}

async function playStep(
  link: Link,
  step: Step,
  raw: readonly unknown[],
  names: Readonly<Record<string, string>>,
  watches: Map<string, ReturnType<typeof openWatch>>,
): Promise<unknown> {
  const fill = (text: string) => fillIn(text, raw, names)
  if ('watch' in step) {
    const watch = openWatch(link.client, fill(step.path), step.accept)
    watches.set(step.watch, watch)
    return { code: await watch.code }
  }
  if ('read' in step) return watches.get(step.read)?.read(step.count)
  if ('compact' in step) {
    await link.compact?.()
    return {}
  }
  const body = step.body === undefined ? undefined : fillBody(step.body, fill)
  const client = step.anonymous === true ? link.anonymous : link.client
  const answer = await sendUntil(client, { ...step, path: fill(step.path) }, body)
  return step.codeOnly === true ? { code: answer.code } : answer
}

const UNTIL_TRIES_MAX = 400
const UNTIL_PAUSE_MS = 25

async function sendUntil(client: HttpClient, step: RequestStep, body: unknown): Promise<Answer> {
  let answer = await send(client, step, body)
  for (let tries = 1; step.until !== undefined && answer.code !== step.until; tries += 1) {
    if (tries >= UNTIL_TRIES_MAX) break
    await new Promise((resolve) => setTimeout(resolve, UNTIL_PAUSE_MS))
    answer = await send(client, step, body)
  }
  return answer
}

const fillBody = (body: unknown, fill: (text: string) => string): unknown =>
  typeof body === 'string' ? fill(body) : JSON.parse(fill(JSON.stringify(body)))

function fillIn(text: string, raw: readonly unknown[], names: Readonly<Record<string, string>>): string {
  return text
    .replace(/\{\{(\d+)\.([^}]+)\}\}/g, (_, at: string, path: string) => {
      const found = path
        .split('.')
        .reduce<unknown>(
          (value, key) => (value as Record<string, unknown> | undefined)?.[key],
          (raw[Number(at)] as Answer).body,
        )
      return String(found)
    })
    .replace(/\{(ns|id)\}/g, (_, key: string) => names[key] ?? '')
}

const readAll = async (body: AsyncIterable<Uint8Array>): Promise<string> => {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

async function send(client: HttpClient, step: RequestStep, body: unknown): Promise<Answer> {
  const response = await client.request({
    method: step.method,
    path: step.path,
    headers: {
      accept: step.accept ?? 'application/json',
      'user-agent': 'contract/1',
      ...(body === undefined ? {} : { 'content-type': step.type ?? 'application/json' }),
      ...step.headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    headersTimeoutMs: TIMEOUT_MS,
  })
  const { warning } = response.headers
  const text = await readAll(response.body)
  return {
    code: response.status,
    ...(step.showType === true ? { type: response.headers['content-type'] ?? '' } : {}),
    ...(warning === undefined ? {} : { warnings: warning }),
    body: parsed(text),
  }
}

function openWatch(client: HttpClient, path: string, accept = 'application/json') {
  const stop = new AbortController()
  const events: unknown[] = []
  let ended = false
  let wake = () => {}
  const response = client.request({
    method: 'GET',
    path,
    headers: { accept, 'user-agent': 'contract/1' },
    lane: 'stream',
    headersTimeoutMs: TIMEOUT_MS,
    bodyTimeoutMs: 0,
    signal: stop.signal,
  })
  const pump = async () => {
    const { body, status } = await response
    let rest = ''
    for await (const chunk of body) {
      rest += Buffer.from(chunk).toString('utf8')
      const lines = rest.split('\n')
      rest = lines.pop() ?? ''
      events.push(...lines.filter((line) => line !== '').map(parsed))
      wake()
    }
    if (rest !== '') events.push(status === 200 ? rest : parsed(rest))
  }
  pump()
    .catch(() => {})
    .finally(() => {
      ended = true
      wake()
    })
  return {
    code: response.then(({ status }) => status),
    stop: () => stop.abort(new Error('the case is over')),
    async read(count: number | 'end'): Promise<unknown> {
      const enough = () => (count === 'end' ? ended : events.length >= count || ended)
      const giveUp = setTimeout(() => stop.abort(new Error('too few events')), TIMEOUT_MS)
      while (!enough())
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      clearTimeout(giveUp)
      return { events: events.splice(0, count === 'end' ? events.length : count) }
    },
  }
}

/** Fields that are listed as different are left out on both sides. */
export function withoutExceptions(transcript: Transcript, { exceptions = [] }: Case): Transcript {
  const listed = exceptions.map(([path]) => path.split('.'))
  const isListed = (path: string) => {
    const parts = path.split('.')
    return listed.some(
      (one) => one.length === parts.length && one.every((part, at) => part === '*' || part === parts[at]),
    )
  }
  const visit = (value: unknown, path: string): unknown => {
    if (isListed(path)) return LEFT_OUT
    if (Array.isArray(value))
      return value.map((item, at) => visit(item, `${path}.${at}`)).filter((item) => item !== LEFT_OUT)
    if (typeof value !== 'object' || value === null)
      return isListed(path) ? LEFT_OUT : isAge(value, path) ? '<age>' : value
    if (isListed(path)) return LEFT_OUT
    const kept = Object.entries(value)
      .map(([key, field]) => [key, visit(field, `${path}.${key}`)] as const)
      .filter(([, field]) => field !== LEFT_OUT)
    return Object.fromEntries(kept)
  }
  return transcript.map((answer, at) => visit(answer, String(at)))
}

/** The age of what was just made, in a table: a second may pass in between. */
const isAge = (value: unknown, path: string): boolean =>
  typeof value === 'string' && /^\d+s$/.test(value) && /\.cells\.\d+$/.test(path)

const LEFT_OUT = Symbol('left out')
