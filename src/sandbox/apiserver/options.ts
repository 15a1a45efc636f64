/** Query options that all writes share: dryRun, fieldManager, force. */
import { type Call, type Core, nowText } from './core.ts'
import { optionsKind } from './decode.ts'
import { quoted } from './json.ts'
import type { Writer } from './patch/managed.ts'
import { apiVersionOf } from './resource.ts'
import { denied, type FieldError, invalid, required, unsupported, wrong } from './status.ts'

const MODES = ['Ignore', 'Strict', 'Warn']

/** Refuses options of a write that are none, all in one answer (apimachinery's meta/v1/validation). */
export function checkWriteOptions(call: Call, isApply = false): void {
  const { query } = call.request
  const errors: FieldError[] = []
  const manager = query.get('fieldManager') ?? ''
  if (isApply && manager === '') errors.push(required('fieldManager', 'is required for apply patch'))
  if (call.verb === 'patch' && !isApply && query.has('force'))
    errors.push(denied('force', 'may not be specified for non-apply patch'))
  errors.push(...managerErrors(manager), ...dryRunErrors(query.getAll('dryRun')))
  const mode = query.get('fieldValidation') ?? ''
  if (mode !== '' && !MODES.includes(mode))
    errors.push(unsupported('fieldValidation', quoted(mode), ['""', ...MODES.map(quoted)]))
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: optionsKind(call.verb) }, '', errors)
}

function managerErrors(manager: string): readonly FieldError[] {
  if (Buffer.byteLength(manager) > MANAGER_CHARS_MAX)
    return [
      {
        reason: 'FieldValueTooLong',
        field: 'fieldManager',
        message: `Too long: may not be more than ${MANAGER_CHARS_MAX} bytes`,
      },
    ]
  const at = [...manager].findIndex((char) => /[^\P{C}]|[\p{Zl}\p{Zp}]/u.test(char))
  if (at === -1) return []
  const code = manager.codePointAt(at)?.toString(16).toUpperCase().padStart(4, '0')
  return [wrong('fieldManager', quoted(manager), `invalid character U+${code} (at position ${at})`)]
}

const dryRunErrors = (wanted: readonly string[]): readonly FieldError[] =>
  wanted.every((one) => one === 'All') ? [] : [unsupported('dryRun', quoted(wanted), ['"All"'])]

/** Whether nothing is to be stored. */
export function isDryRun(call: Call): boolean {
  const wanted = call.request.query.getAll('dryRun')
  const errors = dryRunErrors(wanted)
  const kind = call.verb.startsWith('delete') ? 'DeleteOptions' : optionsKind(call.verb)
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', errors)
  return wanted.length > 0
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
