/** `pods/log` as kube-apiserver and a kubelet answer it together; the lines come from the option podLogs. */
import { APISERVER_LOG_BYTES_MAX } from '../../limits.ts'
import type { ServerResponse } from '../../world/index.ts'
import { type Call, type Core, collectionOf } from './core.ts'
import { fieldsOf, listOf, textOf } from './json.ts'
import { keyOf } from './resource.ts'
import { badRequest, denied, type FieldError, invalid, notFound, StatusError, wrong } from './status.ts'
import { createLineStream } from './stream.ts'
import type { ApiServerOptions, ContainerLine, ContainerLog } from './types.ts'

export async function podLog(core: Core, call: Call, options: ApiServerOptions): Promise<ServerResponse> {
  const { resource, name = '', namespace, request } = call
  const entry = collectionOf(core, resource).get(keyOf(namespace, name))
  if (entry === undefined) throw notFound(resource, name)
  const wanted = optionsOf(request.query)
  const spec = fieldsOf(entry.object, 'spec')
  const named = (field: string) => listOf(spec, field).map((one) => textOf(one, 'name'))
  const names = named('containers')
  if (wanted.container === '' && names.length > 1)
    throw badRequest(
      `a container name must be specified for pod ${name}, choose one of: [${names.join(' ')}]`,
    )
  const container = wanted.container || names[0]
  if (container !== undefined && ![...names, ...named('initContainers')].includes(container))
    throw badRequest(`container ${container} is not valid for pod ${name}`)
  const found = options.podLogs?.(entry.object, container, wanted.previous)
  if (found === undefined && wanted.previous)
    throw badRequest(`previous terminated container "${container}" in pod "${name}" not found`)
  if (found === undefined)
    throw new StatusError(
      404,
      'NotFound',
      `the sandbox has no log of pod ${name}: no container runs here`,
      {},
    )
  const log = typeof found === 'string' ? logOfText(found, core.clock.now()) : found
  const headers = { 'content-type': 'text/plain' }
  if (!wanted.follow)
    return { status: 200, headers, body: cut(textOfPast(log, wanted, core), wanted.limitBytes) }
  return { status: 200, headers, body: await followed(log, wanted, core, request.signal) }
}

interface LogOptions {
  readonly container: string
  readonly follow: boolean
  readonly previous: boolean
  readonly timestamps: boolean
  readonly sinceMs?: number
  readonly sinceSeconds?: number
  readonly tail?: number
  readonly limitBytes?: number
}

/** k8s.io/kubernetes pkg/apis/core/validation, ValidatePodLogOptions; times in whole seconds, as they go on to the kubelet. */
function optionsOf(query: URLSearchParams): LogOptions {
  const errors: FieldError[] = []
  const number = (field: string, min: number): number | undefined => {
    const text = query.get(field)
    if (text === null || text === '') return undefined
    if (!/^-?\d{1,18}$/.test(text)) throw badRequest(`strconv.ParseInt: parsing "${text}": invalid syntax`)
    const value = Number(text)
    if (value < min)
      errors.push(wrong(field, text, `must be greater than${min === 0 ? ' or equal to' : ''} 0`))
    return value
  }
  const tail = number('tailLines', 0)
  const limitBytes = number('limitBytes', 1)
  const sinceSeconds = number('sinceSeconds', 1)
  const sinceTime = query.get('sinceTime')
  const sinceMs = sinceTime === null ? undefined : Math.floor(Date.parse(sinceTime) / 1_000) * 1_000
  if (sinceMs !== undefined && Number.isNaN(sinceMs))
    throw badRequest(`parsing time "${sinceTime}" as "2006-01-02T15:04:05Z07:00": cannot parse it`)
  if (sinceMs !== undefined && sinceSeconds !== undefined)
    errors.push(denied('', 'at most one of `sinceTime` or `sinceSeconds` may be specified'))
  if (errors.length > 0) throw invalid({ group: '', kind: 'PodLogOptions' }, '', errors)
  const flag = (field: string) => /^(true|1)$/i.test(query.get(field) ?? '')
  return {
    container: query.get('container') ?? '',
    follow: flag('follow'),
    previous: flag('previous'),
    timestamps: flag('timestamps'),
    ...(sinceMs === undefined ? {} : { sinceMs }),
    ...(sinceSeconds === undefined ? {} : { sinceSeconds }),
    ...(tail === undefined ? {} : { tail }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
  }
}

const logOfText = (text: string, atMs: number): ContainerLog => ({
  lines:
    text === ''
      ? []
      : text
          .replace(/\n$/, '')
          .split('\n')
          .map((line) => ({ atMs, text: line })),
  follow: () => () => {},
})

/** RFC 3339 with nine digits of a second, as a kubelet stamps lines. */
const stamp = (atMs: number): string => new Date(atMs).toISOString().replace('Z', '000000Z')

const lineText = ({ atMs, text }: ContainerLine, { timestamps }: LogOptions): string =>
  `${timestamps ? `${stamp(atMs)} ` : ''}${text}\n`

/** The tail is counted first, and what of it is too old is left out. */
function textOfPast({ lines }: ContainerLog, wanted: LogOptions, core: Core): string {
  const { tail, sinceSeconds } = wanted
  const fromMs =
    sinceSeconds === undefined
      ? (wanted.sinceMs ?? Number.NEGATIVE_INFINITY)
      : core.clock.now() - sinceSeconds * 1_000
  const from = tail === undefined ? 0 : Math.max(0, lines.length - tail)
  return lines
    .slice(from)
    .filter(({ atMs }) => atMs >= fromMs)
    .map((line) => lineText(line, wanted))
    .join('')
}

const cut = (text: string, bytesMax: number | undefined): string | Uint8Array =>
  bytesMax === undefined ? text : Buffer.from(text).subarray(0, bytesMax)

/** A kubelet's answer, headers and all, begins with its first line: a log that says nothing is not answered yet. */
async function followed(log: ContainerLog, wanted: LogOptions, core: Core, signal: AbortSignal) {
  const past = textOfPast(log, wanted, core)
  let leave = () => {}
  let begun = () => {}
  const first = new Promise<void>((resolve) => {
    begun = resolve
  })
  const stream = createLineStream((past === '' ? [] : [past]).values(), APISERVER_LOG_BYTES_MAX, () =>
    leave(),
  )
  leave = log.follow((line) => {
    if (line === undefined) stream.end()
    else stream.push(lineText(line, wanted))
    begun()
  })
  signal.addEventListener('abort', begun, { once: true })
  if (past === '') await first
  signal.removeEventListener('abort', begun)
  if (signal.aborted) leave()
  return stream.body
}
