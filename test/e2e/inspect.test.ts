/** `inspect` against the sandbox's adapter: now, as it comes, as it was, after its end, and what is wrongly asked. */
import assert from 'node:assert/strict'
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import type { SandboxPlaces } from '../../src/sandbox/start.ts'
import type { NowView, PastView, TransitionView } from '../../src/serve/ui/index.ts'
import { folder, runToEnd, start, until } from './process.ts'

test('inspect', async (context) => {
  const place = folder(context)
  const readyFile = join(place, 'ready.json')
  const sandbox = start(context, ['sandbox', '--ready-file', readyFile])
  await until(
    'the sandbox',
    () => existsSync(readyFile),
    30_000,
    () => sandbox.stdout() + sandbox.stderr(),
  )
  assert.match(sandbox.stdout(), /console --socket \S+adapter\.sock +# the charts/)
  const { socket } = (JSON.parse(readFileSync(readyFile, 'utf8')) as SandboxPlaces).adapter
  const inspect = async (...words: string[]) => {
    const { code, stdout, stderr } = await runToEnd(context, ['inspect', '--socket', socket, ...words])
    assert.deepEqual([code, stderr], [0, ''], words.join(' '))
    return stdout
  }

  const startedAgain = async (path: string) => {
    const program = start(context, ['console', '--socket', path])
    return {
      address: await until(
        'the address',
        () => /http:\S+/.exec(program.stdout())?.[0],
        10_000,
        program.stderr,
      ),
    }
  }

  await context.test('now: every chart with its state, what came and what comes', async () => {
    const text = await inspect()
    assert.match(text, /^READY {2}leading, sandbox-/)
    assert.match(text, /├─ ccp +watching, enforcement settled/)
    assert.match(text, /├─ lease +leading, \w+ +\d+ s +.+ ago +\w+ in \d+ s/)
    assert.match(text, /└─ watch\.tiers +streaming/)
    const now = JSON.parse(await inspect('-o', 'json')) as NowView
    assert.ok(now.actors.length > 20)
    assert.ok(
      now.actors.every(
        ({ words, since, at = since }: { words: string; since: number; at?: number }) =>
          words !== '' && at <= now.at,
      ),
    )
    const one = JSON.parse(await inspect('-o', 'json', '--actor', 'watch.pods')) as NowView
    assert.deepEqual(
      one.actors.map(({ path, chart }) => [path, chart]),
      [['adapter/watches/watch.pods', 'watch']],
    )
    assert.match(await inspect('--actor', 'lease'), /WHAT COMES BY ITSELF\n {2}\w+ +in \d s/)
  })

  await context.test('as it comes, until Ctrl-C', async () => {
    const follow = start(context, ['inspect', '--socket', socket, '--follow', '--actor', 'lease'])
    await until('two renewals', () => follow.stdout().split('(renew done)').length > 2, 15_000, follow.stderr)
    follow.child.kill('SIGINT')
    assert.equal(await follow.ended, 0)
    assert.equal(follow.stderr(), '')
    assert.ok(
      follow
        .lines()
        .filter((line) => /^\d{4}-/.test(line))
        .every((line) => line.includes('adapter/lease')),
    )
  })

  await context.test('as it was: back in time by the kept history', async () => {
    const rows = (await inspect('--history', '-o', 'json', '-n', '10000'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as TransitionView)
    const standby = rows.find(({ machine, to }) => machine === 'adapter' && to.includes('role.standby'))
    assert.ok(standby, 'it stood by before it led')
    const then = JSON.parse(
      await inspect('--at', new Date(standby.at).toISOString(), '-o', 'json'),
    ) as PastView
    const root = then.transitions.find(({ machine }) => machine === 'adapter')
    assert.match(root?.to ?? '', /role\.(standby|leading)/)
    assert.match(
      await inspect('--history', '--actor', 'adapter'),
      /role\.standby → role\.leading {2}\(LEASE_HELD\)/,
    )
    assert.match(await inspect('--at', '0s'), /├─ ccp +watching/)
  })

  await context.test('a chart as text, from its definition', async () => {
    assert.match(await inspect('--chart', 'lease'), /renewing {3}runs renew\n +renew done +→ leading\.term /)
    assert.deepEqual((await inspect('--chart', 'list')).trim().split('\n').slice(0, 2), ['adapter', 'lease'])
  })

  await context.test('console opens a browser where it is asked to, and without one says so', async () => {
    const opened = join(place, 'opened')
    writeFileSync(
      join(place, 'xdg-open'),
      `#!/bin/sh\nprintf '%s' "$1" > ${opened}.tmp && mv ${opened}.tmp ${opened}\n`,
      { mode: 0o755 },
    )
    const path = process.env['PATH'] ?? ''
    const asked = start(context, ['console', '--socket', socket, '--open'], { PATH: `${place}:${path}` })
    await until('the browser', () => existsSync(opened), 10_000, asked.stderr)
    assert.equal(readFileSync(opened, 'utf8'), /http:\S+/.exec(asked.stdout())?.[0])
    asked.child.kill('SIGINT')
    assert.equal(await asked.ended, 0)
    const alone = start(context, ['console', '--socket', socket, '--open'], { PATH: '/nowhere' })
    await until('the word', () => alone.stderr().includes('no browser was opened'), 10_000, alone.stderr)
    assert.match(alone.stdout(), /^Open http:\S+\/open\?token=[0-9a-f]{64}\n/)
    await alone.stop()
    const port = /:(\d+)\//.exec((await startedAgain(socket)).address)?.[1] ?? ''
    const taken = await runToEnd(context, ['console', '--socket', socket, '--port', port])
    assert.match(taken.stderr, /^antrea-nsx-adapter: CONSOLE_CANNOT_LISTEN: .+\n$/)
  })

  await context.test('what is wrongly asked is told in a line', async () => {
    for (const [words, code] of [
      [['--chart', 'nothing'], 'INSPECT_NO_CHART'],
      [['--actor', 'nobody'], 'INSPECT_NO_ACTOR'],
      [['--at', 'soon'], 'INSPECT_BAD_TIME'],
      [['--at', '2001-01-01'], 'INSPECT_NO_ACTOR'],
      [['--follow', '--history'], 'CLI_USAGE'],
      [['-n', '0'], 'CLI_USAGE'],
      [['--history', '--file', join(place, 'none.sqlite')], 'DIAGNOSTICS_UNREADABLE'],
    ] as const) {
      const { code: exit, stderr } = await runToEnd(context, ['inspect', '--socket', socket, ...words])
      assert.notEqual(exit, 0)
      assert.match(stderr, new RegExp(`^antrea-nsx-adapter: ${code}: .+\\n$`))
    }
  })

  await context.test(
    'who follows is told of the end; the past is read from the file afterwards',
    async () => {
      const follow = start(context, ['inspect', '--socket', socket, '--follow'])
      await until('lines', () => follow.stdout() !== '', 10_000, follow.stderr)
      await until(
        'kept',
        async () => (await inspect('--history', '--actor', 'adapter')).includes('role.leading'),
        10_000,
      )
      const file = join(place, 'kept.sqlite')
      for (const suffix of ['', '-wal', '-shm'])
        if (existsSync(join(dirname(socket), `diagnostics.sqlite${suffix}`)))
          copyFileSync(join(dirname(socket), `diagnostics.sqlite${suffix}`), file + suffix)
      await sandbox.stop()
      assert.equal(await follow.ended, 1)
      assert.match(follow.stderr(), /^antrea-nsx-adapter: INSPECT_ENDED: the adapter stops\n$/)
      const { stdout } = await runToEnd(context, [
        'inspect',
        '--history',
        '--file',
        file,
        '--actor',
        'adapter',
      ])
      assert.match(stdout, /role\.standby → role\.leading/)
      const down = await runToEnd(context, ['inspect', '--socket', socket])
      assert.match(down.stderr, /DAEMON_UNREACHABLE/)
      const console = await runToEnd(context, ['console', '--socket', socket])
      assert.match(console.stderr, /DAEMON_UNREACHABLE/)
      assert.equal(console.stdout, '')
    },
  )
})
