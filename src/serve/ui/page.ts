/**
 * Serves the page. Everything but the document lies below a path with the digest of all of it, and never changes there; the
 * document is asked for again each time.
 */
import { createHash } from 'node:crypto'
import type { ServerRequest, ServerResponse } from '../../world/index.ts'
import { readUiFiles } from './files.ts'

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json',
  svg: 'image/svg+xml',
}

/**
 * Nothing from elsewhere, nothing inline, no frame around it, and no text that becomes markup: details of warnings come from
 * clusters and managers (Content Security Policy Level 3, Trusted Types).
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const SAFETY: Readonly<Record<string, string>> = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

interface PageFile {
  readonly bytes: Uint8Array
  readonly type: string
  readonly etag: string
}

/** By path. */
let files: ReadonlyMap<string, PageFile> | undefined

/** The document at /inspect and what it names; undefined for every other path. */
export function pageAnswer(request: ServerRequest): ServerResponse | undefined {
  files ??= assemble(readUiFiles())
  const file = files.get(request.path)
  return file === undefined ? undefined : answer(request, file)
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 20)

/** `PAGE` in the document becomes the folder, `MODULES` a hint for each module, so that none waits for another. */
function assemble(texts: ReadonlyMap<string, string>): ReadonlyMap<string, PageFile> {
  const { 'index.html': html = '', ...others } = Object.fromEntries(texts)
  const folder = `/inspect/page/${digest(JSON.stringify(others))}`
  const hints = Object.keys(others)
    .filter((name) => name.endsWith('.js'))
    .map((name) => `<link rel="modulepreload" href="PAGE/${name}">`)
  const document = html.replace('<!-- MODULES -->', hints.join('\n    ')).replaceAll('PAGE/', `${folder}/`)
  const fileOf = (name: string, text: string): PageFile => ({
    bytes: Buffer.from(text),
    type: TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream',
    etag: `"${digest(text)}"`,
  })
  return new Map([
    ['/inspect', fileOf('index.html', document)],
    ...Object.entries(others).map(([name, text]): [string, PageFile] => [
      `${folder}/${name}`,
      fileOf(name, text),
    ]),
  ])
}

/** RFC 9110 §13.1.2: any of the tags named, or `*`; weak ones compare alike. */
const isKnown = (asked: string | undefined, etag: string): boolean =>
  (asked ?? '').split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, '')))

function answer({ path, headers: asked }: ServerRequest, { bytes, type, etag }: PageFile): ServerResponse {
  const cache = path === '/inspect' ? 'no-cache' : 'private, max-age=31536000, immutable'
  const headers = { ...SAFETY, etag, 'cache-control': cache }
  if (isKnown(asked['if-none-match'], etag)) return { status: 304, headers }
  return { status: 200, headers: { ...headers, 'content-type': type }, body: bytes }
}
