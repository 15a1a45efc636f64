/** etcd, kube-apiserver and, where asked, kube-controller-manager, on free ports of the loopback in a temporary folder. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createHttpClient, type HttpClientOptions } from '../../../src/world/real.ts'
import { type Api, createApi } from './api.ts'
import { AUDIT_POLICY, type AuditLog, openAuditLog } from './audit.ts'
import type { Programs } from './build.ts'
import { type Authority, createAuthority, createTokenKeys, type Identity } from './certificates.ts'
import { freePorts, type Running, removeFolder, start, temporaryFolder } from './processes.ts'
import { eventually } from './wait.ts'

export interface ControlPlaneOptions {
  readonly programs: Programs
  /** What kube-controller-manager runs, for example `namespace-controller`; it is not started for none. Policies need none. */
  readonly controllers?: readonly string[]
}

export interface ControlPlane {
  /** For logs and files of the test; goes with the control plane. */
  readonly folder: string
  /** As cluster administrator. */
  readonly api: Api
  /** For further clients as administrator. */
  readonly administrator: HttpClientOptions
  /** Of the authority that signed the API server's certificate. */
  readonly caPem: string
  readonly kubeconfig: string
  readonly audit: AuditLog
  /** Signs the client certificate with which kube-apiserver calls aggregated APIs. */
  readonly frontProxyCaPem: string
  /** A client certificate of this user and a kubeconfig with it. */
  addUser(name: string, organizations?: readonly string[]): Promise<{ readonly kubeconfig: string }>
  /** Forgets the history of everything until now (etcd's compaction): older watches and pages answer 410. */
  compact(): Promise<void>
  /** Its programs, newest first. */
  readonly processes: readonly Running[]
  stop(): Promise<void>
}

interface Place {
  readonly folder: string
  readonly ports: Readonly<Record<'api' | 'etcdClient' | 'etcdPeer' | 'kcm', number>>
  readonly programs: Programs
  readonly ca: Authority
  write(name: string, content: string): string
  writeCredential(name: string, credential: Identity): { readonly cert: string; readonly key: string }
  run(name: keyof Programs, args: readonly string[]): Running
}

const ADMINISTRATORS = 'system:masters'

/** Starts everything and waits until it is ready. Nothing is left running when that fails. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const started: Running[] = []
  const folder = temporaryFolder('antrea-nsx-real-')
  const stop = async () => {
    for (const process of [...started].reverse()) await process.stop()
    removeFolder(folder)
  }
  try {
    const place = await choosePlace(options.programs, folder, started)
    const frontProxy = await createAuthority('front-proxy-ca')
    const origin = `https://127.0.0.1:${place.ports.api}`
    const admin = await place.ca.client('admin', [ADMINISTRATORS])
    const administrator = {
      origin,
      tls: { ca: place.ca.ca, ...admin },
    }
    const http = createHttpClient(administrator)
    const api = createApi(http)
    const kubeconfig = writeKubeconfig(place, origin, 'admin', admin)

    const controllers = options.controllers ?? []
    const etcd = await startEtcd(place)
    await startApiServer(place, frontProxy, api, controllers.includes('serviceaccount-controller'))
    if (controllers.length > 0) await startControllerManager(place, kubeconfig, controllers)
    return {
      folder,
      api,
      administrator,
      caPem: place.ca.ca,
      kubeconfig,
      audit: openAuditLog(join(folder, 'audit.log')),
      frontProxyCaPem: frontProxy.ca,
      addUser: async (name, organizations = []) => ({
        kubeconfig: writeKubeconfig(place, origin, name, await place.ca.client(name, organizations)),
      }),
      async compact() {
        const { header } = await etcd.post('/v3/kv/range', { key: 'AA==' })
        await etcd.post('/v3/kv/compaction', { revision: header.revision, physical: true })
      },
      get processes() {
        return [...started].reverse()
      },
      async stop() {
        await http.close()
        await etcd.http.close()
        await stop()
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function choosePlace(programs: Programs, folder: string, started: Running[]): Promise<Place> {
  const [api = 0, etcdClient = 0, etcdPeer = 0, kcm = 0] = await freePorts(4)
  mkdirSync(join(folder, 'pki'))
  const write = (name: string, content: string) => {
    const file = join(folder, name)
    writeFileSync(file, content, { mode: 0o600 })
    return file
  }
  return {
    folder,
    ports: { api, etcdClient, etcdPeer, kcm },
    programs,
    ca: await createAuthority('kubernetes-ca'),
    write,
    writeCredential: (name, { cert, key }) => ({
      cert: write(`pki/${name}.crt`, cert),
      key: write(`pki/${name}.key`, key),
    }),
    run(name, args) {
      const process = start({ name, command: programs[name], args, logFile: join(folder, `${name}.log`) })
      started.push(process)
      return process
    },
  }
}

/** A program that ended says why at once; one that lives is asked again. */
const ready = (process: Running, look: () => Promise<boolean>): Promise<unknown> =>
  Promise.race([
    eventually(`${process.name} is ready`, async () => ((await look()) ? true : undefined), {
      withinMs: 60_000,
    }),
    process.exited.then((how) => {
      throw new Error(`${process.name} ended (${how}) before it was ready:\n${process.tail()}`)
    }),
  ])

const LOOPBACK = { dns: ['localhost'], ips: ['127.0.0.1'] }

