/** The way to NSX: through which hands, to which address, and whose certificate is there. */
import { AdapterError } from '../errors.ts'
import { DOCTOR_EXPIRY_WARN_MS } from '../limits.ts'
import { daysText, failed, found, problemOf, quoted, skipped, warned } from './findings.ts'
import { chainWords } from './presented.ts'
import type { Check, Facts, Problem } from './types.ts'

const group = 'nsx'

export const NSX_WAY_CHECKS: readonly Check[] = [
  {
    name: 'nsx-proxy',
    group,
    title: 'the way to NSX is the one that is meant',
    run: async (facts) => proxy(facts),
  },
  { name: 'nsx-dns', group, title: 'its name resolves', run: (facts) => dns(facts) },
  { name: 'nsx-tcp', group, title: 'its port is reached', run: (facts, signal) => tcp(facts, signal) },
  {
    name: 'nsx-tls',
    group,
    title: 'its certificate is the one that is trusted',
    run: (facts, signal) => tls(facts, signal),
  },
]

const settings = (facts: Facts) => facts.config().config.nsx

/** Where the first connection goes. */
function targets(
  facts: Facts,
): readonly { readonly origin: string; readonly host: string; readonly port: number }[] {
  const { url, proxy: through } = settings(facts)
  return (through === undefined ? url : [through]).map((origin) => {
    const parsed = new URL(origin)
    return {
      origin,
      host: parsed.hostname.replace(/^\[|\]$/g, ''),
      port: Number(parsed.port || (parsed.protocol === 'http:' ? 80 : 443)),
    }
  })
}

function proxy(facts: Facts) {
  const { url, proxy: through } = settings(facts)
  if (through !== undefined) return found(`through ${through}`)
  const { env } = facts.world
  const wanted = ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'].find(
    (name) => (env[name] ?? '') !== '',
  )
  if (wanted === undefined) return found('directly')
  const exceptions = (env['NO_PROXY'] ?? env['no_proxy'] ?? '').split(',').map((one) => one.trim())
  const isExcepted = url.every((origin) => {
    const { hostname } = new URL(origin)
    return exceptions.some(
      (one) =>
        one === '*' ||
        (one !== '' && (hostname === one || hostname.endsWith(one.startsWith('.') ? one : `.${one}`))),
    )
  })
  if (isExcepted) return found('directly, as NO_PROXY says')
  return found(
    'directly',
    warned(
      'DOCTOR_PROXY',
      `${wanted} is set, and the adapter does not look at it: NSX is dialled directly`,
      'set nsx.proxy where NSX is to be reached through it, else unset the variable for the adapter',
    ),
  )
}

async function dns(facts: Facts) {
  const words: string[] = []
  const problems: Problem[] = []
  for (const { host } of targets(facts)) {
    try {
      const addresses = await facts.world.resolve(host)
      words.push(
        addresses.length === 1 && addresses[0] === host ? host : `${host} is ${addresses.join(', ')}`,
      )
    } catch (error) {
      const { code = '' } = error as { readonly code?: string }
      problems.push(
        failed(
          'TRANSPORT_DNS',
          `${host} does not resolve (${code || String(error)})`,
          `getent hosts ${quoted(host)}; cat /etc/resolv.conf`,
        ),
      )
    }
  }
  return found(words.join('; '), ...problems)
}

async function tcp(facts: Facts, signal: AbortSignal) {
  const words: string[] = []
  const problems: Problem[] = []
  await Promise.all(
    targets(facts).map(async ({ host, port }) => {
      const startMs = facts.world.clock.monotonicMs()
      try {
        await facts.world.connect(host, port, signal)
        words.push(`${host}:${port} in ${Math.round(facts.world.clock.monotonicMs() - startMs)} ms`)
      } catch (error) {
        const { code = '', message } = error as { readonly code?: string; readonly message: string }
        problems.push(
          failed(
            code === 'DOCTOR_TIMEOUT' ? 'TRANSPORT_TIMEOUT' : 'TRANSPORT_REFUSED',
            `${host}:${port} cannot be reached (${code === 'DOCTOR_TIMEOUT' ? message : code || message})`,
            `is the port open in the firewalls between, and is it the right address in nsx.url? nc -vz ${quoted(host)} ${port}`,
          ),
        )
      }
    }),
  )
  return found(words.sort().join('; '), ...problems)
}

async function tls(facts: Facts, signal: AbortSignal) {
  const { ca, thumbprint, proxy: through } = settings(facts)
  if (through !== undefined) return skipped('through a proxy it is judged by nsx-login')
  const caPem = ca === undefined ? undefined : facts.world.read(ca, 'nsx.ca')
  const words: string[] = []
  const problems: Problem[] = []
  for (const { host, port, origin } of targets(facts)) {
    const isAddress = /^[\d.]+$|:/.test(host)
    try {
      const shown = await facts.world.handshake(
        {
          host,
          port,
          ...(isAddress ? {} : { servername: host }),
          ...(caPem === undefined ? {} : { ca: caPem }),
        },
        signal,
      )
      const [leaf] = shown.chain
      const nowMs = facts.world.clock.now()
      if (leaf === undefined)
        throw new AdapterError('retry', 'TRANSPORT_TLS', `${origin} shows no certificate`)
      const compare = `compare SHA-256 ${leaf.sha256} with the manager's own (on its command line: get certificate api thumbprint)`
      if (thumbprint !== undefined && !thumbprint.includes(leaf.sha256))
        problems.push(
          failed(
            'TRANSPORT_UNTRUSTED',
            `${origin} is not known by nsx.thumbprint (${thumbprint.join(', ')}); ${chainWords(shown, nowMs)}`,
            `${compare}; where it is the manager's: nsx.thumbprint: ${leaf.sha256}`,
          ),
        )
      else if (thumbprint === undefined && shown.distrust !== undefined)
        problems.push(
          failed(
            'TRANSPORT_UNTRUSTED',
            `${origin} is not trusted; ${chainWords(shown, nowMs)}`,
            `${compare}; where it is the manager's, put its issuer into nsx.ca, or set nsx.thumbprint: ${leaf.sha256}`,
          ),
        )
      else if (leaf.validToMs - nowMs < DOCTOR_EXPIRY_WARN_MS)
        problems.push(
          warned(
            'DOCTOR_EXPIRY',
            `the certificate of ${origin} expires in ${daysText(leaf.validToMs - nowMs)}`,
            'have it renewed in NSX',
          ),
        )
      words.push(`${shown.protocol}, ${leaf.subject}, SHA-256 ${leaf.sha256.slice(0, 16)}…`)
    } catch (error) {
      problems.push(
        problemOf(
          wordedTls(error, origin),
          `openssl s_client -connect ${quoted(host)}:${port} -showcerts </dev/null`,
        ),
      )
    }
  }
  return found(words.join('; '), ...problems)
}

function wordedTls(error: unknown, origin: string): unknown {
  if (error instanceof AdapterError) return error
  const { code = '', message } = error as { readonly code?: string; readonly message: string }
  return new AdapterError('retry', 'TRANSPORT_TLS', `${origin} does not speak TLS (${code || message})`, {
    cause: error,
  })
}
