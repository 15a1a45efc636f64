/** The API server: whether it is reached, whether its clock agrees, what the adapter may do there, and who leads. */
import { callJson } from '../kube/call.ts'
import { RESOURCES, resourcePath } from '../kube/resources.ts'
import { ANTREA_NAMESPACE, PATHS, RIGHTS, type Right } from '../kube/rights.ts'
import { DOCTOR_REVIEWS_AT_ONCE, KUBE_CALL_TIMEOUT_MS } from '../limits.ts'
import { inParallel } from '../world/index.ts'
import { clockFinding } from './clocks.ts'
import { failed, found, problemOf, quoted, warned } from './findings.ts'
import { presentedWords } from './presented.ts'
import type { Check, Facts, KubePeer, Problem } from './types.ts'

const group = 'kubernetes'

export const KUBE_CHECKS: readonly Check[] = [
  {
    name: 'kubeconfig',
    group,
    title: 'the credentials of the cluster can be read',
    run: (facts) => kubeconfig(facts),
  },
  {
    name: 'kube-api',
    group,
    title: 'the API server answers over its TLS',
    run: (facts, signal) => kubeApi(facts, signal),
  },
  {
    name: 'kube-clock',
    group,
    title: "the API server's clock and this machine's agree",
    run: async (facts, signal) => {
      const { http } = await facts.kube()
      return clockFinding(facts, [http], '/version', signal)
    },
  },
  {
    name: 'kube-rights',
    group,
    title: 'the adapter may do what it has to, each right asked of the API server',
    run: (facts, signal) => rights(facts, signal),
  },
  {
    name: 'lease',
    group,
    title: 'somebody leads, and renews',
    run: (facts, signal) => lease(facts, signal),
  },
]

async function kubeconfig(facts: Facts) {
  const { kubeconfig: file } = configOf(facts)?.kube ?? {}
  const peer = await facts.kubeRaw()
  return found(`${file ?? "the Pod's service account, or the shell's KUBECONFIG"} → ${peer.access.origin}`)
}

const configOf = (facts: Facts) => {
  try {
    return facts.rawConfig().config
  } catch {
    return undefined
  }
}

const call = (
  { world }: Facts,
  { http, access }: KubePeer,
  method: 'GET' | 'POST',
  path: string,
  signal: AbortSignal,
  body?: object,
) =>
  callJson(http, world.clock, {
    method,
    path,
    headers: {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    subject: `${method} ${access.origin}${path.split('?', 1)[0]}`,
    timeoutMs: KUBE_CALL_TIMEOUT_MS,
    bytesMax: 8 * 1024 * 1024,
    signals: [signal],
  })

export const getJson = (facts: Facts, peer: KubePeer, path: string, signal: AbortSignal) =>
  call(facts, peer, 'GET', path, signal)
export const postJson = (facts: Facts, peer: KubePeer, path: string, body: object, signal: AbortSignal) =>
  call(facts, peer, 'POST', path, signal, body)

async function kubeApi(facts: Facts, signal: AbortSignal) {
  const peer = await facts.kube()
  const { origin, tls } = peer.access
  const startMs = facts.world.clock.monotonicMs()
  try {
    const version = (await getJson(facts, peer, '/version', signal)) as { readonly gitVersion?: string }
    const tookMs = Math.round(facts.world.clock.monotonicMs() - startMs)
    return found(
      `${origin}, ${version.gitVersion ?? 'of an unknown version'}, ${tookMs} ms`,
      tookMs > 2_000
        ? warned(
            'DOCTOR_SLOW',
            `${origin} took ${tookMs} ms for its version`,
            'look at the load of the API server and of etcd',
          )
        : undefined,
    )
  } catch (error) {
    const { code } = error as { readonly code?: string }
    const url = new URL(origin)
    if (code === 'TRANSPORT_UNTRUSTED' || code === 'TRANSPORT_TLS') {
      const shown = await presentedWords(
        facts,
        {
          host: url.hostname.replace(/^\[|\]$/g, ''),
          port: Number(url.port || 443),
          ...(tls.servername === undefined ? {} : { servername: tls.servername }),
          ...(tls.ca === undefined ? {} : { ca: tls.ca }),
        },
        signal,
      )
      return found(origin, problemOf(error, `${shown}; put the CA of the cluster into the kubeconfig`))
    }
    return found(origin, problemOf(error, fixOf(code, origin)))
  }
}

function fixOf(code: string | undefined, origin: string): string {
  if (code === 'KUBE_UNAUTHORIZED')
    return 'issue the credentials anew (docs/operations.md), or see whether they expired'
  if (code === 'TRANSPORT_DNS') return `getent hosts ${new URL(origin).hostname}`
  return `curl -k -sS -o /dev/null -w "%{http_code}\\n" ${origin}/version; is it the right server in the kubeconfig?`
}

interface Asked {
  readonly words: string
  readonly spec: object
}

/** Everything the generated roles grant, one by one. */
export function askedRights(namespace: string): Asked[] {
  const asked: Asked[] = RIGHTS.flatMap((right) =>
    right.verbs.flatMap((verb) =>
      (right.names ?? [undefined]).map((name): Asked => {
        const { group: apiGroup, plural } = RESOURCES[right.resource]
        const place = placeOf(right, namespace)
        return {
          words: `${verb} ${plural}${right.subresource === undefined ? '' : `/${right.subresource}`}${
            apiGroup === '' ? '' : `.${apiGroup}`
          }${name === undefined ? '' : ` ${name}`}${place === undefined ? '' : ` in ${place}`} (${right.why})`,
          spec: {
            resourceAttributes: {
              group: apiGroup,
              resource: plural,
              verb,
              ...(right.subresource === undefined ? {} : { subresource: right.subresource }),
              ...(name === undefined ? {} : { name }),
              ...(place === undefined ? {} : { namespace: place }),
            },
          },
        }
      }),
    ),
  )
  for (const { path, why } of PATHS)
    asked.push({ words: `get ${path} (${why})`, spec: { nonResourceAttributes: { path, verb: 'get' } } })
  return asked
}

const placeOf = ({ scope }: Right, namespace: string): string | undefined =>
  scope === 'cluster' ? undefined : scope === 'antrea' ? ANTREA_NAMESPACE : namespace

const REVIEWS = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'

async function rights(facts: Facts, signal: AbortSignal) {
  const peer = await facts.kube()
  const namespace = configOf(facts)?.lease.namespace ?? 'antrea-nsx-adapter'
  const asked = askedRights(namespace)
  const missing: string[] = []
  await inParallel(asked, DOCTOR_REVIEWS_AT_ONCE, async ({ words, spec }) => {
    const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec }
    const answer = (await postJson(facts, peer, REVIEWS, review, signal)) as {
      readonly status?: { readonly allowed?: boolean }
    }
    if (answer.status?.allowed !== true) missing.push(words)
  })
  const grant = missing.length === 0 ? '' : await grantCommand(facts, peer, namespace, signal)
  return found(
    `${asked.length - missing.length} of ${asked.length}`,
    ...missing.sort().map((words) => failed('KUBE_FORBIDDEN', `it may not ${words}`, grant)),
  )
}