/** TLS on both sides, so that another stack's etcd on a port we thought free cannot be taken for ours. */
async function startEtcd(place: Place): Promise<Api> {
  const { ports } = place
  const client = `https://127.0.0.1:${ports.etcdClient}`
  const peer = `http://127.0.0.1:${ports.etcdPeer}`
  const files = place.writeCredential('etcd', await place.ca.server('etcd', LOOPBACK))
  const ca = place.write('pki/ca.crt', place.ca.ca)
  const process = place.run('etcd', [
    '--name=real',
    `--data-dir=${join(place.folder, 'etcd')}`,
    '--unsafe-no-fsync',
    '--log-level=warn',
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=real=${peer}`,
    `--cert-file=${files.cert}`,
    `--key-file=${files.key}`,
    `--trusted-ca-file=${ca}`,
    '--client-cert-auth',
  ])
  const http = createHttpClient({
    origin: client,
    tls: { ca: place.ca.ca, ...(await place.ca.client('probe')) },
  })
  const api = createApi(http)
  try {
    await ready(process, async () => (await api.ask('GET', '/health')).body?.health === 'true')
    return api
  } catch (error) {
    await http.close()
    throw error
  }
}

async function startApiServer(
  place: Place,
  frontProxy: Authority,
  api: Api,
  makesServiceAccounts: boolean,
): Promise<void> {
  const { ca, ports } = place
  const server = place.writeCredential(
    'apiserver',
    await ca.server('kube-apiserver', {
      dns: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'],
      ips: ['127.0.0.1', '10.96.0.1'],
    }),
  )
  const etcdClient = place.writeCredential('apiserver-etcd-client', await ca.client('kube-apiserver'))
  const proxy = place.writeCredential('front-proxy-client', await frontProxy.client('front-proxy-client'))
  const tokens = createTokenKeys()
  const process = place.run('kube-apiserver', [
    `--etcd-servers=https://127.0.0.1:${ports.etcdClient}`,
    `--etcd-cafile=${join(place.folder, 'pki/ca.crt')}`,
    `--etcd-certfile=${etcdClient.cert}`,
    `--etcd-keyfile=${etcdClient.key}`,
    '--storage-media-type=application/vnd.kubernetes.protobuf',
    '--bind-address=127.0.0.1',
    // Without it a host that has no default route ends the server.
    '--advertise-address=127.0.0.1',
    `--secure-port=${ports.api}`,
    '--endpoint-reconciler-type=none',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--authorization-mode=RBAC',
    '--anonymous-auth=false',
    `--tls-cert-file=${server.cert}`,
    `--tls-private-key-file=${server.key}`,
    `--client-ca-file=${join(place.folder, 'pki/ca.crt')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${place.write('pki/sa.pub', tokens.publicPem)}`,
    `--service-account-signing-key-file=${place.write('pki/sa.key', tokens.privatePem)}`,
    `--requestheader-client-ca-file=${place.write('pki/front-proxy-ca.crt', frontProxy.ca)}`,
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    `--proxy-client-cert-file=${proxy.cert}`,
    `--proxy-client-key-file=${proxy.key}`,
    `--audit-policy-file=${place.write('audit-policy.json', JSON.stringify(AUDIT_POLICY))}`,
    `--audit-log-path=${join(place.folder, 'audit.log')}`,
    // An event is in the file before its request is answered; and one file, whatever it grows to.
    '--audit-log-mode=blocking-strict',
    '--audit-log-maxsize=1024',
    // No controller makes default ServiceAccounts: pods would be refused for want of them.
    ...(makesServiceAccounts ? [] : ['--disable-admission-plugins=ServiceAccount']),
  ])
  await ready(process, async () => (await api.ask('GET', '/readyz')).status === 200)
  await ready(process, async () => (await api.ask('GET', '/api/v1/namespaces/kube-system')).status === 200)
}

/** With the administrator's credentials: its own user may not do what each of its controllers does. */
async function startControllerManager(
  place: Place,
  kubeconfig: string,
  controllers: readonly string[],
): Promise<void> {
  const files = place.writeCredential(
    'kube-controller-manager',
    await place.ca.server('kube-controller-manager', LOOPBACK),
  )
  const process = place.run('kube-controller-manager', [
    `--kubeconfig=${kubeconfig}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${place.ports.kcm}`,
    `--tls-cert-file=${files.cert}`,
    `--tls-private-key-file=${files.key}`,
    '--leader-elect=false',
    `--root-ca-file=${join(place.folder, 'pki/ca.crt')}`,
    `--service-account-private-key-file=${join(place.folder, 'pki/sa.key')}`,
    `--controllers=${controllers.join(',')}`,
  ])
  const http = createHttpClient({
    origin: `https://127.0.0.1:${place.ports.kcm}`,
    tls: { ca: place.ca.ca },
  })
  try {
    await ready(process, async () => (await createApi(http).ask('GET', '/healthz')).status === 200)
  } finally {
    await http.close()
  }
}

function writeKubeconfig(place: Place, server: string, user: string, credential: Identity): string {
  const base64 = (pem: string) => Buffer.from(pem).toString('base64')
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'real', cluster: { server, 'certificate-authority-data': base64(place.ca.ca) } }],
    users: [
      {
        name: user,
        user: {
          'client-certificate-data': base64(credential.cert),
          'client-key-data': base64(credential.key),
        },
      },
    ],
    contexts: [{ name: 'real', context: { cluster: 'real', user } }],
    'current-context': 'real',
  }
  return place.write(`${user.replaceAll(/[^\w.-]/g, '-')}.kubeconfig`, JSON.stringify(config, null, 2))
}
