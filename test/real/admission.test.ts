/**
 * What random policies become, put to the real API server and Antrea's webhooks, in a dry run: nothing is refused, pruned or
 * filled in.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Admission, createTiers, type Post } from '../oracle/admission.ts'
import { type Antrea, attachAntrea } from './harness/antrea.ts'
import { type ControlPlane, startControlPlane } from './harness/controlplane.ts'
import { programs, skip } from './harness/tier.ts'
import { eventually } from './harness/wait.ts'

const options = { skip, timeout: 240_000 }
let plane: ControlPlane
let antrea: Antrea

before(
  async () => {
    if (skip !== false) return
    plane = await startControlPlane({ programs: await programs() })
    antrea = await attachAntrea(plane)
  },
  { timeout: 240_000 },
)
after(async () => {
  await antrea?.stop()
  await plane?.stop()
})

const post: Post = (path, body) => plane.api.ask('POST', path, { body })

test('at least 300 emitted policies are taken as they are', options, async () => {
  await createTiers(post)
  const admission = new Admission(post)
  // antrea-controller hears of the tiers a moment after the API server has them.
  await eventually('the tiers are known', () => admission.world(1).then(() => true))
  for (let seed = 2; admission.admitted.policies < 300; seed += 1) await admission.world(seed)
  assert.ok(admission.admitted.groups > 1_000, JSON.stringify(admission.admitted))
  process.stdout.write(`# ${JSON.stringify(admission.admitted)}\n`)
})
