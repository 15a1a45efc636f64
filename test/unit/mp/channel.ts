/** The whole channel over a fake NSX and stores, for tests. */
import { createActor } from 'xstate'
import { stateWords } from '../../../src/diagnostics/inspection.ts'
import { createHealth } from '../../../src/health/index.ts'
import { OPEN_GATE } from '../../../src/kube/index.ts'
import { SILENT } from '../../../src/log/index.ts'
import { provideMp } from '../../../src/mp/index.ts'
import { createFakeClock, createSeededRandom } from '../../fakes/clock.ts'
import { createCluster, fill } from './cluster.ts'
import { CLUSTER, createFakeNsx } from './nsx.ts'

export const leader = { leaseCreated: 1, transitions: 0 }

export async function start(options: { empty?: boolean } = {}) {
  const clock = createFakeClock()
  const random = createSeededRandom(7)
  const fake = createFakeNsx(clock, random)
  const cluster = createCluster()
  const health = createHealth(clock)
  if (options.empty !== true) fill(cluster)
  const logic = provideMp({
    clock,
    random,
    log: SILENT,
    health,
    nsx: fake.nsx,
    stores: cluster.deps,
    clusterId: CLUSTER,
    clusterName: 'one',
    clusterUid: async () => 'uid-kube-system',
    instance: 'test',
    adapterVersion: '0',
    gate: OPEN_GATE,
    operations: [],
    isServed: () => true,
  })
  const actor = createActor(logic, { clock })
  const words = () => stateWords(actor.getSnapshot().value)
  const watching = () => /(^|\.)watching\b/.test(words())
  const lead = async () => {
    actor.send({ type: 'KUBE_READY' })
    actor.send({ type: 'LEAD', leader })
    await clock.advance(1_000)
  }
  actor.subscribe(() => health.setComponent('mp', words()))
  actor.start()
  return { clock, fake, cluster, health, actor, words, watching, lead }
}

export type Channel = Awaited<ReturnType<typeof start>>

/** Lets time pass on a healthy stream. */
export async function heartbeat(clock: Channel['clock'], fake: Channel['fake'], seconds: number) {
  for (let passed = 0; passed < seconds; passed += 10) {
    fake.say({ t: 'ping' })
    await clock.advance(10_000)
  }
}
