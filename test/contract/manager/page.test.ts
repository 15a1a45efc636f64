/** How the page is served: types, caches, safety, and what is not there. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createManager } from '../../../src/manager/index.ts'
import type { HttpMethod, ServerRequest } from '../../../src/world/index.ts'
import { createRealClock, createRealRandom } from '../../../src/world/real.ts'

function serve() {
  const manager = createManager({ clock: createRealClock(), random: createRealRandom(), users: [] })
  return async (method: HttpMethod, path: string, headers: Readonly<Record<string, string>> = {}) => {
    const request: ServerRequest = {
      method,
      path,
      query: new URLSearchParams(),
      headers,
      peer: { address: '127.0.0.1' },
      signal: new AbortController().signal,
      body: async () => new Uint8Array(),
    }
    const response = await manager.handler(request)
    const text = Buffer.from((response.body ?? '') as Uint8Array).toString('utf8')
    return { status: response.status, headers: response.headers ?? {}, text }
  }
}

const filesOf = (html: string): string[] => [
  ...new Set([...html.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, path = '']) => path)),
]

test('the document names only files that are there, each with its type, and for ever', async () => {
  const ask = serve()
  const { status, headers, text } = await ask('GET', '/')
  assert.equal(status, 200)
  assert.equal(headers['content-type'], 'text/html; charset=utf-8')
  assert.equal(headers['cache-control'], 'no-cache')
  const files = filesOf(text)
  assert.ok(files.length > 20)
  for (const path of files) {
    const file = await ask('GET', path)
    assert.equal(file.status, 200, path)
    assert.match(
      String(file.headers['content-type']),
      path.endsWith('.js') ? /^text\/javascript/ : path.endsWith('.css') ? /^text\/css/ : /^image\/svg/,
    )
    assert.match(String(file.headers['cache-control']), /immutable/)
  }
})

test('every module that a module names is hinted at, and nothing is asked of elsewhere', async () => {
  const ask = serve()
  const { text: html } = await ask('GET', '/')
  const files = filesOf(html)
  const folder = files[0]?.replace(/[^/]+$/, '')
  for (const path of files.filter((one) => one.endsWith('.js'))) {
    const { text } = await ask('GET', path)
    for (const [, name = ''] of text.matchAll(/^import .* from '\.\/([^']+)'/gm))
      assert.ok(files.includes(`${folder}${name}`), `${path} imports ${name}`)
    assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b/, path)
    assert.doesNotMatch(text.replace('http://www.w3.org/2000/svg', ''), /https?:\/\//, path)
  }
  assert.doesNotMatch(html, /\sstyle=|\son\w+=|<script>/)
})

test('what is known is not sent again, and HEAD is answered as GET', async () => {
  const ask = serve()
  const { headers } = await ask('GET', '/')
  const etag = String(headers['etag'])
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*'])
    assert.equal((await ask('GET', '/', { 'if-none-match': known })).status, 304, known)
  assert.equal((await ask('GET', '/', { 'if-none-match': '"other"' })).status, 200)
  const head = await ask('HEAD', '/')
  assert.equal(head.status, 200)
  assert.deepEqual(head.headers, headers)
})

test('no answer may be framed, guessed at, or let anything else in', async () => {
  const ask = serve()
  const { headers } = await ask('GET', '/')
  const policy = String(headers['content-security-policy'])
  for (const part of [
    "default-src 'none'",
    "script-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "trusted-types 'none'",
  ])
    assert.ok(policy.includes(part), part)
  assert.doesNotMatch(policy, /unsafe|\*|https?:|data:/)
  assert.equal(headers['x-content-type-options'], 'nosniff')
  assert.equal(headers['x-frame-options'], 'DENY')
})

test('other versions, other files and other verbs are not there', async () => {
  const ask = serve()
  const [path = ''] = filesOf((await ask('GET', '/')).text)
  const folder = path.replace(/[^/]+$/, '')
  for (const wrong of [
    path.replace(/page\/\w{4}/, 'page/0000'),
    `${folder}none.js`,
    `${folder}tsconfig.json`,
    `${folder}index.html`,
    `${folder}..%2Findex.ts`,
    `${folder}__proto__`,
    `${folder}constructor`,
  ])
    assert.equal((await ask('GET', wrong)).status, 404, wrong)
  assert.equal((await ask('POST', '/')).status, 405)
})
