/** Credentials from a kubeconfig and from a service account: what is taken, what is refused, and in which words. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import '../../../src/sandbox/reflect.ts'
import * as x509 from '@peculiar/x509'
import { AdapterError } from '../../../src/errors.ts'
import { loadAccess } from '../../../src/kube/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'access-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const SECRET = 'very-secret-value'

async function pair(name: string): Promise<{ cert: string; key: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
  })
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', keys.privateKey)
  return { cert: cert.toString('pem'), key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') }
}

const one = await pair('one')
const two = await pair('two')
const base64 = (text: string) => Buffer.from(text).toString('base64')

let files = 0
function file(content: string | Buffer, name?: string): string {
  files += 1
  const path = join(folder, name ?? `file-${files}`)
  writeFileSync(path, content)
  return path
}

type Fields = Record<string, unknown>

/** A kubeconfig as JSON, which is YAML. */
function kubeconfig(cluster: Fields, user: Fields, more: Fields = {}): string {
  return file(
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'here',
      contexts: [
        { name: 'here', context: { cluster: 'c', user: 'u' } },
        { name: 'there', context: { cluster: 'other', user: 'u' } },
        { name: 'lost', context: { cluster: 'nowhere', user: 'u' } },
      ],
      clusters: [
        { name: 'c', cluster: { server: 'https://10.0.0.1:6443', ...cluster } },
        { name: 'other', cluster: { server: 'https://other.example:443/k8s/clusters/c-1/' } },
      ],
      users: [{ name: 'u', user }],
      ...more,
    }),
  )
}

const refused = (code: string, words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof AdapterError, String(error))
  assert.equal(error.code, code)
  assert.equal(error.kind, 'needs-person')
  assert.match(error.message, words)
  assert.ok(!error.message.includes(SECRET))
  return true
}

test('CA, client certificate and key as data; tls-server-name; the origin without a path', async () => {
  const access = await loadAccess({
    kubeconfig: kubeconfig(
      { 'certificate-authority-data': base64(one.cert), 'tls-server-name': 'kubernetes.default' },
      { 'client-certificate-data': base64(two.cert), 'client-key-data': base64(two.key) },
    ),
  })
  assert.equal(access.origin, 'https://10.0.0.1:6443')
  assert.equal(access.basePath, '')
  assert.deepEqual(access.tls, {
    ca: one.cert,
    cert: two.cert,
    key: two.key,
    servername: 'kubernetes.default',
  })
  assert.deepEqual(access.headers(), {})
})

test('the same as files, relative to the kubeconfig; data wins over a file, as for kubectl', async () => {
  file(one.cert, 'ca.pem')
  file(two.cert, 'cert.pem')
  file(two.key, 'key.pem')
  const user = { 'client-certificate': 'cert.pem', 'client-key': 'key.pem' }
  const access = await loadAccess({ kubeconfig: kubeconfig({ 'certificate-authority': 'ca.pem' }, user) })
  assert.deepEqual(access.tls, { ca: one.cert, cert: two.cert, key: two.key })
  const both = await loadAccess({
    kubeconfig: kubeconfig(
      { 'certificate-authority': 'absent.pem', 'certificate-authority-data': base64(one.cert) },
      user,
    ),
  })
  assert.equal(both.tls.ca, one.cert)
})

test('another context is taken by name, with the path in front of everything', async () => {
  const access = await loadAccess({ kubeconfig: kubeconfig({}, { token: 't' }), context: 'there' })
  assert.equal(access.origin, 'https://other.example')
  assert.equal(access.basePath, '/k8s/clusters/c-1')
  assert.deepEqual(access.headers(), { authorization: 'Bearer t' })
})

test('a token file wins over a token and is read again when it is replaced; the last good one is kept', async () => {
  const token = file('first\n', 'token')
  const path = kubeconfig({}, { token: 'inline', tokenFile: 'token' })
  const access = await loadAccess({ kubeconfig: path })
  assert.deepEqual(access.headers(), { authorization: 'Bearer first' })
  writeFileSync(token, 'second, with a space')
  assert.deepEqual(access.headers(), { authorization: 'Bearer first' })
  writeFileSync(token, 'third-token')
  assert.deepEqual(access.headers(), { authorization: 'Bearer third-token' })
  rmSync(token)
  assert.deepEqual(access.headers(), { authorization: 'Bearer third-token' })
})

test('the fingerprint is another one exactly when something is', async () => {
  const load = (token: string) => loadAccess({ kubeconfig: kubeconfig({}, { token }) })
  const [a, b, c] = [await load('a'), await load('a'), await load('c')]
  assert.equal(a.fingerprint, b.fingerprint)
  assert.notEqual(a.fingerprint, c.fingerprint)
  assert.ok(!JSON.stringify(a.fingerprint).includes('"a"'))
})

