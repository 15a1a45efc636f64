/** All contract cases of the API server. */
import { CUSTOM_CASES } from './cases-custom.ts'
import { PATCH_CASES } from './cases-patch.ts'
import { READ_CASES } from './cases-read.ts'
import { WATCH_CASES } from './cases-watch.ts'
import { WRITE_CASES } from './cases-write.ts'
import type { Case } from './steps.ts'

export const CASES: readonly Case[] = [
  ...WRITE_CASES,
  ...READ_CASES,
  ...PATCH_CASES,
  ...CUSTOM_CASES,
  ...WATCH_CASES,
]
