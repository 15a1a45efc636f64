/** The harness itself: the control plane runs, is audited, and leaves nothing behind. */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startControlPlane } from './harness/controlplane.ts'
import { programs, skip } from './harness/tier.ts'
import { eventually } from './harness/wait.ts'

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

test('a control plane starts, answers kubectl, tells who wrote, and leaves nothing behind', {
  skip,
}, async () => {
  const built = await programs()
  const plane = await startControlPlane({ programs: built })
  const pids = plane.processes.map(({ pid }) => pid)
  try {
    const version = execFileSync(
      built.kubectl,
      ['--kubeconfig', plane.kubeconfig, 'version', '--output=json'],
      { encoding: 'utf8' },
    )
    const { clientVersion, serverVersion } = JSON.parse(version)
    assert.equal(serverVersion.gitVersion, clientVersion.gitVersion)
    assert.match(serverVersion.gitVersion, /^v1\.\d+\.\d+$/)

    const mark = plane.audit.mark()
    await plane.api.post('/api/v1/namespaces', { metadata: { name: 'seen' } })
    await plane.api.get('/api/v1/namespaces')
    assert.deepEqual(
      plane.audit.writes({ user: 'admin' }, mark).map(({ verb, objectRef }) => [verb, objectRef?.resource]),
      [['create', 'namespaces']],
    )
    assert.deepEqual(plane.audit.writes({ user: 'somebody else' }, mark), [])
  } finally {
    await plane.stop()
  }
  assert.deepEqual(pids.filter(isAlive), [])
  assert.equal(existsSync(plane.folder), false)
})

for (const signal of ['SIGINT', 'SIGKILL'] as const)
  test(`a test that is ended by ${signal} leaves no program running`, { skip }, async () => {
    await programs()
    const child = spawn(process.execPath, [join(import.meta.dirname, 'harness/start-and-wait.ts')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const { pids, folder } = await new Promise<{ pids: number[]; folder: string }>((resolve, reject) => {
      child.stdout.setEncoding('utf8').once('data', (line: string) => resolve(JSON.parse(line)))
      child.once('exit', (code) => reject(new Error(`it ended with ${code}`)))
    })
    assert.equal(pids.filter(isAlive).length, 2)
    child.kill(signal)
    await eventually('etcd and kube-apiserver are gone', () => (pids.some(isAlive) ? undefined : true))
    if (signal === 'SIGINT') assert.equal(existsSync(folder), false)
    rmSync(folder, { recursive: true, force: true })
  })
