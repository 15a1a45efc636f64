/** Programs of the real control plane as processes: how they end, and how a start that fails is told. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { freePorts, probePort, startProcess } from '../../../src/sandbox/controlplane/index.ts'
import { untilReady } from '../../../src/sandbox/controlplane/processes.ts'
import { createRealClock } from '../../../src/world/real.ts'

const clock = createRealClock()

function shell(context: TestContext, script: string) {
  const folder = mkdtempSync(join(tmpdir(), 'antrea-nsx-processes-'))
  const logFile = join(folder, 'logs/shell.log')
  const running = startProcess({ clock, name: 'shell', command: '/bin/sh', args: ['-c', script], logFile })
  context.after(async () => {
    await running.kill()
    rmSync(folder, { recursive: true })
  })
  const said = (text: string) =>
    untilReady(running, async () => readFileSync(logFile, 'utf8').includes(text), { clock, limitMs: 5_000 })
  return { running, said }
}

test('it is asked to end, and its last words are kept', async (context) => {
  const { running, said } = shell(
    context,
    "trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.05; done",
  )
  await said('up')
  assert.ok(running.isRunning())
  await running.stop()
  assert.equal(await running.exited, 7)
  assert.equal(running.tail(1), 'bye')
  assert.ok(!running.isRunning())
  await running.stop()
})

test('one that does not listen is killed', async (context) => {
  const { running, said } = shell(context, "trap '' TERM; echo up; while :; do sleep 0.05; done")
  await said('up')
  await running.stop(100)
  assert.equal(await running.exited, 'SIGKILL')
})

test('waiting for one that has ended, that is slow or that nobody wants any more ends', async (context) => {
  const never = async () => false
  const ended = shell(context, 'echo no such flag >&2; exit 3').running
  await assert.rejects(
    untilReady(ended, never, { clock, limitMs: 5_000 }),
    /^Error: shell ended \(3\) before it was ready: no such flag$/,
  )
  const slow = shell(context, 'exec sleep 20').running
  await assert.rejects(
    untilReady(slow, () => Promise.reject(new Error('refused')), { clock, limitMs: 150 }),
    /shell is not ready after 0\.15 s \(refused\)/,
  )
  const giveUp = new AbortController()
  const waiting = untilReady(slow, never, { clock, limitMs: 5_000, signal: giveUp.signal })
  giveUp.abort(new Error('not wanted'))
  await assert.rejects(waiting, /not wanted/)
})

test('a program that is not there ends at once', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'antrea-nsx-processes-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const running = startProcess({
    clock,
    name: 'none',
    command: join(folder, 'none'),
    args: [],
    logFile: join(folder, 'none.log'),
  })
  assert.notEqual(await running.exited, 0)
  assert.ok(!running.isRunning())
})

test('free ports are different, and a port that is taken is told', async () => {
  const ports = await freePorts(5)
  assert.equal(new Set(ports).size, 5)
  await Promise.all(ports.map(probePort))
  const { createServer } = await import('node:net')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(ports[0], '127.0.0.1', resolve))
  await assert.rejects(probePort(ports[0]!), { code: 'EADDRINUSE' })
  await new Promise((resolve) => server.close(resolve))
})
