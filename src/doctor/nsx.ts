/** NSX itself: what it offers, whether it lets the adapter in, and whether it knows this cluster. */
import { X509Certificate } from 'node:crypto'
import { asAdapterError } from '../errors.ts'
import { NSX_CALL_TIMEOUT_MS } from '../limits.ts'
import { Hello, PROTOCOL_VERSION } from '../protocol/index.ts'
import { clockFinding } from './clocks.ts'
import { sha256Of } from './configuration.ts'
import { failed, found, problemOf, skipped, warned } from './findings.ts'
import type { Check, Facts, NsxPeer, Problem } from './types.ts'

const group = 'nsx'

export const NSX_CHECKS: readonly Check[] = [
  {
    name: 'nsx-clock',
    group,
    title: "its clock and this machine's agree",
    run: (facts, signal) =>
      clockFinding(
        facts,
        facts.managers().map(({ http }) => http),
        '/api/v1/node/version',
        signal,
      ),
  },
  {
    name: 'nsx-channels',
    group,
    title: 'it offers what nsx.driver says',
    run: (facts, signal) => channels(facts, signal),
  },
  { name: 'nsx-login', group, title: 'it lets the adapter in', run: (facts, signal) => login(facts, signal) },
  {
    name: 'nsx-cluster',
    group,
    title: 'it knows the cluster by this id, and by this certificate',
    run: (facts, signal) => registered(facts, signal),
  },
]

const settings = (facts: Facts) => facts.config().config.nsx

interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

const ANSWER_BYTES_MAX = 64 * 1024

async function ask({ http }: NsxPeer, path: string, signal: AbortSignal): Promise<Answer> {
  const answer = await http.request({
    method: 'GET',
    path,
    lane: 'probe',
    headers: { accept: 'application/json' },
    headersTimeoutMs: NSX_CALL_TIMEOUT_MS,
    signal,
  })
  let text = ''
  for await (const chunk of answer.body) {
    text += Buffer.from(chunk).toString('utf8')
    if (text.length > ANSWER_BYTES_MAX) break
  }
  try {
    const body: unknown = JSON.parse(text)
    return {
      status: answer.status,
      body: typeof body === 'object' && body !== null ? (body as Answer['body']) : {},
    }
  } catch {
    return { status: answer.status, body: {} }
  }
}

const said = ({ status, body }: Answer): string =>
  `it answered ${status}${typeof body['error_message'] === 'string' ? `: ${body['error_message']}` : ''}`

const codeIn = ({ body }: Answer, otherwise: string): string =>
  typeof body['code'] === 'string' && /^[A-Z][A-Z0-9_]+$/.test(body['code']) ? body['code'] : otherwise

async function channels(facts: Facts, signal: AbortSignal) {
  const { driver } = settings(facts)
  const words: string[] = []
  const problems: Problem[] = []
  for (const peer of facts.managers()) {
    const [ccp, mp, version] = await Promise.all([
      ask(peer, '/ccp/v1', signal),
      ask(peer, '/mp/v1', signal),
      ask(peer, '/api/v1/node/version', signal),
    ])
    const offers = (answer: Answer) => answer.status !== 404
    const product =
      typeof version.body['product_version'] === 'string' ? ` ${version.body['product_version']}` : ''
    const isNsx = version.status !== 404
    words.push(
      `${peer.origin}:${product} ${offers(ccp) && offers(mp) ? 'both channels' : 'no channels'}${isNsx ? ' and the public API' : ''}`,
    )
    if (driver === 'channel' && !(offers(ccp) && offers(mp)))
      problems.push(
        isNsx
          ? failed(
              'DOCTOR_NSX_CHANNELS',
              `${peer.origin} offers the public API alone, and nsx.driver is channel`,
              'set nsx.driver: rest (docs/operations.md says what is then not available)',
            )
          : failed(
              'DOCTOR_NSX_CHANNELS',
              `${peer.origin} is no NSX Manager: ${said(version)}`,
              'correct nsx.url',
            ),
      )
    if (driver === 'rest' && !isNsx)
      problems.push(
        failed(
          'DOCTOR_NSX_CHANNELS',
          `${peer.origin} does not offer NSX's public API: ${said(version)}`,
          'correct nsx.url',
        ),
      )
    if (driver === 'rest' && offers(ccp) && offers(mp))
      problems.push(
        warned(
          'DOCTOR_NSX_CHANNELS',
          `${peer.origin} offers the channels, and nsx.driver is rest`,
          'set nsx.driver: channel: realization and requests then reach NSX',
        ),
      )
    for (const [name, answer] of driver === 'channel'
      ? ([
          ['ccp', ccp],
          ['mp', mp],
        ] as const)
      : []) {
      const hello = Hello.safeParse(answer.body)
      if (answer.status === 200 && hello.success && !hello.data.versions.includes(PROTOCOL_VERSION))
        problems.push(
          failed(
            'VERSION_NOT_SUPPORTED',
            `${peer.origin} speaks ${name} in ${hello.data.versions.join(', ')}, the adapter in ${PROTOCOL_VERSION}`,
            'upgrade the older one',
          ),
        )
    }
  }
  return found(words.join('; '), ...problems)
}

