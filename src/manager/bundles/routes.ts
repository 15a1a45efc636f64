/** The calls for content: clusters upload it, people download it; and NSX's calls for support bundles. */
import { MANAGER_CONTENT_BYTES_MAX } from '../../limits.ts'
import type { ServerResponse } from '../../world/index.ts'
import type { ChannelOptions } from '../channels/routes.ts'
import { sessionOf } from '../channels/routes.ts'
import {
  badRequest,
  type Call,
  EMPTY,
  json,
  NsxApiError,
  notFound,
  ok,
  type Route,
  readJson,
} from '../rest/index.ts'
import { keptValue, type Storage } from '../storage.ts'
import type { Collections } from './collections.ts'
import type { ContentPart, Contents } from './contents.ts'
import { collectionOf } from './request.ts'

const ONE = '/mp/v1/clusters/:cluster/requests/:rid/content/:name'

/** Of the MP channel. */
export function contentRoutes(options: ChannelOptions, contents: Contents): readonly Route[] {
  return [
    {
      method: 'HEAD',
      pattern: ONE,
      access: 'cluster',
      run: (call) => head(options, contents, call),
    },
    { method: 'PUT', pattern: ONE, access: 'cluster', run: (call) => put(options, contents, call) },
    {
      method: 'GET',
      pattern: '/mp/v1/clusters/:cluster/operations/:operation/content/:name',
      access: 'admin',
      run({ params }) {
        const { cluster = '', operation = '', name = '' } = params
        options.states.get(cluster)?.operations.show(operation)
        const body = options.states.get(cluster) === undefined ? undefined : contents.read(operation, name)
        if (body === undefined) throw notFound(`content ${name}`)
        return download(name, body, contents.find(operation, name)?.sha256)
      },
    },
  ]
}

/** A HEAD has no error body: the code is a header. */
function head(options: ChannelOptions, contents: Contents, call: Call): ServerResponse {
  try {
    const { state } = sessionOf(options, 'mp', call)
    const { rid = '', name = '' } = call.params
    state.operations.isOpen(rid)
    const there = contents.find(rid, name)
    if (there === undefined)
      throw new NsxApiError(404, 600, 'There is no such content yet.', { code: 'CONTENT_NONE' })
    return {
      status: 200,
      headers: {
        'upload-id': there.upload,
        'upload-offset': String(there.received),
        'upload-complete': there.isComplete ? '?1' : '?0',
        ...(there.sha256 === undefined ? {} : { 'content-sha256': there.sha256 }),
      },
    }
  } catch (error) {
    if (!(error instanceof NsxApiError)) throw error
    const { code } = error.details
    return { status: error.status, headers: code === undefined ? {} : { 'error-code': code } }
  }
}

async function put(options: ChannelOptions, contents: Contents, call: Call): Promise<ServerResponse> {
  const { rid = '', name = '' } = call.params
  const { state } = sessionOf(options, 'mp', call)
  requireOpen(state.operations.isOpen(rid))
  const range = rangeOf(call.request.headers['content-range'])
  const bytes = await call.request.body(MANAGER_CONTENT_BYTES_MAX).catch((error: unknown) => {
    if (call.request.signal.aborted) throw error
    throw new NsxApiError(413, 413, `A part has at most ${MANAGER_CONTENT_BYTES_MAX} bytes.`, {
      code: 'CONTENT_TOO_LARGE',
    })
  })
  if (bytes.length !== range.length)
    throw badRequest(`Content-Range says ${range.length} bytes, and ${bytes.length} came.`)
  // The body took its time: the session may be over, and the request answered.
  sessionOf(options, 'mp', call)
  requireOpen(state.operations.isOpen(rid))
  const part: ContentPart = {
    upload: call.query.get('upload') ?? '',
    bytes,
    at: range.at,
    total: range.total,
    sha256: call.query.get('sha256')?.toLowerCase(),
  }
  if (part.total !== undefined && !/^[0-9a-f]{64}$/.test(part.sha256 ?? ''))
    throw badRequest('The last part carries sha256, 64 hex digits.')
  const { received, isComplete } = await contents.take(rid, name, part)
  return ok({ received, complete: isComplete })
}

function requireOpen(isOpen: boolean): void {
  if (!isOpen)
    throw new NsxApiError(404, 600, 'The request has its final answer; it takes no content any more.')
}