test('a name and a password, and an impersonated user', async () => {
  const access = await loadAccess({
    kubeconfig: kubeconfig({}, { username: 'me', password: 'pw', as: 'somebody' }),
  })
  assert.deepEqual(access.headers(), {
    authorization: `Basic ${base64('me:pw')}`,
    'impersonate-user': 'somebody',
  })
})

test('what stands in the file is not read is refused in words', async () => {
  const cases: [Fields, Fields, string, RegExp][] = [
    [
      { 'insecure-skip-tls-verify': true },
      {},
      'KUBECONFIG_INSECURE',
      /insecure-skip-tls-verify.*certificate-authority-data/,
    ],
    [{ server: 'http://10.0.0.1' }, {}, 'KUBECONFIG_INSECURE', /not https/],
    [{ server: 'ftp://10.0.0.1' }, {}, 'KUBECONFIG_INSECURE', /not https/],
    [{ server: 'what?' }, {}, 'KUBECONFIG_SERVER', /not an address/],
    [{ 'proxy-url': 'http://proxy' }, {}, 'KUBECONFIG_UNSUPPORTED', /proxy-url/],
    [{}, { 'auth-provider': { name: 'gcp' } }, 'KUBECONFIG_UNSUPPORTED', /auth-provider/],
    [{}, { as: 'x', 'as-groups': ['system:masters'] }, 'KUBECONFIG_UNSUPPORTED', /as-groups/],
    [{ 'certificate-authority-data': base64(SECRET) }, {}, 'KUBECONFIG_CREDENTIALS', /CA is not a PEM/],
    [{}, { 'client-certificate-data': base64(one.cert) }, 'KUBECONFIG_CREDENTIALS', /come together/],
    [
      {},
      { 'client-certificate-data': base64(one.cert), 'client-key-data': base64(two.key) },
      'KUBECONFIG_CREDENTIALS',
      /belong together/,
    ],
    [{}, { token: `${SECRET}\r\nx: y` }, 'KUBECONFIG_CREDENTIALS', /does not hold a token/],
    [{}, { tokenFile: '/nowhere/token' }, 'KUBECONFIG_MISSING', /token file .*does not exist/],
    [{ 'certificate-authority': '/nowhere/ca' }, {}, 'KUBECONFIG_MISSING', /CA file .*does not exist/],
  ]
  for (const [cluster, user, code, words] of cases)
    await assert.rejects(loadAccess({ kubeconfig: kubeconfig(cluster, user) }), refused(code, words))
})

test('plain http is taken on loopback only', async () => {
  for (const server of ['http://127.0.0.1:8001', 'http://localhost:8001', 'http://[::1]:8001'])
    assert.equal((await loadAccess({ kubeconfig: kubeconfig({ server }, {}) })).origin, server)
  for (const server of ['http://127.0.0.1.example', 'http://localhost.example'])
    await assert.rejects(loadAccess({ kubeconfig: kubeconfig({ server }, {}) }))
})

test('a file that is no kubeconfig is named, and nothing of it is shown', async () => {
  const cases: [string, string, RegExp][] = [
    [join(folder, 'absent'), 'KUBECONFIG_MISSING', /does not exist/],
    [folder, 'KUBECONFIG_UNREADABLE', /not a file/],
    ['/dev/zero', 'KUBECONFIG_UNREADABLE', /not a file/],
    [file(Buffer.alloc(2 * 1024 * 1024, 32)), 'KUBECONFIG_TOO_LARGE', /over 1048576 bytes/],
    [file(`a: [${SECRET}`), 'KUBECONFIG_MALFORMED', /not YAML/],
    [file(''), 'KUBECONFIG_MALFORMED', /no mapping/],
    [file(SECRET), 'KUBECONFIG_MALFORMED', /no mapping/],
    [file('{}'), 'KUBECONFIG_CONTEXT', /no current-context/],
    [file('clusters: [{name: x}]'), 'KUBECONFIG_MALFORMED', /cluster is missing/],
    [file('clusters: [{name: x, cluster: {server: 7}}]'), 'KUBECONFIG_MALFORMED', /not a kubeconfig/],
    [file('clusters: [null]'), 'KUBECONFIG_MALFORMED', /not a kubeconfig/],
    [file('users: [7]'), 'KUBECONFIG_CONTEXT', /no current-context/],
  ]
  for (const [path, code, words] of cases)
    await assert.rejects(loadAccess({ kubeconfig: path }), refused(code, words), path)
})

