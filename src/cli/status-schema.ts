/** What `status -o json` prints, as a schema: published as JSON Schema in docs/status.schema.json. */
import { z } from 'zod'
import type { StatusSnapshot } from '../status/index.ts'

const time = z.int().describe('milliseconds since 1970')
const words = z.string()
const count = z.int().min(0)

const lane = {
  lastFullSync: time.optional().describe('when the last full sync was done, milliseconds since 1970'),
  lagMs: z.number().min(0).describe('age of the oldest change that is not carried out yet'),
  guarded: z.boolean().describe('many deletes wait for a second look'),
}
const pause = z.strictObject({ since: time, until: time })

export const StatusSchema = z
  .strictObject({
    version: words,
    instance: words,
    cluster: z.strictObject({ id: words, name: words }),
    role: words.describe('leading, standby, starting, stopping, releasing or stopped'),
    ready: z.boolean(),
    checks: z.array(z.strictObject({ name: words, ok: z.boolean(), reason: words })),
    reasons: z.array(words).describe('why it is not ready; empty when it is'),
    conditions: z.array(
      z.strictObject({
        type: words,
        status: z.enum(['True', 'False']).describe('True is always well'),
        reason: words,
        message: words,
        since: time.optional(),
      }),
    ),
    components: z.record(words, z.strictObject({ state: words, since: time }).optional()),
    stores: z.record(words, z.strictObject({ objects: count, synced: z.boolean(), live: z.boolean() })),
    warnings: z.array(
      z.strictObject({
        code: words,
        title: words,
        severity: z.enum(['error', 'warning', 'info']),
        text: words.describe('what happens meanwhile and what to do'),
        detail: words,
        since: time,
      }),
    ),
    leader: words.describe('the instance that holds the lease; empty when nobody does'),
    instances: z.array(
      z.strictObject({
        instance: words,
        role: z.enum(['leading', 'standby']),
        self: z.boolean(),
        seenMs: z.number().optional(),
        manager: z.enum(['reached', 'unreached', 'unknown']),
        reachedMs: z.number().optional(),
        version: words,
        certificateSha256: words.optional(),
      }),
    ),
    progress: z.strictObject({
      ccp: z.strictObject(lane),
      mp: z.strictObject({
        ...lane,
        lastHealthReport: time.optional().describe('when NSX last took a report of health (the heartbeat)'),
      }),
    }),
    policies: z.strictObject({
      categories: z
        .record(words, z.strictObject({ accepted: count, refused: count, empty: count }))
        .describe('policies of NSX by category, each of which is a tier'),
      rules: z.strictObject({ accepted: count, rejected: count }),
      refusedBy: z.record(words, count).describe('policies by the code of a reason'),
      refused: z.array(
        z.strictObject({
          path: words,
          name: words,
          since: time,
          rules: count,
          reasons: z.array(z.strictObject({ code: words, message: words, rule: words.optional() })),
        }),
      ),
      drift: count.describe('objects in the cluster that are not as they should be'),
      deletesHeld: z.strictObject({ guard: count, approval: count }),
    }),
    pauses: z.strictObject({ ccp: pause.optional(), mp: pause.optional() }),
    agents: z.strictObject({ known: count, troubled: z.array(words) }),
  })
  .describe('antrea-nsx-adapter status -o json')

/** The two say the same: a field that one has and the other has not is an error of the compiler. */
type Keys<T> = keyof T
const _same: Record<Exclude<Keys<StatusSnapshot>, Keys<z.infer<typeof StatusSchema>>>, never> = {}
void _same

/** JSON Schema 2020-12. */
export const statusSchema = (): object => ({
  ...z.toJSONSchema(StatusSchema),
  title: 'antrea-nsx-adapter status',
})
