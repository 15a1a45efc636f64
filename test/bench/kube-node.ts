/** The informer of @kubernetes/client-node in a process of its own. */
import { CoreV1Api, KubeConfig, makeInformer } from '@kubernetes/client-node'
import { answerCommands, createWindow, measureSync } from './kube-measure.ts'

const [, , kubeconfig = ''] = process.argv
const config = new KubeConfig()
config.loadFromFile(kubeconfig)
const api = config.makeApiClient(CoreV1Api)
const informer = makeInformer(config, '/api/v1/pods', () => api.listPodForAllNamespaces())
const window = createWindow()

async function sync(count: number): Promise<void> {
  let added = 0
  const all = new Promise<void>((resolve, reject) => {
    informer.on('add', () => {
      added += 1
      if (added === count) resolve()
    })
    informer.on('error', reject)
  })
  informer.on('update', (pod) => window.saw(pod.metadata?.labels))
  await informer.start()
  await all
}

await answerCommands({
  sync: (count = 0) => measureSync(() => sync(count)),
  window: () => window.begin(),
  end: () => window.end(),
})