test('a FIFO does not hold the process up', async () => {
  const path = join(folder, 'fifo')
  execFileSync('mkfifo', [path])
  await assert.rejects(loadAccess({ kubeconfig: path }), refused('KUBECONFIG_UNREADABLE', /not a file/))
})

test('aliases that would grow without end are refused', async () => {
  const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x,x]']
  for (let n = 1; n < 12; n += 1)
    lines.push(
      `a${n}: &a${n} [${Array(10)
        .fill(`*a${n - 1}`)
        .join(',')}]`,
    )
  await assert.rejects(
    loadAccess({ kubeconfig: file(lines.join('\n')) }),
    refused('KUBECONFIG_MALFORMED', /not YAML/),
  )
})

test('contexts that lead nowhere say which there are', async () => {
  const path = kubeconfig({}, {})
  await assert.rejects(
    loadAccess({ kubeconfig: path, context: 'gone' }),
    refused('KUBECONFIG_CONTEXT', /no context gone; it has: here, there, lost/),
  )
  await assert.rejects(
    loadAccess({ kubeconfig: path, context: 'lost' }),
    refused('KUBECONFIG_CONTEXT', /names a cluster that is not in the file/),
  )
})

test('a plugin runs only where it is allowed; its token and certificate are taken', async () => {
  const credential = {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token: 'from-plugin', clientCertificateData: two.cert, clientKeyData: two.key },
  }
  file(
    `#!/bin/sh\necho "$KUBERNETES_EXEC_INFO $MORE $1" > "$(dirname "$0")/seen"\ncat <<'X'\n${JSON.stringify(credential)}\nX\n`,
    'plugin',
  )
  chmodSync(join(folder, 'plugin'), 0o755)
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: './plugin',
    args: ['get'],
    env: [{ name: 'MORE', value: 'more' }],
  }
  const path = kubeconfig({}, { exec })
  await assert.rejects(loadAccess({ kubeconfig: path }), refused('KUBECONFIG_EXEC_REFUSED', /allow/))
  const access = await loadAccess({ kubeconfig: path, allowExec: true })
  assert.deepEqual(access.headers(), { authorization: 'Bearer from-plugin' })
  assert.deepEqual(access.tls, { cert: two.cert, key: two.key })
  assert.match(execFileSync('cat', [join(folder, 'seen')]).toString(), /"interactive":false.* more get/)
})

test('a plugin that is absent, fails, or prints something else is an error without what it printed', async () => {
  const apiVersion = 'client.authentication.k8s.io/v1'
  const run = (exec: Fields) => loadAccess({ kubeconfig: kubeconfig({}, { exec }), allowExec: true })
  const failed = (error: unknown) =>
    error instanceof AdapterError &&
    error.code === 'KUBECONFIG_EXEC_FAILED' &&
    !error.message.includes(SECRET)
  await assert.rejects(run({ apiVersion, command: 'no-such-program-here' }), failed)
  await assert.rejects(run({ apiVersion, command: 'false' }), failed)
  await assert.rejects(run({ apiVersion, command: 'echo', args: [SECRET] }), failed)
  await assert.rejects(run({ apiVersion: 'v0', command: 'echo' }), failed)
  await assert.rejects(run({ apiVersion }), failed)
  await assert.rejects(run({ apiVersion, command: 'echo', args: [7] }), failed)
})

test("in a Pod: the service account's CA and token; elsewhere it says so", async () => {
  const account = join(folder, 'pod/var/run/secrets/kubernetes.io/serviceaccount')
  mkdirSync(account, { recursive: true })
  writeFileSync(join(account, 'ca.crt'), one.cert)
  writeFileSync(join(account, 'token'), 'of-the-pod')
  const before = { ...process.env }
  try {
    delete process.env['KUBERNETES_SERVICE_HOST']
    await assert.rejects(loadAccess({}), refused('KUBE_NOT_IN_CLUSTER', /name a kubeconfig/))
    process.env['KUBERNETES_SERVICE_HOST'] = 'fd00::1'
    process.env['KUBERNETES_SERVICE_PORT'] = '443'
    const access = await loadAccess({ pathPrefix: join(folder, 'pod') })
    assert.equal(access.origin, 'https://[fd00::1]')
    assert.equal(access.tls.ca, one.cert)
    assert.deepEqual(access.headers(), { authorization: 'Bearer of-the-pod' })
    writeFileSync(join(account, 'token'), 'of-the-pod-renewed')
    assert.deepEqual(access.headers(), { authorization: 'Bearer of-the-pod-renewed' })
  } finally {
    process.env = before
  }
})
