/** The adapter as the process that systemd would run: `main.ts run --config FILE`, with the rights of docs/rbac.yaml. */
import { readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { StatusSnapshot } from '../../../src/status/index.ts'
import type { AnyJson, Api } from './api.ts'
import type { AuditQuery } from './audit.ts'
import type { ControlPlane } from './controlplane.ts'
import type { Nsx } from './nsx.ts'
import { type Running, start } from './processes.ts'
import { type EventuallyOptions, eventually } from './wait.ts'

const ROOT = join(import.meta.dirname, '../../..')
/** What runs as the adapter in place of the sources. */
const EXECUTABLE = process.env['ANTREA_NSX_ADAPTER']

/** As a group, so that each instance can be a user of its own in the audit log. */
const ADAPTER_GROUP = 'antrea-nsx-adapter'
const ADAPTER_NAMESPACE = 'antrea-nsx-adapter'
const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${ADAPTER_NAMESPACE}/leases/antrea-nsx-adapter`

/** What counts as a change in the cluster: every write but those to the adapter's own leases. */
export const adapterWrites = (instance?: string): AuditQuery => ({
  user: `${ADAPTER_GROUP}:${instance ?? ''}`,
  exceptLeasesIn: ADAPTER_NAMESPACE,
})

export interface AdapterProcess extends Running {
  readonly instance: string
  status(): Promise<StatusSnapshot>
  /** Leading, both channels watching; or standing by with the cluster read. */
  ready(role: 'leading' | 'standby', options?: EventuallyOptions): Promise<StatusSnapshot>
}

export interface RunOptions {
  /** The API server is reached through this port of loopback, where a proxy listens. */
  readonly apiPort?: number
}

export interface AdapterHost {
  /** Starts a process of this instance name; 3 s later at most it has read its configuration. */
  run(instance: string, options?: RunOptions): Promise<AdapterProcess>
  /** Who the Lease says leads. */
  leader(): Promise<string>
  /** Ends those that still run, in order; all of them, or that of one instance. */
  stop(instance?: string): Promise<void>
}

/** Gives the adapter its namespace, its rights and its credentials. */
export async function prepareAdapter(plane: ControlPlane, nsx: Nsx): Promise<AdapterHost> {
  await grantRights(plane.api)
  const file = (name: string, content: string) => {
    const path = join(plane.folder, name)
    writeFileSync(path, content, { mode: 0o600 })
    return path
  }
  const common = {
    cluster: { id: nsx.cluster.id, name: nsx.cluster.name },
    nsx: {
      url: nsx.url,
      ca: file('nsx-ca.crt', nsx.caPem),
      cert: file('nsx-client.crt', nsx.cluster.identity.cert),
      key: file('nsx-client.key', nsx.cluster.identity.key),
    },
    log: { level: process.env['REAL_TIER_LOG'] ?? 'info' },
  }
  const started: AdapterProcess[] = []
  return {
    async run(instance, { apiPort } = {}) {
      const { kubeconfig } = await plane.addUser(`${ADAPTER_GROUP}:${instance}`, [ADAPTER_GROUP])
      if (apiPort !== undefined)
        writeFileSync(
          kubeconfig,
          readFileSync(kubeconfig, 'utf8').replace(plane.origin, `https://127.0.0.1:${apiPort}`),
        )
      const socket = join(plane.folder, `${instance}.sock`)
      const config = {
        ...common,
        kube: { kubeconfig },
        instance,
        serve: { socket },
        diagnostics: { file: join(plane.folder, `${instance}.sqlite`) },
      }
      const running = start({
        name: `adapter-${instance}`,
        command: EXECUTABLE ?? process.execPath,
        // JSON is YAML.
        args: [
          ...(EXECUTABLE === undefined ? [join(ROOT, 'src/main.ts')] : []),
          'run',
          '--config',
          file(`${instance}.yaml`, JSON.stringify(config)),
        ],
        logFile: join(plane.folder, `adapter-${instance}.log`),
      })
      const adapter = withStatus(running, instance, socket)
      started.push(adapter)
      return adapter
    },
    leader: async () => (await plane.api.get(LEASE)).spec.holderIdentity,
    async stop(instance) {
      const wanted = started.filter((adapter) => instance === undefined || adapter.instance === instance)
      await Promise.all(wanted.map((adapter) => adapter.stop()))
    },
  }
}

/** A daemon that was started, and its status socket. */
export function withStatus(running: Running, instance: string, socket: string): AdapterProcess {
  const status = () => askSocket(socket, '/status')
  return {
    ...running,
    instance,
    status,
    ready: (role, options) =>
      eventually(
        `the adapter ${instance} is ${role} and ready`,
        async () => {
          if (!running.isRunning()) throw new Error(`it ended:\n${running.tail()}`)
          const now = await status()
          if (now.role === role && now.ready) return now
          throw new Error(`it is ${now.role}: ${now.reasons.join('; ')}`)
        },
        { withinMs: 45_000, ...options },
      ),
  }
}

function askSocket(socketPath: string, path: string): Promise<StatusSnapshot> {
  return new Promise((resolve, reject) => {
    const request = http.get({ socketPath, path, timeout: 2_000, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(text))
        else reject(new Error(`${path} answered ${response.statusCode}: ${text}`))
      })
    })
    request.on('timeout', () => request.destroy(new Error(`${path} did not answer`)))
    request.on('error', reject)
  })
}

/** docs/rbac.yaml as it is, but for the subject, which it asks to be replaced. */
async function grantRights(api: Api): Promise<void> {
  const subject = { kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: ADAPTER_GROUP }
  for (const document of parseAllDocuments(readFileSync(join(ROOT, 'docs/rbac.yaml'), 'utf8'))) {
    const object = document.toJS() as AnyJson
    const { namespace } = object.metadata
    const root = object.apiVersion === 'v1' ? '/api/v1' : `/apis/${object.apiVersion}`
    const scope = namespace === undefined ? '' : `/namespaces/${namespace}`
    await api.post(`${root}${scope}/${object.kind.toLowerCase()}s`, {
      ...object,
      ...(object.subjects === undefined ? {} : { subjects: [subject] }),
    })
  }
}
