/**
 * GET /livez, /readyz and what is below them, in kube-apiserver's words (kubernetes.io, "Kubernetes API health endpoints"):
 * `[+]name ok`, `[-]name failed: reason`, `?verbose`, `?exclude=name`, and `/readyz/name` for one.
 */
import { CHARTS_STILL_MS_MAX } from '../limits.ts'
import type { ServerRequest, ServerResponse } from '../world/index.ts'
import { fail, text } from './answers.ts'

export interface Check {
  readonly name: string
  readonly ok: boolean
  /** Why not, in words. */
  readonly reason: string
}

/** The parts of a status that are told here. */
export interface HealthView {
  readonly checks: readonly Check[]
  readonly warnings: readonly { readonly code: string; readonly detail: string; readonly severity: string }[]
}

/**
 * Alive: the event loop turns (or nobody would answer) and the charts move. Whatever is wrong with NSX or the cluster is no
 * reason to be started anew: it would be as wrong afterwards.
 */
export function liveChecks(idleMs: number): readonly Check[] {
  const seconds = Math.round(idleMs / 1_000)
  return [
    { name: 'ping', ok: true, reason: '' },
    { name: 'charts', ok: idleMs < CHARTS_STILL_MS_MAX, reason: `no statechart has moved for ${seconds} s` },
  ]
}

type Kind = 'livez' | 'readyz'

/** Undefined: the path is not one of these. */
export function kindOf(path: string): { readonly kind: Kind; readonly check?: string } | undefined {
  const found = /^\/(livez|readyz|healthz)(?:\/([a-z0-9-]+))?$/.exec(path)
  if (found === null) return undefined
  const [, kind, check] = found
  // /healthz is the older name of what restarts.
  const is = kind === 'readyz' ? 'readyz' : 'livez'
  return { kind: is, ...(check === undefined ? {} : { check }) }
}

export function showHealth(
  { kind, check }: { readonly kind: Kind; readonly check?: string },
  view: { readonly checks: readonly Check[]; readonly warnings?: HealthView['warnings'] },
  { query }: Pick<ServerRequest, 'query'>,
): ServerResponse {
  const { checks, warnings = [] } = view
  if (check !== undefined) return showOne(kind, check, checks)
  const excluded = new Set(query.getAll('exclude').flatMap((names) => names.split(',')))
  const counted = checks.filter(({ name }) => !excluded.has(name))
  const isWell = counted.every(({ ok }) => ok)
  const status = isWell ? 200 : 503
  const unknown = [...excluded].filter((name) => !checks.some((one) => one.name === name))
  if (!query.has('verbose')) {
    const reasons = counted.filter(({ ok }) => !ok).map(({ reason }) => reason)
    return text(status, isWell ? 'ok\n' : `${reasons.join('\n')}\n`)
  }
  const lines = checks.map(({ name, ok, reason }) => {
    if (excluded.has(name)) return `[+]${name} excluded: ok`
    return ok ? `[+]${name} ok` : `[-]${name} failed: ${reason}`
  })
  if (unknown.length > 0)
    lines.push(`warn: some health checks cannot be excluded: no matches for ${unknown.map(quoted).join(',')}`)
  lines.push(...warnings.map(({ code, detail }) => `[!]${code}: ${detail}`))
  lines.push(`${kind} check ${isWell ? 'passed' : 'failed'}`)
  return text(status, `${lines.join('\n')}\n`)
}

const quoted = (name: string): string => JSON.stringify(name.slice(0, 64))

function showOne(kind: Kind, name: string, checks: readonly Check[]): ServerResponse {
  const check = checks.find((one) => one.name === name)
  if (check === undefined)
    return fail(
      404,
      'SERVE_NOT_FOUND',
      `there is no check ${name}; there are ${checks.map((one) => `/${kind}/${one.name}`).join(', ')}`,
    )
  return check.ok ? text(200, 'ok\n') : text(503, `${check.name} failed: ${check.reason}\n`)
}
