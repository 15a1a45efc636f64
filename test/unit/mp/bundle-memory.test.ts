/** A large bundle on its way: memory of the process that carries it stays flat. BUNDLE_MIB is its size, 100 without it. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import type { Handler } from '../../../src/world/index.ts'
import { serve } from '../../../src/world/real.ts'

const MIB = 1_048_576
const size = Number(process.env['BUNDLE_MIB'] ?? '100') * MIB
/** Buffers that wait to be collected; a gigabyte's are not more than some hundred megabytes', but for chance. */
const GROWTH_MIB_MAX = size > 100 * MIB ? 80 : 60

const CHUNK = Buffer.alloc(MIB, createHash('sha512').update('chunk').digest())

function* chunks(): Generator<Buffer> {
  for (let at = 0; at < size; at += MIB) yield CHUNK
}

test(`a bundle of ${size / MIB} MiB takes less than ${GROWTH_MIB_MAX} MiB of memory, over a download that breaks off`, async (context) => {
  let downloads = 0
  const kube: Handler = async () => ({
    status: 200,
    body: (async function* () {
      downloads += 1
      const isFirst = downloads === 1
      let at = 0
      for (const chunk of chunks()) {
        if (isFirst && at >= size / 2) throw new Error('the API server ends its requests after a minute')
        yield chunk
        at += chunk.length
      }
    })(),
  })
  const received = createHash('sha256')
  let bytes = 0
  let told = ''
  const nsx: Handler = async (request) => {
    if (request.method === 'HEAD') return { status: 404, headers: { 'error-code': 'CONTENT_NONE' } }
    const part = await request.body(8 * MIB)
    received.update(part)
    bytes += part.length
    told = request.query.get('sha256') ?? told
    return {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ received: bytes }),
    }
  }
  const [from, to] = await Promise.all([serve({ handler: kube }), serve({ handler: nsx })])
  try {
    const hash = createHash('sha256')
    for (const chunk of chunks()) hash.update(chunk)
    const sha256 = hash.digest('hex')
    const { stdout } = await promisify(execFile)(process.execPath, [
      join(import.meta.dirname, 'bundle-process.ts'),
      `http://127.0.0.1:${from.port}`,
      `http://127.0.0.1:${to.port}`,
      sha256,
      String(size),
    ])
    const seen = JSON.parse(stdout) as { sha256: string; bytes: number; grownMib: number; ms: number }
    assert.deepEqual(
      [seen.sha256, seen.bytes, bytes, received.digest('hex'), told],
      [sha256, size, size, sha256, sha256],
    )
    assert.equal(downloads, 2)
    assert.ok(seen.grownMib < GROWTH_MIB_MAX, `memory grew by ${seen.grownMib} MiB in ${seen.ms} ms`)
    context.diagnostic(`${size / MIB} MiB in ${seen.ms} ms, memory grew by ${seen.grownMib} MiB`)
  } finally {
    await Promise.all([from.close(), to.close()])
  }
})
