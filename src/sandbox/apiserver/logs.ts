/** `kubectl logs`: the text comes from the option podLogs. */
import type { ServerResponse } from '../../world/index.ts'
import { type Call, type Core, collectionOf } from './core.ts'
import { fieldsOf, listOf, textOf } from './json.ts'
import { keyOf } from './resource.ts'
import { badRequest, notDone, notFound, StatusError } from './status.ts'
import type { ApiServerOptions } from './types.ts'

export function podLog(core: Core, call: Call, options: ApiServerOptions): ServerResponse {
  const { resource, name = '', namespace, request } = call
  const entry = collectionOf(core, resource).get(keyOf(namespace, name))
  if (entry === undefined) throw notFound(resource, name)
  const { query } = request
  if (query.get('previous') === 'true') throw notDone('logs of a previous container')
  const wanted = query.get('container') ?? ''
  const names = listOf(fieldsOf(entry.object, 'spec'), 'containers').map((one) => textOf(one, 'name'))
  if (wanted === '' && names.length > 1)
    throw badRequest(
      `a container name must be specified for pod ${name}, choose one of: [${names.join(' ')}]`,
    )
  const container = wanted || names[0]
  if (container !== undefined && !names.includes(container))
    throw badRequest(`container ${container} is not valid for pod ${name}`)
  const text = options.podLogs?.(entry.object, container)
  if (text === undefined)
    throw new StatusError(
      404,
      'NotFound',
      `the sandbox has no log of pod ${name}: no container runs here`,
      {},
    )
  const tail = /^\d{1,9}$/.test(query.get('tailLines') ?? '') ? Number(query.get('tailLines')) : undefined
  return { status: 200, headers: { 'content-type': 'text/plain' }, body: tailOf(text, tail) }
}

function tailOf(text: string, lines: number | undefined): string {
  if (lines === undefined) return text
  const all = text.endsWith('\n') ? text.slice(0, -1).split('\n') : text.split('\n')
  return lines === 0 || all.length === 0 ? '' : `${all.slice(-lines).join('\n')}\n`
}
