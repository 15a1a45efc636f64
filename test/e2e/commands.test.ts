/** Every command says how it is used and what it means, without a daemon. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { folder, runToEnd } from './process.ts'

test('help lists the commands, and each has an example', async (context) => {
  const { stdout, code } = await runToEnd(context, ['--help'])
  assert.equal(code, 0)
  const listed = /^Commands:\n([\s\S]*?)\n\n/m.exec(stdout)?.[1] ?? ''
  const commands = [...listed.matchAll(/^ {2}([a-z-]+) /gm)].map(([, name]) => name ?? '')
  assert.ok(commands.length > 10)
  for (const command of commands.filter((name) => name !== 'help')) {
    const help = await runToEnd(context, [command, '--help'])
    assert.equal(help.code, 0)
    assert.match(help.stdout, new RegExp(`Examples?:\\n {2}antrea-nsx-adapter ${command}`))
  }
})

test('mistakes on the command line are one line and exit code 2', async (context) => {
  for (const [words, wanted] of [
    [['stauts'], /CLI_USAGE: unknown command 'stauts' .*status/],
    [['transitions', '--limit', '0'], /CLI_USAGE: .*whole number/],
    [['run', '--nsx-ulr', 'x'], /CLI_USAGE: unknown option '--nsx-ulr' .*--nsx-url/],
  ] as const) {
    const { code, stderr, stdout } = await runToEnd(context, words)
    assert.match(stderr, wanted)
    assert.equal(stderr.trim().split('\n').length, 1)
    assert.equal(stdout, '')
    assert.equal(code, 2)
  }
})

test('explain says what a code means, finds the nearest one, and lists them all', async (context) => {
  const one = await runToEnd(context, ['explain', 'name_conflict'])
  assert.match(one.stdout, /^NAME_CONFLICT: a warning[\s\S]*→ .*[Rr]ename/)
  const wrong = await runToEnd(context, ['explain', 'NAME_CONFLIT'])
  assert.equal(wrong.code, 1)
  assert.match(wrong.stderr, /EXPLAIN_UNKNOWN: .*did you mean NAME_CONFLICT\?/)
  const all = await runToEnd(context, ['explain'])
  assert.ok(all.stdout.split('\n').length > 60)
})

test('without a daemon: one line, and status exits with 3', async (context) => {
  const socket = join(folder(context), 'none.sock')
  for (const [command, wanted] of [
    ['status', 3],
    ['transitions', 1],
    ['approve', 1],
  ] as const) {
    const { code, stderr } = await runToEnd(context, [command, '--socket', socket])
    assert.equal(code, wanted, command)
    assert.match(stderr, /^antrea-nsx-adapter: DAEMON_UNREACHABLE: .*none\.sock/)
    assert.equal(stderr.trim().split('\n').length, 1)
  }
})