async function login(facts: Facts, signal: AbortSignal) {
  const { driver, auth } = settings(facts)
  if (driver === 'rest') return restLogin(facts, signal)
  const problems: Problem[] = []
  const words: string[] = []
  for (const peer of facts.managers()) {
    for (const channel of ['ccp', 'mp'] as const) {
      const answer = await ask(peer, `/${channel}/v1`, signal)
      if (answer.status === 200) words.push(`${channel} greets`)
      else if (answer.status === 404) return skipped(`${peer.origin} has no channels; nsx-channels says more`)
      else
        problems.push(
          failed(
            codeIn(
              answer,
              answer.status === 401
                ? 'NSX_UNAUTHORIZED'
                : answer.status === 403
                  ? 'NSX_FORBIDDEN'
                  : 'NSX_SERVER_ERROR',
            ),
            `${peer.origin} does not let the ${channel} channel in: ${said(answer)}`,
            answer.status === 401 || answer.status === 403
              ? `register this certificate for the cluster: antrea-nsx-adapter register (it is known by SHA-256 ${fingerprint(facts)})`
              : 'see whether the manager is well',
          ),
        )
    }
  }
  return found(`${words.join(', ')} by ${auth}`, ...problems)
}

function fingerprint({ config, world }: Facts): string {
  const { cert } = config().config.nsx
  return cert === undefined ? 'unknown' : sha256Of(new X509Certificate(world.read(cert, 'nsx.cert')))
}

async function restLogin(facts: Facts, signal: AbortSignal) {
  const { auth, username } = settings(facts)
  try {
    const version = await facts.rest().call<{ readonly product_version?: string } | undefined>({
      method: 'GET',
      path: '/api/v1/node/version',
      signal,
    })
    return found(
      `NSX ${version?.product_version ?? 'of an unknown version'}, by ${auth}${username === undefined ? '' : ` as ${username}`}`,
    )
  } catch (thrown) {
    const error = asAdapterError(thrown)
    const fix =
      error.code === 'NSX_UNAUTHORIZED' || error.code === 'NSX_FORBIDDEN'
        ? auth === 'certificate'
          ? 'register the principal identity anew: antrea-nsx-adapter register'
          : 'see to nsx.username and nsx.passwordFile, and whether the user is locked in NSX'
        : `antrea-nsx-adapter explain ${error.code}`
    return found(`by ${auth}`, problemOf(error, fix))
  }
}

const REGISTER = 'antrea-nsx-adapter register'

async function registered(facts: Facts, signal: AbortSignal) {
  const { driver } = settings(facts)
  const { id, name } = facts.config().config.cluster
  if (driver === 'rest') return registeredByRest(facts, id, signal)
  const problems: Problem[] = []
  for (const peer of facts.managers()) {
    // A session that there is not: what is asked first is whose the cluster is. Nothing is opened or ended by it.
    const answer = await ask(
      peer,
      `/ccp/v1/clusters/${encodeURIComponent(id)}/snapshot?session=doctor`,
      signal,
    )
    const code = codeIn(answer, '')
    if (code === 'SESSION_ENDED' || answer.status === 200) continue
    if (code === 'CLUSTER_NOT_REGISTERED')
      problems.push(
        failed(
          code,
          `${peer.origin} has no cluster with node_id ${id}`,
          `correct cluster.id, or: ${REGISTER}`,
        ),
      )
    else if (answer.status === 401 || answer.status === 403)
      problems.push(
        failed(
          code || 'NSX_FORBIDDEN',
          `${peer.origin} knows ${id} by another certificate than this one (SHA-256 ${fingerprint(facts)})`,
          `${REGISTER}, or give the certificate and the cluster.id of one and the same cluster`,
        ),
      )
    else if (answer.status === 404) return skipped(`${peer.origin} has no channels; nsx-channels says more`)
    else
      problems.push(
        failed(
          code || 'NSX_SERVER_ERROR',
          `${peer.origin}: ${said(answer)}`,
          'see whether the manager is well',
        ),
      )
  }
  return found(`${name}, node_id ${id}`, ...problems)
}

async function registeredByRest(facts: Facts, id: string, signal: AbortSignal) {
  try {
    const planes = await facts
      .rest()
      .call<
        | { readonly results?: readonly { readonly node_id?: string; readonly display_name?: string }[] }
        | undefined
      >({
        method: 'GET',
        path: '/policy/api/v1/infra/sites/default/enforcement-points/default/cluster-control-planes?page_size=1000',
        signal,
      })
    const own = (planes?.results ?? []).find(({ node_id }) => node_id === id)
    if (own !== undefined) return found(`${own.display_name ?? ''}, node_id ${id}`)
    return found(
      `node_id ${id}`,
      failed(
        'CLUSTER_NOT_REGISTERED',
        `NSX has no ClusterControlPlane with node_id ${id}`,
        `correct cluster.id, or: ${REGISTER}`,
      ),
    )
  } catch (thrown) {
    return found(
      `node_id ${id}`,
      problemOf(thrown, `antrea-nsx-adapter explain ${asAdapterError(thrown).code}`),
    )
  }
}