// bytes 0-99/* for a part, bytes 100-149/150 for the last one, bytes */150 for a last one that is empty (RFC 9110 §14.4).
function rangeOf(header: string | undefined): {
  at: number | undefined
  length: number
  total: number | undefined
} {
  const [, first, end, size] = /^bytes (?:(\d{1,15})-(\d{1,15})|\*)\/(\d{1,15}|\*)$/.exec(header ?? '') ?? []
  if (size === undefined)
    throw badRequest('Content-Range must be `bytes FIRST-LAST/*`, or with the total in the last part.')
  const total = size === '*' ? undefined : Number(size)
  if (first === undefined || end === undefined) {
    if (total === undefined) throw badRequest('An empty part is the last one and carries the total.')
    return { at: undefined, length: 0, total }
  }
  const [at, last] = [Number(first), Number(end)]
  if (last < at || (total !== undefined && total !== last + 1))
    throw badRequest('Content-Range must have its first byte before its last, and the total after it.')
  return { at, length: last - at + 1, total }
}

const download = (name: string, body: AsyncIterable<Uint8Array>, sha256?: string): ServerResponse => ({
  status: 200,
  headers: {
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename="${name.replace(/[^\w.-]/g, '_')}"`,
    'x-content-type-options': 'nosniff',
    ...(sha256 === undefined ? {} : { 'content-sha256': sha256 }),
  },
  body,
})

const BASE = '/api/v1/administration/support-bundles'

/** NSX's own calls; `/status` and `/content`, and `action=cancel`, are this manager's. */
export function bundleRoutes(collections: Collections, storage: Storage): readonly Route[] {
  const config = keptValue(storage, 'support-bundle-config', { enable_concurrent_tasks: true })
  return [
    { method: 'POST', pattern: BASE, access: 'admin', run: (call) => act(collections, call) },
    { method: 'GET', pattern: `${BASE}/status`, access: 'read', run: () => ok(resultNow(collections)) },
    {
      method: 'GET',
      pattern: `${BASE}/content`,
      access: 'admin',
      run: () => {
        if (collections.isRunning)
          throw new NsxApiError(409, 409, 'The support bundles are still being collected.', {
            code: 'SUPPORT_BUNDLE_CONFLICT',
          })
        return archived(collections)
      },
    },
    {
      method: 'GET',
      pattern: `${BASE}/dynamic-content-filters`,
      access: 'read',
      run: () => ok({ dynamic_content_filters: [] }),
    },
    { method: 'GET', pattern: `${BASE}/config`, access: 'read', run: () => ok(config.get()) },
    {
      method: 'PUT',
      pattern: `${BASE}/config`,
      access: 'admin',
      async run(call) {
        const { enable_concurrent_tasks: enable = true } = await readJson(call.request)
        if (typeof enable !== 'boolean') throw badRequest('enable_concurrent_tasks must be true or false.')
        config.set({ enable_concurrent_tasks: enable })
        return ok(config.get())
      },
    },
  ]
}

async function act(collections: Collections, call: Call): Promise<ServerResponse> {
  switch (call.query.get('action')) {
    case 'collect':
      return collect(collections, call)
    case 'cancel':
      collections.cancel()
      return EMPTY
    case 'delete_async_response':
      collections.remove()
      return EMPTY
    default:
      throw badRequest('action must be collect, cancel or delete_async_response.')
  }
}

const isTrue = (call: Call, name: string): boolean => call.query.get(name) === 'true'

/** The archive as the answer; with `vmw-async: true` at once how it stands, and the archive later. */
async function collect(collections: Collections, call: Call): Promise<ServerResponse> {
  const wanted = collectionOf(await readJson(call.request))
  const isAsync = call.request.headers['vmw-async']?.toLowerCase() === 'true'
  collections.start(wanted, call.principal?.name ?? '', {
    keeps: isAsync || isTrue(call, 'require_delete_or_override_async_response'),
    overrides: isTrue(call, 'override_async_response'),
  })
  if (isAsync) return json(200, resultNow(collections), { location: `${BASE}/status` })
  const { signal } = call.request
  await collections.ended(signal)
  if (signal.aborted) {
    // Who asked has gone, and nobody else waits for it.
    collections.cancel()
    throw signal.reason
  }
  const result = resultNow(collections)
  const failed = result['failed_nodes'] as readonly {
    readonly error_code?: string
    readonly error_message?: string
  }[]
  if ((result['success_nodes'] as readonly unknown[]).length === 0)
    throw new NsxApiError(502, 502, `Nothing could be collected. ${failed[0]?.error_message ?? ''}`, {
      moduleName: 'support-bundle',
      extra: { failed_nodes: failed },
    })
  return archived(collections)
}

function resultNow(collections: Collections): Readonly<Record<string, unknown>> {
  const result = collections.result()
  if (result === undefined) throw notFound('support bundle')
  return result
}

function archived(collections: Collections): ServerResponse {
  const archive = collections.archive()
  if (archive === undefined) throw notFound('support bundle')
  return download(archive.name, archive.body)
}
