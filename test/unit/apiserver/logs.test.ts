/** `pods/log` as kube-apiserver and a kubelet answer it together (kubernetes.io, Pod API, "read log of the specified Pod"). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createApiServer } from '../../../src/sandbox/apiserver/index.ts'
import type { ContainerLine } from '../../../src/sandbox/apiserver/types.ts'
import { connectInProcess } from '../../../src/world/link.ts'
import { createFakeClock, createSeededRandom } from '../../fakes/clock.ts'

const PODS = '/api/v1/namespaces/default/pods'

async function start() {
  const clock = createFakeClock()
  const lines: ContainerLine[] = []
  const listeners = new Set<(line: ContainerLine | undefined) => void>()
  const api = createApiServer({
    clock,
    random: createSeededRandom(1),
    podLogs: (_pod, _container, isPrevious) =>
      isPrevious
        ? undefined
        : {
            lines,
            follow(listener) {
              listeners.add(listener)
              return () => void listeners.delete(listener)
            },
          },
  })
  const { client } = connectInProcess(api.handler, {
    origin: 'https://api',
    peer: { address: '', commonName: 'admin', organizations: ['system:masters'], verified: true },
    clock,
  })
  const call = async (path: string, body?: object) => {
    const answer = await client.request({
      method: body === undefined ? 'GET' : 'POST',
      path,
      headers: { 'content-type': 'application/json', accept: 'application/json, */*' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headersTimeoutMs: 1_000,
    })
    let text = ''
    for await (const chunk of answer.body) text += Buffer.from(chunk).toString()
    return { status: answer.status, type: answer.headers['content-type'], text }
  }
  await call(PODS, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a' },
    spec: { containers: [{ name: 'main', image: 'i' }], initContainers: [{ name: 'init', image: 'i' }] },
  })
  const write = (text: string) => {
    const line = { atMs: clock.now(), text }
    lines.push(line)
    for (const listener of [...listeners]) listener(line)
  }
  const end = () => {
    for (const listener of [...listeners]) listener(undefined)
  }
  return {
    clock,
    client,
    call,
    write,
    end,
    listeners,
    log: (query: string) => call(`${PODS}/a/log?${query}`),
  }
}

test('the tail is counted first, then what of it is young enough; times are whole seconds; bytes cut at last', async () => {
  const { clock, write, log } = await start()
  for (let n = 0; n < 5; n += 1) {
    write(`line ${n}`)
    await clock.advance(700)
  }
  const text = async (query: string) => (await log(query)).text
  assert.equal(await text('tailLines=2'), 'line 3\nline 4\n')
  assert.equal(await text('tailLines=0'), '')
  assert.equal(await text('sinceSeconds=1'), 'line 4\n')
  assert.equal(await text('tailLines=1&sinceSeconds=3'), 'line 4\n')
  // 00:00:02.1 is line 3; the second begins with 2.0.
  assert.equal(await text('sinceTime=2026-01-01T00:00:02.900Z'), 'line 3\nline 4\n')
  assert.equal(await text('limitBytes=10'), 'line 0\nlin')
  assert.equal(await text('timestamps=true&tailLines=1'), '2026-01-01T00:00:02.800000000Z line 4\n')
  assert.equal((await log('')).type, 'text/plain')
})

test('what is none is refused as kube-apiserver and a kubelet do', async () => {
  const { log, call } = await start()
  for (const [query, status, words] of [
    ['tailLines=-1', 422, /PodLogOptions "" is invalid: tailLines/],
    ['limitBytes=0', 422, /limitBytes/],
    ['sinceSeconds=0', 422, /sinceSeconds/],
    ['sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z', 422, /at most one of `sinceTime` or `sinceSeconds`/],
    ['sinceTime=yesterday', 400, /yesterday/],
    ['container=other', 400, /container other is not valid for pod a/],
    ['previous=true', 400, /previous terminated container "main" in pod "a" not found/],
  ] as const) {
    const { status: got, text } = await log(query)
    assert.equal(got, status, query)
    assert.match(JSON.parse(text).message, words)
  }
  assert.equal((await log('container=init')).status, 200)
  assert.equal((await call(`${PODS}/none/log`)).status, 404)
})

test('a followed log is answered with its first line, ends with its container, and is left when nobody reads', async () => {
  const { clock, client, write, end, listeners } = await start()
  const open = client.request({
    method: 'GET',
    path: `${PODS}/a/log?follow=true`,
    headersTimeoutMs: 60_000,
    bodyTimeoutMs: 0,
  })
  let isAnswered = false
  void open.then(() => {
    isAnswered = true
  })
  await clock.advance(30_000)
  assert.equal(isAnswered, false)
  write('one')
  await clock.settle()
  const { body } = await open
  const iterator = body[Symbol.asyncIterator]()
  const read = async () => Buffer.from((await iterator.next()).value ?? []).toString()
  assert.equal(await read(), 'one\n')
  write('two')
  assert.equal(await read(), 'two\n')
  end()
  assert.equal((await iterator.next()).done, true)
  assert.equal(listeners.size, 0)

  await clock.advance(2_000)
  const stop = new AbortController()
  const silent = client.request({
    method: 'GET',
    path: `${PODS}/a/log?follow=true&sinceSeconds=1`,
    headersTimeoutMs: 60_000,
    signal: stop.signal,
  })
  silent.catch(() => {})
  await clock.advance(5_000)
  stop.abort(new Error('gone'))
  await clock.settle()
  assert.equal(listeners.size, 0)
})
