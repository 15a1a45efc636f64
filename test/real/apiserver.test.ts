/** The contract cases of the embedded API server, asked of a real kube-apiserver: what was recorded still holds. */
import { test } from 'node:test'
import { createHttpClient } from '../../src/world/real.ts'
import { CASES } from '../contract/apiserver/cases.ts'
import { runCases } from '../contract/apiserver/run.ts'
import { startControlPlane } from './harness/controlplane.ts'
import { programs, skip } from './harness/tier.ts'

const NAME = 'a real kube-apiserver'
const CONTROLLERS = ['namespace-controller', 'garbage-collector-controller']

if (skip !== false) test(NAME, { skip }, () => {})
else
  runCases(NAME, CASES, async () => {
    const plane = await startControlPlane({ programs: await programs(), controllers: CONTROLLERS })
    const client = createHttpClient(plane.administrator)
    const anonymous = createHttpClient({ origin: plane.administrator.origin, tls: { ca: plane.caPem } })
    return {
      client,
      anonymous,
      compact: plane.compact,
      hasControllers: true,
      othersWrite: true,
      async close() {
        await client.close()
        await anonymous.close()
        await plane.stop()
      },
    }
  })
