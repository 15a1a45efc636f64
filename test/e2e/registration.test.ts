/** register, rotate and deregister as a person types them, on real sockets: killed in the middle, and what the manager takes after. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { ManagerPlaces } from '../../src/cli/manager.ts'
import { folder, runToEnd, start, until } from './process.ts'

interface Scene {
  readonly path: string
  readonly url: string
  readonly ca: string
  /** Options of every command for the cluster of this name. */
  common(name: string): string[]
  file(name: string, file: string): string
}

async function scene(context: TestContext): Promise<Scene> {
  const path = folder(context)
  const [ready, password] = [join(path, 'ready.json'), join(path, 'password')]
  writeFileSync(password, 'Typed-by-a-person-1\n', { mode: 0o600 })
  const program = start(context, [
    'manager',
    '--public-api-only',
    '--listen',
    '0',
    '--password-file',
    password,
    '--ready-file',
    ready,
  ])
  await until('the ready file', () => existsSync(ready), 15_000, program.stderr)
  const { url, ca } = JSON.parse(readFileSync(ready, 'utf8')) as ManagerPlaces
  return {
    path,
    url,
    ca,
    common: (name) => [
      ...['--nsx-url', url, '--nsx-ca', ca, '--nsx-password-file', password],
      ...['--folder', join(path, name), '--config', join(path, name, 'config.yaml')],
    ],
    file: (name, file) => readFileSync(join(path, name, file), 'utf8'),
  }
}

interface Pair {
  readonly cert: string
  readonly key: string
}

const pairOf = ({ file }: Scene, name: string): Pair => ({
  cert: file(name, 'tls.crt'),
  key: file(name, 'tls.key'),
})

/** Status of a read with this certificate, on a connection of its own. */
const statusFor = ({ url, ca }: Scene, { cert, key }: Pair): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const asked = request(
      `${url}/policy/api/v1/infra/domains/default/groups`,
      { ca: readFileSync(ca), cert, key, agent: false },
      (answer) => {
        answer.resume()
        answer.once('end', () => resolve(answer.statusCode))
      },
    )
    asked.once('error', reject)
    asked.end()
  })

/** Kills the command as soon as it says that it begins this step. */
async function killedAt(context: TestContext, words: readonly string[], step: number): Promise<void> {
  const program = start(context, words)
  await until(
    `step ${step} of ${words[0]}`,
    () => program.stdout().includes(` ${step}/`) || program.child.exitCode !== null,
    20_000,
    () => program.stdout() + program.stderr(),
  )
  program.child.kill('SIGKILL')
  await program.ended
}

test('killed by SIGKILL at any step, register, rotate and deregister are completed by the next run', async (context) => {
  const here = await scene(context)
  const complete = async (words: readonly string[]) => {
    const { code, stdout, stderr } = await runToEnd(context, words)
    assert.equal(code, 0, stdout + stderr)
    return stdout
  }
  for (const step of [2, 5]) {
    const name = `site-${step}`
    const words = ['register', ...here.common(name), '--cluster-name', name]
    await killedAt(context, words, step)
    await complete(words)
    assert.match(await complete(words), /Nothing to do/)
    assert.equal(await statusFor(here, pairOf(here, name)), 200)
  }
  const name = 'site-5'
  const old = pairOf(here, name)
  const rotate = ['rotate', ...here.common(name), '--no-instances']
  await killedAt(context, rotate, 6)
  assert.equal(await statusFor(here, old), 200, 'both are taken in the middle')
  await complete(rotate)
  assert.equal(await statusFor(here, pairOf(here, name)), 200)
  assert.equal(await statusFor(here, old), 403, 'the certificate that was removed')
  const now = pairOf(here, name)
  const deregister = ['deregister', ...here.common(name), '--yes']
  await killedAt(context, deregister, 3)
  await complete(deregister)
  assert.equal(await statusFor(here, now), 403)
  assert.match(await complete(deregister), /Nothing to do/)
})

test('a person is told in one line what stands against it, and nothing is changed', async (context) => {
  const here = await scene(context)
  const register = ['register', ...here.common('one'), '--cluster-name', 'one']
  assert.equal((await runToEnd(context, register)).code, 0)
  const wrong = join(here.path, 'wrong')
  writeFileSync(wrong, 'not-the-password\n')
  const without = (option: string) =>
    register.filter((_, at) => register[at] !== option && register[at - 1] !== option)
  for (const [words, code] of [
    [['register', ...here.common('two'), '--cluster-name', 'one'], 'REGISTRATION_NAME_TAKEN'],
    [[...without('--nsx-password-file'), '--nsx-password-file', wrong], 'REGISTRATION_LOGIN'],
    [
      [...without('--nsx-password-file'), '--nsx-password-file', wrong, '--nsx-auth', 'basic'],
      'REGISTRATION_LOGIN',
    ],
    [without('--nsx-password-file'), 'REGISTRATION_PASSWORD'],
    [[...without('--nsx-ca'), '--nsx-thumbprint', 'ab'.repeat(32)], 'REGISTRATION_UNTRUSTED'],
    [
      [
        'register',
        ...here.common('two').filter((word) => word !== here.ca && word !== '--nsx-ca'),
        '--cluster-name',
        'two',
      ],
      'REGISTRATION_UNTRUSTED',
    ],
    [[...without('--nsx-url'), '--nsx-url', 'https://127.0.0.1:1'], 'REGISTRATION_UNREACHABLE'],
    [['rotate', ...here.common('two')], 'REGISTRATION_NAME'],
    [['rotate', ...here.common('one'), '--socket', join(here.path, 'none.sock')], 'DAEMON_UNREACHABLE'],
    [['join', '--folder', here.path], 'REGISTRATION_KUBECONFIG'],
  ] as const) {
    const { code: exit, stderr } = await runToEnd(context, words)
    const lines = stderr.trim().split('\n')
    assert.equal(exit, 1, code)
    assert.equal(lines.length, 1, stderr)
    assert.ok(lines[0]?.startsWith(`antrea-nsx-adapter: ${code}: `), `${code} expected: ${stderr}`)
    assert.ok(!stderr.includes('not-the-password'))
  }
})

test('a plan and an outcome as JSON', async (context) => {
  const here = await scene(context)
  const register = ['register', ...here.common('one'), '--cluster-name', 'one', '--json']
  const dry = JSON.parse((await runToEnd(context, [...register, '--dry-run'])).stdout)
  assert.equal(existsSync(join(here.path, 'one')), false, 'a dry run makes nothing')
  const done = JSON.parse((await runToEnd(context, register)).stdout)
  assert.deepEqual(done.steps, dry.steps)
  assert.equal(done.done, true)
  assert.ok(here.file('one', 'config.yaml').includes(done.cluster_id))
  const again = JSON.parse((await runToEnd(context, register)).stdout)
  assert.deepEqual(again.steps, [])
})
