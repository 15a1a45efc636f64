/** Query options that all writes share: dryRun, fieldManager, force. */
import { type Call, type Core, nowText } from './core.ts'
import { optionsKind } from './decode.ts'
import { quoted } from './json.ts'
import type { Writer } from './patch/managed.ts'
import { apiVersionOf } from './resource.ts'
import { invalid, unsupported } from './status.ts'

export function isDryRun(call: Call): boolean {
  const wanted = call.request.query.getAll('dryRun')
  if (wanted.length === 0) return false
  if (wanted.every((one) => one === 'All')) return true
  const kind = call.verb.startsWith('delete') ? 'DeleteOptions' : optionsKind(call.verb)
  throw invalid({ group: 'meta.k8s.io', kind }, '', [unsupported('dryRun', quoted(wanted), ['"All"'])])
}

const MANAGER_CHARS_MAX = 128

/** The manager is named by the query, else by the user agent up to its slash. */
export function writerOf(core: Core, call: Call, operation: 'Update' | 'Apply'): Writer {
  const agent = call.request.headers['user-agent'] ?? ''
  const named = call.request.query.get('fieldManager') ?? ''
  const manager = named || agent.split('/')[0]?.slice(0, MANAGER_CHARS_MAX) || 'unknown'
  const { subresource } = call
  return {
    manager,
    operation,
    apiVersion: apiVersionOf(call.resource, call.version.name),
    time: nowText(core),
    ...(subresource === undefined ? {} : { subresource }),
  }
}
