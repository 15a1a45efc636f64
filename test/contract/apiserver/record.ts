/**
 * Records what a real kube-apiserver answers to the cases: node record.ts ORIGIN CA CERT KEY ETCD [NAME-REGEX]. Run it against
 * v1.36.3 only, with etcd at the URL ETCD and the controllers of namespaces and garbage, and look at what changed.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createHttpClient } from '../../../src/world/real.ts'
import { CASES } from './cases.ts'
import { install, type Link, play, recordedPath, type Transcript } from './run.ts'

const [, , origin = '', ca = '', cert = '', key = '', etcd = '', only = ''] = process.argv
const read = (path: string) => readFileSync(path, 'utf8')
const client = createHttpClient({ origin, tls: { ca: read(ca), cert: read(cert), key: read(key) } })
const anonymous = createHttpClient({ origin, tls: { ca: read(ca) } })

/** etcd's JSON gateway: the newest revision, and everything before it forgotten. */
async function compact(): Promise<void> {
  const ask = async (path: string, body: object) => {
    const answer = await fetch(`${etcd}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) })
    return (await answer.json()) as { header: { revision: string } }
  }
  const { header } = await ask('range', { key: 'AA==' })
  await ask('compaction', { revision: header.revision, physical: true })
}

const link: Link = { client, anonymous, compact, hasControllers: true, close: async () => {} }
await install(client)
let recorded: Record<string, Transcript> = {}
try {
  recorded = JSON.parse(read(recordedPath)) as Record<string, Transcript>
} catch {
  // The first recording.
}
for (const one of CASES) {
  if (!new RegExp(only).test(one.name)) continue
  try {
    recorded[one.name] = await play(link, one)
  } catch (error) {
    process.exitCode = 1
    process.stderr.write(`${one.name}: ${String(error)}\n`)
  }
}
const kept = Object.fromEntries(CASES.flatMap(({ name }) => (recorded[name] ? [[name, recorded[name]]] : [])))
// One answer a line: a change of one answer is a change of one line.
const lines = Object.entries(kept).map(
  ([name, answers]) =>
    `${JSON.stringify(name)}: [\n${(answers as unknown[]).map((answer) => `  ${JSON.stringify(answer)}`).join(',\n')}\n]`,
)
writeFileSync(recordedPath, `{\n${lines.join(',\n')}\n}\n`)
await client.close()
await anonymous.close()
