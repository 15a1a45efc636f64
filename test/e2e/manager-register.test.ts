/** The lines of docs/manager.md, as a person types them. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ManagerPlaces } from '../../src/cli/manager.ts'
import { folder, root, start, until } from './process.ts'

const has = (program: string) => spawnSync(program, ['--version']).error === undefined
const missing = ['bash', 'curl', 'openssl', 'awk', 'sed'].filter((program) => !has(program))

test('a cluster is registered with the calls of docs/manager.md, and its certificate speaks for it', {
  skip: missing.length > 0 ? `this machine has no ${missing.join(', ')}` : false,
}, async (context) => {
  const document = readFileSync(join(root, 'docs/manager.md'), 'utf8')
  const lines = /<!-- register:[^>]*-->\n```bash\n([\s\S]*?)```/.exec(document)?.[1]
  assert.ok(lines !== undefined)
  const path = folder(context)
  const ready = join(path, 'ready.json')
  const password = join(path, 'password')
  writeFileSync(password, 'Typed-by-a-person-1\n', { mode: 0o600 })
  const program = start(context, [
    'manager',
    '--listen',
    '0',
    '--password-file',
    password,
    '--ready-file',
    ready,
  ])
  await until('the ready file', () => existsSync(ready), 15_000, program.stderr)
  const { url, ca } = JSON.parse(readFileSync(ready, 'utf8')) as ManagerPlaces
  const { status, stdout, stderr } = spawnSync(
    'bash',
    ['-euo', 'pipefail', '-c', `${lines}\necho; echo "ID=$ID"`],
    {
      cwd: path,
      env: { ...process.env, NSX: url, CA: ca, PASSWORD: 'Typed-by-a-person-1', NAME: 'cluster-1' },
      encoding: 'utf8',
      timeout: 30_000,
    },
  )
  assert.equal(status, 0, stderr + stdout)
  assert.match(stdout, /"resource_type":"PrincipalIdentity"/)
  assert.match(stdout, /"resource_type":"ContainerCluster"/)
  assert.match(stdout, /"protocol":"ccp"[^\n]*"source":"[0-9a-f-]{36}"/)
  assert.match(stdout, /^ID=[0-9a-f-]{36}$/m)
})
