/** What is read in protobuf from a real kube-apiserver is what is read as JSON. */
import { test } from 'node:test'
import { createHttpClient, createRealClock } from '../../src/world/real.ts'
import { runWire } from '../contract/wire/run.ts'
import { startControlPlane } from './harness/controlplane.ts'
import { programs, skip } from './harness/tier.ts'

const NAME = 'a real kube-apiserver'

if (skip !== false) test(NAME, { skip }, () => {})
else
  runWire(NAME, async () => {
    const plane = await startControlPlane({ programs: await programs() })
    const client = createHttpClient(plane.administrator)
    return {
      client,
      clock: createRealClock(),
      finalizesNamespaces: false,
      allocatesHealthCheckPorts: true,
      async close() {
        await client.close()
        await plane.stop()
      },
    }
  })
