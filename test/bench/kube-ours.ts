/** The adapter's Kubernetes side in a process of its own: its watch of pods, and its way to write objects. */
import { createActor } from 'xstate'
import { createHealth } from '../../src/health/index.ts'
import { createObject, type ObjectKind, runTasks } from '../../src/kube/apply/index.ts'
import { createKubeClient, createKubeSide, OPEN_GATE, RESOURCES } from '../../src/kube/index.ts'
import type { KubeObject } from '../../src/kube/types.ts'
import { KUBE_WRITES_IN_FLIGHT_MAX } from '../../src/limits.ts'
import { SILENT } from '../../src/log/index.ts'
import { canonicalJson } from '../../src/protocol/index.ts'
import { createHttpClient, createRealClock, createRealRandom } from '../../src/world/real.ts'
import { answerCommands, cpuMs, createWindow, measureSync } from './kube-measure.ts'
import { policyBody } from './kube-objects.ts'

const [, , kubeconfig = '', http2 = 'true'] = process.argv
const clock = createRealClock()
const log = SILENT
const kube = await createKubeSide({
  access: { kubeconfig },
  connect: ({ origin, tls, headers }) => createHttpClient({ origin, tls, headers, http2: http2 === 'true' }),
  clock,
  random: createRealRandom(),
  log,
  health: createHealth(clock),
  instance: 'bench',
  userAgent: 'antrea-nsx-adapter/bench',
  resources: ['pods'],
})
const store = kube.store('pods')
const watch = createActor(kube.watch('pods'), { clock })
const window = createWindow()

async function sync(count: number): Promise<void> {
  const synced = new Promise<void>((resolve) => {
    const unsubscribe = kube.onReadiness(() => {
      if (!store.synced) return
      unsubscribe()
      resolve()
    })
  })
  watch.start()
  await synced
  if (store.size !== count) throw new Error(`${store.size} pods came in place of ${count}`)
  store.subscribe((changed) => {
    for (const key of changed) window.saw(store.get(key)?.metadata.labels)
  })
}

const specHash = (object: KubeObject) => canonicalJson((object as KubeObject & { spec: unknown }).spec)
const POLICIES: ObjectKind<KubeObject> = {
  type: RESOURCES.networkPolicies,
  specHash,
  isOurs: () => true,
  isAsWritten: () => true,
}

/** As a plan's steps are carried out: many at a time, and what the server stored compared with what was sent. */
async function create(count: number) {
  const { loadAccess } = await import('../../src/kube/index.ts')
  const { origin, tls, headers } = await loadAccess({ kubeconfig })
  const http = createHttpClient({ origin, tls, headers })
  const client = createKubeClient({
    http,
    gate: OPEN_GATE,
    clock,
    log,
    userAgent: 'antrea-nsx-adapter/bench',
  })
  const [cpuBefore, startedMs] = [cpuMs(), performance.now()]
  const { signal } = new AbortController()
  const failures: unknown[] = []
  await runTasks(
    Array.from({ length: count }, (_, at) => policyBody(at) as KubeObject),
    {
      key: ({ metadata }) => metadata.name,
      execute: async (policy) => {
        await createObject(POLICIES, policy, { kube: client, signal }).catch((error) => failures.push(error))
      },
      atOnceMax: KUBE_WRITES_IN_FLIGHT_MAX,
      isOver: () => failures.length > 0,
    },
  )
  if (failures.length > 0) throw failures[0]
  const answer = { ms: performance.now() - startedMs, cpuMs: cpuMs() - cpuBefore }
  await http.close()
  return answer
}

await answerCommands({
  sync: (count = 0) => measureSync(() => sync(count)),
  window: () => window.begin(),
  end: () => window.end(),
  create: (count = 0) => create(count),
})
