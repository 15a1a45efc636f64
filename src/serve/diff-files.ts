/** The next plans as files of a support bundle, with secrets masked. */
import { DIFF_STEPS_DEFAULT } from '../limits.ts'
import { type MadeFile, masked } from '../operations/index.ts'
import { diffLines } from './diff.ts'
import type { Looking } from './sight.ts'

/** Made when their turn comes; where there is no plan, the bundle says why. */
export const planFiles = (looking: Looking): readonly MadeFile[] =>
  (['ccp', 'mp'] as const).map((channel) => ({
    path: `diff-${channel}.jsonl`,
    async text(signal) {
      const lines = await diffLines(looking, channel, { offset: 0, limit: DIFF_STEPS_DEFAULT }, signal)
      return masked([...lines].map((line) => `${JSON.stringify(line)}\n`).join(''))
    },
  }))
