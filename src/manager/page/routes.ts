/**
 * Serves the page. Everything but the document lies below a path with the digest of all of it, and never changes there; the
 * document is asked for again each time. A page that is open while its manager becomes a newer one has all it needs already.
 */
import { createHash } from 'node:crypto'
import type { ServerRequest, ServerResponse } from '../../world/index.ts'
import { notFound, type Route } from '../rest/index.ts'
import { readPageFiles } from './files.ts'

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
}

/**
 * Nothing from elsewhere, nothing inline, no frame around it, and no text that becomes markup: names of objects come from
 * clusters, and those from anybody (Content Security Policy Level 3, Trusted Types).
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

interface Page {
  readonly document: PageFile
  /** Digest of all files: the folder of their addresses. */
  readonly version: string
  readonly files: ReadonlyMap<string, PageFile>
}

/** The files are read at the first request: most managers of tests are never looked at. */
export function pageRoutes(): readonly Route[] {
  let page: Page | undefined
  const current = (): Page => {
    page ??= assemble(readPageFiles())
    return page
  }
  return (['GET', 'HEAD'] as const).flatMap((method): Route[] => [
    {
      method,
      pattern: '',
      access: 'public',
      run: ({ request }) => answer(request, current().document, 'no-cache'),
    },
    {
      method,
      pattern: '/page/:version/:file',
      access: 'public',
      run({ request, params }) {
        const { version, files } = current()
        const file = params['version'] === version ? files.get(params['file'] ?? '') : undefined
        if (file === undefined) throw notFound(request.path)
        return answer(request, file, 'public, max-age=31536000, immutable')
      },
    },
  ])
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 20)

/** `PAGE` in the document becomes the folder, `MODULES` a hint for each module, so that none waits for another. */
function assemble(texts: ReadonlyMap<string, string>): Page {
  const { 'index.html': html = '', ...others } = Object.fromEntries(texts)
  const version = digest(JSON.stringify(others))
  const fileOf = (name: string, text: string): PageFile => ({
    bytes: Buffer.from(text),
    type: TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream',
    etag: `"${digest(text)}"`,
  })
  const hints = Object.keys(others)
    .filter((name) => name.endsWith('.js'))
    .map((name) => `<link rel="modulepreload" href="PAGE/${name}">`)
  const document = html
    .replace('<!-- MODULES -->', hints.join('\n    '))
    .replaceAll('PAGE/', `/page/${version}/`)
  return {
    document: fileOf('index.html', document),
    version,
    files: new Map(Object.entries(others).map(([name, text]) => [name, fileOf(name, text)])),
  }
}

/** RFC 9110 §13.1.2: any of the tags named, or `*`; weak ones compare alike. */
const isKnown = (asked: string | undefined, etag: string): boolean =>
  (asked ?? '').split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, '')))

function answer(request: ServerRequest, { bytes, type, etag }: PageFile, cache: string): ServerResponse {
  const headers = { ...SAFETY, etag, 'cache-control': cache }
  if (isKnown(request.headers['if-none-match'], etag)) return { status: 304, headers }
  return { status: 200, headers: { ...headers, 'content-type': type }, body: bytes }
}
