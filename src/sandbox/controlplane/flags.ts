/** The control plane's command lines, with the files they name. */
import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import type { Place } from './plane.ts'

const LOOPBACK = { dns: ['localhost'], ips: ['127.0.0.1'] }
const SERVER_NAMES = {
  dns: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'],
  ips: ['127.0.0.1', '10.96.0.1'],
}

export async function etcdFlags(place: Place): Promise<string[]> {
  const { ports, folder } = place
  const client = `https://127.0.0.1:${ports.etcdClient}`
  const peer = `http://127.0.0.1:${ports.etcdPeer}`
  const files = place.writeCredential('etcd', await place.ca.server('etcd', LOOPBACK))
  // Its JSON gateway, which the compaction is asked through, is a client of etcd itself and would show the server's
  // certificate.
  const gateway = place.writeCredential('etcd-gateway', await place.ca.client('etcd-gateway'))
  return [
    '--name=real',
    `--data-dir=${join(folder, 'etcd')}`,
    '--unsafe-no-fsync',
    '--log-level=warn',
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=real=${peer}`,
    `--cert-file=${files.cert}`,
    `--key-file=${files.key}`,
    `--client-cert-file=${gateway.cert}`,
    `--client-key-file=${gateway.key}`,
    `--trusted-ca-file=${join(folder, 'pki/ca.crt')}`,
    '--client-cert-auth',
  ]
}

export async function apiServerFlags(place: Place, makesServiceAccounts: boolean): Promise<string[]> {
  const { ca, frontProxy, ports, folder } = place
  const server = place.writeCredential('apiserver', await ca.server('kube-apiserver', SERVER_NAMES))
  const etcdClient = place.writeCredential('apiserver-etcd-client', await ca.client('kube-apiserver'))
  return [
    `--etcd-servers=https://127.0.0.1:${ports.etcdClient}`,
    `--etcd-cafile=${join(folder, 'pki/ca.crt')}`,
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
    `--client-ca-file=${join(folder, 'pki/ca.crt')}`,
    ...tokenFlags(place),
    ...aggregationFlags(
      place.write('pki/front-proxy-ca.crt', frontProxy.ca),
      place.writeCredential('front-proxy-client', await frontProxy.client('front-proxy-client')),
    ),
    // No controller makes default ServiceAccounts: pods would be refused for want of them.
    ...(makesServiceAccounts ? [] : ['--disable-admission-plugins=ServiceAccount']),
    ...place.extraApiServerFlags,
  ]
}

/** The key that signs ServiceAccount tokens: RSA, as kube-apiserver's own tests have it. */
function tokenFlags(place: Place): string[] {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2_048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  return [
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${place.write('pki/sa.pub', publicKey)}`,
    `--service-account-signing-key-file=${place.write('pki/sa.key', privateKey)}`,
  ]
}

const aggregationFlags = (ca: string, client: { cert: string; key: string }): string[] => [
  `--requestheader-client-ca-file=${ca}`,
  '--requestheader-allowed-names=front-proxy-client',
  '--requestheader-username-headers=X-Remote-User',
  '--requestheader-group-headers=X-Remote-Group',
  '--requestheader-extra-headers-prefix=X-Remote-Extra-',
  `--proxy-client-cert-file=${client.cert}`,
  `--proxy-client-key-file=${client.key}`,
]

export async function controllerManagerFlags(
  place: Place,
  kubeconfig: string,
  controllers: readonly string[],
): Promise<string[]> {
  const files = place.writeCredential(
    'kube-controller-manager',
    await place.ca.server('kube-controller-manager', LOOPBACK),
  )
  return [
    `--kubeconfig=${kubeconfig}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${place.ports.kcm}`,
    `--tls-cert-file=${files.cert}`,
    `--tls-private-key-file=${files.key}`,
    '--leader-elect=false',
    `--root-ca-file=${join(place.folder, 'pki/ca.crt')}`,
    `--service-account-private-key-file=${join(place.folder, 'pki/sa.key')}`,
    `--controllers=${controllers.join(',')}`,
  ]
}
