/**
 * The part of a kubelet that kube-apiserver needs for `pods/log`: GET /containerLogs/NAMESPACE/POD/CONTAINER on the port that
 * its Node names (k8s.io/kubernetes pkg/kubelet/server). Logs are what the test writes.
 */
import { createRealClock, serve } from '../../../src/world/real.ts'
import type { Api } from './api.ts'
import { createAuthority } from './certificates.ts'

export interface Kubelet {
  readonly node: string
  write(pod: string, text: string): void
  /** Every open answer breaks off, and nobody is there until `open`. */
  close(): Promise<void>
  open(): Promise<void>
  /** Queries it was asked with. */
  readonly asked: readonly string[]
}

interface Line {
  readonly time: string
  readonly text: string
}

const clock = createRealClock()

/** Creates the Node and answers for its Pods. */
export async function startKubelet(api: Api, node: string): Promise<Kubelet> {
  const authority = await createAuthority('kubelet-ca')
  const tls = await authority.server('kubelet', { dns: ['localhost'], ips: ['127.0.0.1'] })
  const logs = new Map<string, Line[]>()
  const listeners = new Set<() => void>()
  const asked: string[] = []
  let isOpen = true
  let count = 0
  const linesOf = (path: string): Line[] => {
    const [, , namespace = '', pod = ''] = path.split('/')
    if (namespace !== 'kube-system') return []
    const known = logs.get(pod) ?? []
    logs.set(pod, known)
    return known
  }
  async function* body(lines: Line[], query: URLSearchParams, signal: AbortSignal) {
    const since = query.get('sinceTime') ?? ''
    const seconds = Number(query.get('sinceSeconds') ?? Number.NaN)
    const from = Number.isNaN(seconds) ? since.slice(0, 19) : stamp(clock.now() - seconds * 1_000)
    const tail = query.get('tailLines')
    let at = tail === null ? 0 : Math.max(0, lines.length - Number(tail))
    while (isOpen && !signal.aborted) {
      const fresh = lines.slice(at)
      at = lines.length
      const text = fresh.filter(({ time }) => time >= from).map(({ time, text }) => `${time} ${text}\n`)
      if (text.length > 0) yield text.join('')
      if (query.get('follow') !== 'true') return
      if (at < lines.length) continue
      await new Promise<void>((resolve) => {
        const wake = () => {
          listeners.delete(wake)
          resolve()
        }
        listeners.add(wake)
        signal.addEventListener('abort', wake, { once: true })
      })
    }
    if (!isOpen) throw new Error('the kubelet is gone')
  }
  const stamp = (ms: number) =>
    `${new Date(ms).toISOString().slice(0, 23)}${String(count % 1_000_000).padStart(6, '0')}Z`
  const listen = (port: number) =>
    serve({
      host: '127.0.0.1',
      port,
      tls,
      handler: async ({ path, query, signal }) => {
        asked.push(query.toString())
        return {
          status: 200,
          headers: { 'content-type': 'text/plain' },
          body: body(linesOf(path), query, signal),
        }
      },
    })
  let server = await listen(0)
  const { port } = server
  await api.post('/api/v1/nodes', { metadata: { name: node } })
  await api.patch(`/api/v1/nodes/${node}/status`, {
    status: {
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      conditions: [{ type: 'Ready', status: 'True' }],
      daemonEndpoints: { kubeletEndpoint: { Port: port } },
    },
  })
  const wakeAll = () => {
    for (const wake of [...listeners]) wake()
  }
  return {
    node,
    asked,
    write(pod, text) {
      count += 1
      linesOf(`/containerLogs/kube-system/${pod}`).push({ time: stamp(clock.now()), text })
      wakeAll()
    },
    async close() {
      isOpen = false
      wakeAll()
      await server.close()
    },
    async open() {
      isOpen = true
      server = await listen(port)
    },
  }
}
