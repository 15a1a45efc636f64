/** What a bundle holds beside Antrea's own: the cluster as the API server tells it, and the adapter as it knows itself. */
import { gzipSync } from 'node:zlib'
import { asAdapterError } from '../../errors.ts'
import { MANAGED_BY_LABEL, MANAGER } from '../../kube/marks.ts'
import { RESOURCES, resourcePath } from '../../kube/resources.ts'
import { ANTREA_NAMESPACE } from '../../kube/rights.ts'
import { CONTENT_MADE_BYTES_MAX } from '../../limits.ts'
import { type OwnLog, redactText } from '../../log/index.ts'
import { sha256Hex } from '../../protocol/hash.ts'
import { tarOfTexts } from '../../protocol/tar.ts'
import { type ApiDeps, readExact } from '../api.ts'
import type { Fields } from '../types.ts'

/** A file that is made here; `text` is called when its turn comes. */
export interface MadeFile {
  readonly path: string
  text(signal: AbortSignal): Promise<string>
}

export interface Made {
  readonly bytes: Uint8Array
  /** What is not in it, and why. */
  readonly missing: readonly { readonly path: string; readonly code: string; readonly message: string }[]
}

/** Objects of one page: some hundred KiB, whose parsing holds nothing up. */
const PAGE_OBJECTS = 100
const PATH_CONFIG = resourcePath(RESOURCES.configMaps, ANTREA_NAMESPACE, 'antrea-config')
const OURS = new URLSearchParams({ labelSelector: `${MANAGED_BY_LABEL}=${MANAGER}` }).toString()

/** The lists that the daemon's identity may read; what it may not is told as missing. */
export function clusterFiles(deps: ApiDeps): readonly MadeFile[] {
  const one = (path: string, from: string): MadeFile => ({
    path,
    text: async (signal) => pretty(await readExact(deps, from, signal)),
  })
  const list = (path: string, from: string, query = ''): MadeFile => ({
    path,
    text: (signal) => listed(deps, from, query, signal),
  })
  return [
    one('version.json', '/version'),
    one('antrea-config.json', PATH_CONFIG),
    list('antreacontrollerinfos.jsonl', resourcePath(RESOURCES.antreaControllerInfos)),
    list('antreaagentinfos.jsonl', resourcePath(RESOURCES.antreaAgentInfos)),
    list('nodes.jsonl', resourcePath(RESOURCES.nodes)),
    list('tiers.jsonl', resourcePath(RESOURCES.tiers)),
    list('clusternetworkpolicies.jsonl', resourcePath(RESOURCES.clusterNetworkPolicies), OURS),
    list('clustergroups.jsonl', resourcePath(RESOURCES.clusterGroups), OURS),
    list(
      'antrea-pods.jsonl',
      resourcePath(RESOURCES.pods, ANTREA_NAMESPACE),
      new URLSearchParams({ labelSelector: 'app=antrea' }).toString(),
    ),
    list('events.jsonl', `/api/v1/namespaces/${ANTREA_NAMESPACE}/events`),
  ]
}

/** One object a line, a page at a time, secrets masked. */
async function listed(deps: ApiDeps, from: string, query: string, signal: AbortSignal): Promise<string> {
  const lines: string[] = []
  let chars = 0
  let next: string | undefined
  do {
    const asked = new URLSearchParams(query)
    asked.set('limit', String(PAGE_OBJECTS))
    if (next !== undefined) asked.set('continue', next)
    const page = ((await readExact(deps, `${from}?${asked}`, signal)) ?? {}) as Fields
    for (const item of Array.isArray(page['items']) ? (page['items'] as unknown[]) : []) {
      const line = masked(JSON.stringify(item))
      lines.push(line)
      chars += line.length
    }
    const following = (page['metadata'] as Fields | undefined)?.['continue']
    next = typeof following === 'string' && following !== '' && following !== next ? following : undefined
    if (next !== undefined && chars > CONTENT_MADE_BYTES_MAX / 4) {
      lines.push(JSON.stringify({ cut: `after ${lines.length} objects; there are more` }))
      break
    }
  } while (next !== undefined)
  return `${lines.join('\n')}\n`
}

const pretty = (value: unknown): string => masked(`${JSON.stringify(value, null, 2)}\n`)

/** In a ConfigMap's text too: `password: …` of a nested YAML is not a field here. */
const SECRET_LINE =
  /((?:password|passwd|token|secret(?!Ref|Name)|psk|apikey|api_key)\w*\\?"?\s*[:=]\s*)(?:\\?"(?:[^"\\]|\\.)*?\\?"|[^\s,}\\"]+)/gi

export const masked = (text: string): string =>
  redactText(text, Number.POSITIVE_INFINITY).replace(SECRET_LINE, '$1***')

/** As sha256sum writes it, and `sha256sum -c` takes it. */
const SUMS = 'SHA256SUMS'

/** A tar.gz of them with their sums, at most CONTENT_MADE_BYTES_MAX of text; what does not fit or cannot be read is told in it too. */
export async function madeOf(files: readonly MadeFile[], nowMs: number, signal: AbortSignal): Promise<Made> {
  const made: [string, string][] = []
  const missing: { path: string; code: string; message: string }[] = []
  let bytes = 0
  for (const { path, text } of files) {
    try {
      const content = await text(signal)
      const size = Buffer.byteLength(content)
      if (bytes + size > CONTENT_MADE_BYTES_MAX)
        missing.push({
          path,
          code: 'BUNDLE_TOO_LARGE',
          message: `with it there would be more than ${CONTENT_MADE_BYTES_MAX} bytes; read it from the cluster`,
        })
      else {
        made.push([path, content])
        bytes += size
      }
    } catch (thrown) {
      if (signal.aborted) throw signal.reason
      const { code, message } = asAdapterError(thrown)
      missing.push({ path, code, message })
    }
  }
  if (missing.length > 0) made.push(['missing.json', `${JSON.stringify(missing, null, 2)}\n`])
  made.push([SUMS, made.map(([path, content]) => `${sha256Hex(content)}  ${path}\n`).join('')])
  return { bytes: gzipSync(tarOfTexts(made, nowMs)), missing }
}

export type OwnFiles = () => Promise<readonly MadeFile[]>

/** Of the process that answers: its status as `status` shows it, and its newest log lines, which are masked already. */
export const ownFilesOf = (status: object, log: OwnLog | undefined): readonly MadeFile[] => [
  { path: 'status.json', text: async () => pretty(status) },
  {
    path: 'adapter.log',
    text: async () => (log?.recent.lines() ?? []).map(({ text }) => `${text}\n`).join(''),
  },
]
