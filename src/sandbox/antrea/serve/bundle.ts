/** The support bundle of one process: collected on demand, kept for an hour, downloaded once or more. */
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type { Clock, ServerRequest, ServerResponse, Timer } from '../../../world/index.ts'
import { isFields, isRefusal, readBody } from './bodies.ts'
import { forbidden, json, noSuchPath, notAllowed, notFound, refuse } from './replies.ts'
import { tarOf } from './tar.ts'

export const SYSTEM = 'system.antrea.io/v1beta1'
const GROUP = 'system.antrea.io'
const COLLECTING_MS = 100
const KEPT_MS = 3_600_000

export interface BundleDeps {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** `controller` or `agent`: the only name there is. */
  readonly name: string
  /** Files of the bundle, by path. */
  readonly files: () => ReadonlyMap<string, string>
}

interface Collected {
  readonly content: Uint8Array
  readonly sum: string
  readonly createdMs: number
}

export interface Bundle {
  /** What lies under supportbundles; `parts` are the segments after that. */
  serve(request: ServerRequest, parts: readonly string[]): Promise<ServerResponse>
}

const timeOf = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z')

export function createBundle({ clock, signal, name, files }: BundleDeps): Bundle {
  let since: string | undefined
  let collected: Collected | undefined
  let timer: Timer | undefined
  let isCollecting = false
  const at = (fn: () => void, delayMs: number) => {
    timer = clock.setTimeout(fn, delayMs)
  }
  const forget = () => {
    clock.clearTimeout(timer)
    timer = undefined
    isCollecting = false
    since = undefined
    collected = undefined
  }
  signal.addEventListener('abort', forget, { once: true })
  const collect = () => {
    const content = gzipSync(tarOf(files()))
    const sum = createHash('sha256').update(content).digest('hex')
    forget()
    collected = { content, sum, createdMs: clock.now() }
    at(forget, KEPT_MS)
  }

  const show = () => {
    const head = { kind: 'SupportBundle', apiVersion: SYSTEM }
    if (collected === undefined)
      return {
        ...head,
        metadata: { name },
        ...(since === undefined ? {} : { since }),
        status: isCollecting ? 'Collecting' : 'None',
      }
    const { createdMs, sum, content } = collected
    return {
      ...head,
      metadata: {
        name,
        creationTimestamp: timeOf(createdMs),
        deletionTimestamp: timeOf(createdMs + KEPT_MS),
      },
      status: 'Collected',
      sum,
      size: content.length,
    }
  }

  const create = async (request: ServerRequest): Promise<ServerResponse> => {
    const body = await readBody(request, 'SupportBundle', SYSTEM)
    if (isRefusal(body)) return body
    const { metadata, since: asked } = body
    const wanted = isFields(metadata) && typeof metadata['name'] === 'string' ? metadata['name'] : ''
    if (wanted !== name)
      return forbidden(
        `${name}infos.${GROUP} "${wanted}" is forbidden: only resource name "${name}" is allowed`,
      )
    // A second request cancels the first.
    forget()
    isCollecting = true
    if (typeof asked === 'string' && asked !== '') since = asked
    at(collect, COLLECTING_MS)
    return json(201, show())
  }

  return {
    async serve(request, [wanted, action, ...rest]) {
      const { method } = request
      if (rest.length > 0) return noSuchPath()
      if (wanted === undefined) return method === 'POST' ? create(request) : notAllowed()
      if (action === 'download')
        return method === 'GET' ? download(wanted === name ? collected : undefined) : notAllowed()
      if (action !== undefined) return noSuchPath()
      if (method !== 'GET' && method !== 'DELETE') return notAllowed()
      if (wanted !== name) return notFound('supportBundle', GROUP, wanted)
      if (method === 'GET') return json(200, show())
      forget()
      return json(200, {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Success',
        details: { name, kind: 'SupportBundle' },
        code: 200,
      })
    },
  }
}

function download(collected: Collected | undefined): ServerResponse {
  if (collected === undefined) return refuse(500, undefined, 'open : no such file or directory')
  const { content } = collected
  return {
    status: 200,
    headers: { 'content-type': 'application/tar+gz', 'cache-control': 'no-cache, private' },
    // Streamed, so that it is chunked as the real one.
    body: chunksOf(content),
  }
}

const CHUNK_BYTES = 64 * 1_024

async function* chunksOf(content: Uint8Array): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < content.length; at += CHUNK_BYTES) yield content.subarray(at, at + CHUNK_BYTES)
}
