import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inParallel } from '../../../src/world/index.ts'

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

test('at most so many at once, results in the order of the items', async () => {
  let running = 0
  let most = 0
  const results = await inParallel([5, 1, 4, 2, 3], 2, async (turns) => {
    running += 1
    most = Math.max(most, running)
    for (let at = 0; at < turns; at += 1) await turn()
    running -= 1
    return turns * 10
  })
  assert.deepEqual([results, most], [[50, 10, 40, 20, 30], 2])
})

test('the first failure is thrown when what runs has ended, and nothing is begun after it', async () => {
  const begun: number[] = []
  const ended: number[] = []
  const work = inParallel([1, 2, 3, 4], 2, async (item) => {
    begun.push(item)
    if (item === 1) throw new Error('one')
    await turn()
    ended.push(item)
  })
  await assert.rejects(work, /^Error: one$/)
  assert.deepEqual([begun, ended], [[1, 2], [2]])
})
