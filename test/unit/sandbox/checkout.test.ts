/** The real control plane is built from the checkout that the program lies in. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { SILENT } from '../../../src/log/index.ts'
import { findCheckout } from '../../../src/sandbox/controlplane/index.ts'
import { startSandbox } from '../../../src/sandbox/index.ts'
import { createRealClock, createRealRandom } from '../../../src/world/real.ts'

const ROOT = join(import.meta.dirname, '../../..')

test('it is found from a program in it, also through a link, and nowhere else', (context) => {
  const place = realpathSync(mkdtempSync(join(tmpdir(), 'antrea-nsx-checkout-')))
  context.after(() => rmSync(place, { recursive: true }))
  assert.equal(findCheckout(join(ROOT, 'src/main.ts')), realpathSync(ROOT))
  symlinkSync(join(ROOT, 'src/main.ts'), join(place, 'adapter'))
  assert.equal(findCheckout(join(place, 'adapter')), realpathSync(ROOT))
  const program = join(place, 'program')
  writeFileSync(program, '')
  assert.equal(findCheckout(program), undefined)
  // Another project's module of the same place is not ours.
  mkdirSync(join(place, 'test/real/controlplane'), { recursive: true })
  writeFileSync(join(place, 'test/real/controlplane/go.mod'), 'module x\n')
  writeFileSync(join(place, 'package.json'), '{"name":"other"}')
  assert.equal(findCheckout(program), undefined)
  assert.equal(findCheckout(join(place, 'none')), undefined)
  assert.equal(findCheckout(undefined), undefined)
})

test('without one, the sandbox says so and leaves nothing running', {
  skip: process.platform === 'linux' ? false : 'it is told on Linux',
}, async () => {
  const starting = startSandbox({
    clock: createRealClock(),
    random: createRealRandom(),
    log: SILENT,
    version: 'test',
    real: { program: undefined, onProgress: () => assert.fail('nothing is begun') },
  })
  await assert.rejects(starting, { code: 'SANDBOX_REAL_NOT_HERE', message: /checkout/ })
})
