/**
 * Files of a page and how they are answered. Everything but the document lies below a path with the digest of all of it, and
 * never changes there; the document is asked for again each time. A page that is open while its server becomes a newer one has
 * all it needs already.
 */
import { createHash } from 'node:crypto'
import type { ServerRequest, ServerResponse } from '../world/index.ts'

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json',
  svg: 'image/svg+xml',
}

/**
 * Nothing from elsewhere, nothing inline, no frame around it, and no text that becomes markup: names of objects and words of
 * warnings come from clusters, and those from anybody (Content Security Policy Level 3, Trusted Types).
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

export interface PageFile {
  readonly bytes: Uint8Array
  readonly type: string
  readonly etag: string
  readonly cache: string
}

export interface Page {
  readonly document: PageFile
  /** All others, by path. */
  readonly files: ReadonlyMap<string, PageFile>
}

/**
 * The page of these texts, `index.html` among them. `PAGE` in the document becomes the folder below `at`, `MODULES` a hint for
 * each module, so that none waits for another. `shared`: whether a cache between may keep what never changes.
 */
export function assemblePage(
  texts: ReadonlyMap<string, string>,
  { at, shared }: { readonly at: string; readonly shared: boolean },
): Page {
  const { 'index.html': html = '', ...others } = Object.fromEntries(texts)
  const folder = `${at}/${digest(JSON.stringify(others))}`
  const hints = Object.keys(others)
    .filter((name) => name.endsWith('.js'))
    .map((name) => `<link rel="modulepreload" href="PAGE/${name}">`)
  const document = html.replace('<!-- MODULES -->', hints.join('\n    ')).replaceAll('PAGE/', `${folder}/`)
  const lasting = `${shared ? 'public' : 'private'}, max-age=31536000, immutable`
  const files = Object.entries(others).map(
    ([name, text]) => [`${folder}/${name}`, fileOf(name, text, lasting)] as const,
  )
  return { document: fileOf('index.html', document, 'no-cache'), files: new Map(files) }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 20)

const fileOf = (name: string, text: string, cache: string): PageFile => ({
  bytes: Buffer.from(text),
  type: TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream',
  etag: `"${digest(text)}"`,
  cache,
})

/** RFC 9110 §13.1.2: any of the tags named, or `*`; weak ones compare alike. */
const isKnown = (asked: string | undefined, etag: string): boolean =>
  (asked ?? '').split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, '')))

/** 200, or 304 where the browser has it. */
export function answerFile(request: ServerRequest, { bytes, type, etag, cache }: PageFile): ServerResponse {
  const headers = { ...SAFETY, etag, 'cache-control': cache }
  if (isKnown(request.headers['if-none-match'], etag)) return { status: 304, headers }
  return { status: 200, headers: { ...headers, 'content-type': type }, body: bytes }
}
