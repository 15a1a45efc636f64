/** All contract cases of the API server. */
import { APPLY_CASES } from './cases-apply.ts'
import { CUSTOM_CASES } from './cases-custom.ts'
import { DEFINITION_CASES } from './cases-definitions.ts'
import { DELETE_CASES } from './cases-delete.ts'
import { EDIT_CASES } from './cases-edits.ts'
import { LIST_CASES } from './cases-lists.ts'
import { PATCH_CASES } from './cases-patch.ts'
import { READ_CASES } from './cases-read.ts'
import { SCHEMA_CASES } from './cases-schema.ts'
import { STREAM_CASES } from './cases-streams.ts'
import { STRICT_CASES } from './cases-strict.ts'
import { TALK_CASES } from './cases-talk.ts'
import { WATCH_CASES } from './cases-watch.ts'
import { WRITE_CASES } from './cases-write.ts'
import type { Case } from './steps.ts'

export const CASES: readonly Case[] = [
  ...WRITE_CASES,
  ...READ_CASES,
  ...PATCH_CASES,
  ...CUSTOM_CASES,
  ...WATCH_CASES,
  ...LIST_CASES,
  ...STREAM_CASES,
  ...APPLY_CASES,
  ...DELETE_CASES,
  ...STRICT_CASES,
  ...SCHEMA_CASES,
  ...EDIT_CASES,
  ...DEFINITION_CASES,
  ...TALK_CASES,
]
