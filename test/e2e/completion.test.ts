/** `completion`, tried in the shell it is for, and `man`: both are made from the commands. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { runToEnd } from './process.ts'

/** What bash offers after these words, with the cursor at the end of the last. */
function offered(script: string, words: readonly string[]): string[] {
  const array = words.map((word) => `'${word}'`).join(' ')
  return execFileSync('bash', [
    '-c',
    `${script}\nCOMP_WORDS=(${array}); COMP_CWORD=${words.length - 1}; _antrea_nsx_adapter; printf '%s\\n' "\${COMPREPLY[@]}"`,
  ])
    .toString()
    .trim()
    .split('\n')
}

test('bash: commands, commands of commands, their options, and files where an option takes a value', async (context) => {
  const { stdout, code } = await runToEnd(context, ['completion', 'bash'])
  assert.equal(code, 0)
  assert.deepEqual(offered(stdout, ['antrea-nsx-adapter', 'tr']), ['traceflow', 'transitions'])
  assert.deepEqual(offered(stdout, ['antrea-nsx-adapter', 'config', 's']), ['show', 'schema'])
  assert.deepEqual(offered(stdout, ['antrea-nsx-adapter', 'config', 'show', '--or']), ['--origin'])
  assert.deepEqual(offered(stdout, ['antrea-nsx-adapter', 'run', '--nsx-c']), ['--nsx-ca', '--nsx-cert'])
  assert.deepEqual(offered(stdout, ['antrea-nsx-adapter', 'run', '--config', '/etc/hostnam']), [
    '/etc/hostname',
  ])
})

test('zsh and fish get a script too, another shell a sentence', async (context) => {
  const zsh = await runToEnd(context, ['completion', 'zsh'])
  assert.match(zsh.stdout, /^autoload -Uz bashcompinit/)
  const fish = await runToEnd(context, ['completion', 'fish'])
  assert.match(fish.stdout, /^complete -c antrea-nsx-adapter -f .*-a traceflow -d 'a packet\\'s way/m)
  assert.match(
    fish.stdout,
    /-n '__fish_seen_subcommand_from config; and __fish_seen_subcommand_from show' -l origin /,
  )
  const { code, stderr } = await runToEnd(context, ['completion', 'tcsh'])
  assert.equal(code, 2)
  assert.match(stderr, /CLI_USAGE: .*bash, zsh, fish/)
})

test('the manual page names every command and its options', async (context) => {
  const { stdout, code } = await runToEnd(context, ['man'])
  assert.equal(code, 0)
  assert.match(stdout, /^\.TH ANTREA\\-NSX\\-ADAPTER 1/)
  assert.match(stdout, /^\.SS config show$/m)
  assert.match(stdout, /^\.B \\-\\-origin$/m)
  assert.ok(!/^['.](?!TH|SH|SS|TP|B |I )/m.test(stdout), 'no line that is a macro by accident')
})