/** The command that grants them to whom these credentials are. */
async function grantCommand(
  facts: Facts,
  peer: KubePeer,
  namespace: string,
  signal: AbortSignal,
): Promise<string> {
  const subject = await postJson(
    facts,
    peer,
    '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    signal,
  ).catch(() => undefined)
  const user = (
    subject as { readonly status?: { readonly userInfo?: { readonly username?: string } } } | undefined
  )?.status?.userInfo?.username
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user ?? '')
  const whom =
    account !== null
      ? ` --service-account ${account[1]}/${account[2]}`
      : user === undefined || user === 'antrea-nsx-adapter'
        ? ''
        : ` --user ${quoted(user)}`
  return `antrea-nsx-adapter rbac --namespace ${quoted(namespace)}${whom} | kubectl apply -f -`
}

async function lease(facts: Facts, signal: AbortSignal) {
  const peer = await facts.kube()
  const settings = configOf(facts)?.lease
  const [namespace, name] = [
    settings?.namespace ?? 'antrea-nsx-adapter',
    settings?.name ?? 'antrea-nsx-adapter',
  ]
  let found_: unknown
  try {
    found_ = await getJson(facts, peer, resourcePath(RESOURCES.leases, namespace, name), signal)
  } catch (error) {
    const { code } = error as { readonly code?: string }
    if (code === 'KUBE_NOT_FOUND') return found(`${namespace}/${name} is made by the first that leads`)
    throw error
  }
  const { spec = {} } = found_ as {
    readonly spec?: {
      readonly holderIdentity?: string
      readonly renewTime?: string
      readonly leaseDurationSeconds?: number
    }
  }
  const { holderIdentity: holder = '', renewTime, leaseDurationSeconds = 15 } = spec
  const ageMs = facts.world.clock.now() - Date.parse(renewTime ?? '')
  const problems: Problem[] = []
  if (holder === '')
    problems.push(
      warned(
        'DOCTOR_NO_LEADER',
        `nobody holds ${namespace}/${name}`,
        'start an instance: systemctl start antrea-nsx-adapter',
      ),
    )
  else if (ageMs > 2_000 * leaseDurationSeconds)
    problems.push(
      warned(
        'DOCTOR_NO_LEADER',
        `${holder} held it and has not renewed for ${Math.round(ageMs / 1_000)} s`,
        'start an instance: systemctl start antrea-nsx-adapter',
      ),
    )
  return found(holder === '' ? 'nobody leads' : `${holder} leads`, ...problems)
}
