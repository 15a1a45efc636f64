/** A manager with a cluster registered, and its clients: a person's and the cluster's, in process. */
import '../../../src/sandbox/reflect.ts'
import * as x509 from '@peculiar/x509'
import { createManager, type Manager, type ManagerOptions } from '../../../src/manager/index.ts'
import { jsonLines, sha256Hex } from '../../../src/protocol/index.ts'
import type { HttpClient, HttpMethod, Peer } from '../../../src/world/index.ts'
import { connectInProcess } from '../../../src/world/link.ts'
import { createFakeClock, createSeededRandom, type FakeClock } from '../../fakes/clock.ts'

export interface Certificate {
  readonly cert: string
  readonly key: string
  readonly fingerprint: string
}

/** A self-signed certificate with this CN, as `register` takes it. */
export async function selfSigned(
  name: string,
  options: { notBefore?: Date; notAfter?: Date; addresses?: readonly string[] } = {},
): Promise<Certificate> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
    notBefore: options.notBefore ?? new Date(Date.UTC(2025, 0, 1)),
    notAfter: options.notAfter ?? new Date(Date.UTC(2035, 0, 1)),
    extensions:
      options.addresses === undefined
        ? []
        : [
            new x509.SubjectAlternativeNameExtension(
              options.addresses.map((value) => ({ type: 'ip', value })),
            ),
          ],
  })
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8.match(/.{1,64}/g)?.join('\n')}\n-----END PRIVATE KEY-----\n`
  return {
    cert: certificate.toString('pem'),
    key,
    fingerprint: sha256Hex(new Uint8Array(certificate.rawData)),
  }
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  /** The body as JSON; undefined when it is empty. */
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely, as a client in another language does
  readonly body: any
}

export interface TestClient {
  readonly http: HttpClient
  send(
    method: HttpMethod,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>
  stream(path: string, headers?: Readonly<Record<string, string>>): Promise<TestStream>
}

export interface TestStream {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** The next line; undefined at the end. */
  // biome-ignore lint/suspicious/noExplicitAny: see above
  next(): Promise<any>
  /** Leaves the stream. */
  leave(): void
}

export function clientOver(http: HttpClient, common: Readonly<Record<string, string>> = {}): TestClient {
  return {
    http,
    async send(method, path, body, headers = {}) {
      const answer = await http.request({
        method,
        path,
        headers: { 'content-type': 'application/json', ...common, ...headers },
        // SDK clients send `{}` with GET and DELETE too.
        body: body === undefined ? '{}' : typeof body === 'string' ? body : JSON.stringify(body),
        headersTimeoutMs: 30_000,
      })
      const chunks: Uint8Array[] = []
      for await (const chunk of answer.body) chunks.push(chunk)
      const text = Buffer.concat(chunks).toString()
      return {
        status: answer.status,
        headers: answer.headers,
        text,
        // The page at / is none.
        body:
          text === '' || answer.headers['content-type']?.startsWith('text/html')
            ? undefined
            : JSON.parse(text),
      }
    },
    async stream(path, headers = {}) {
      const gone = new AbortController()
      const answer = await http.request({
        method: 'GET',
        path,
        lane: 'stream',
        headers: { ...common, ...headers },
        headersTimeoutMs: 10_000,
        bodyTimeoutMs: 0,
        signal: gone.signal,
      })
      const lines = jsonLines(answer.body, 16 * 1024 * 1024)
      return {
        status: answer.status,
        headers: answer.headers,
        next: async () => (await lines.next()).value,
        leave: () => gone.abort(new Error('the reader leaves')),
      }
    },
  }
}

export const USER = { name: 'admin', password: 'S3cret:ü' }
export const BASIC = `Basic ${Buffer.from(`${USER.name}:${USER.password}`).toString('base64')}`
export const NODE_ID = '6f1d0c3e-0000-4000-8000-000000000001'
export const CLUSTER = 'cluster-1'

const shared = selfSigned(CLUSTER)

export interface Harness {
  readonly clock: FakeClock
  readonly manager: Manager
  readonly user: TestClient
  readonly cluster: TestClient
  as(peer: Partial<Peer>, headers?: Readonly<Record<string, string>>): TestClient
}

export async function harness(options: Partial<ManagerOptions> = {}): Promise<Harness> {
  const clock = createFakeClock()
  const manager = createManager({ clock, random: createSeededRandom(7), users: [USER], ...options })
  const certificate = await shared
  manager.register({ nodeId: NODE_ID, name: CLUSTER, certificatePem: certificate.cert })
  const as: Harness['as'] = (peer, headers) =>
    clientOver(
      connectInProcess(manager.handler, { origin: 'link://nsx', peer: { address: 'test', ...peer }, clock })
        .client,
      headers,
    )
  return {
    clock,
    manager,
    as,
    user: as({}, { authorization: BASIC }),
    cluster: as({ certificateSha256: certificate.fingerprint, commonName: CLUSTER }),
  }
}

export const DOMAIN = '/policy/api/v1/infra/domains/default'
export const CCP_PATH = `/infra/sites/default/enforcement-points/default/cluster-control-planes/${CLUSTER}`

export const sessionRequest = (changes: Readonly<Record<string, unknown>> = {}) => ({
  instance: 'adapter-a',
  adapter_version: '0.1.0',
  capabilities: [],
  cluster_uid: 'uid-1',
  leader: { lease_created: 1_000, transitions: 1 },
  ...changes,
})

/** Opens a session; its id. */
export async function openSession(
  client: TestClient,
  channel: 'ccp' | 'mp',
  changes: Readonly<Record<string, unknown>> = {},
): Promise<{ session: string; epoch: string; source: string }> {
  const answer = await client.send(
    'POST',
    `/${channel}/v1/clusters/${NODE_ID}/sessions`,
    sessionRequest(changes),
  )
  if (answer.status !== 201) throw new Error(`${answer.status} ${answer.text}`)
  return answer.body
}

/** A policy that spans the cluster, with one group and one service by path. */
export async function pushPolicy(client: TestClient, id = 'web'): Promise<void> {
  const steps: [string, unknown][] = [
    [
      `${DOMAIN}/groups/${id}-pods`,
      {
        group_type: ['ANTREA'],
        expression: [
          {
            resource_type: 'Condition',
            member_type: 'Pod',
            key: 'Tag',
            operator: 'EQUALS',
            value: `dis:k8s:app|${id}`,
          },
        ],
      },
    ],
    [
      `${DOMAIN}/security-policies/${id}`,
      {
        category: 'Application',
        scope: [`/infra/domains/default/groups/${id}-pods`],
        rules: [
          {
            id: 'allow-http',
            action: 'ALLOW',
            direction: 'IN',
            source_groups: ['ANY'],
            destination_groups: ['ANY'],
            services: ['/infra/services/HTTP'],
            scope: ['ANY'],
            sequence_number: 10,
          },
        ],
      },
    ],
    [
      `${DOMAIN}/security-policies/${id}/container-cluster-span/${CLUSTER}`,
      { container_cluster_path: CCP_PATH },
    ],
  ]
  for (const [path, body] of steps) {
    const answer = await client.send('PATCH', path, body)
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`)
  }
}
