/** `diff`, `explain`, `doctor` and `support-bundle` as a person runs them, beside the daemon and without it. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { groupPath, policyPath } from '../../src/sandbox/nsx-user.ts'
import { GROUPS, POLICIES, SERVICES } from '../../src/sandbox/scenario-policy.ts'
import type { ServerRequest } from '../../src/world/index.ts'
import { type Parts, startParts } from './parts.ts'
import { runToEnd, until } from './process.ts'

async function shop({ nsx }: Parts): Promise<void> {
  for (const [id, group] of Object.entries(GROUPS)) await nsx.putGroup(id, group)
  for (const [id, service] of Object.entries(SERVICES)) await nsx.putService(id, service)
  for (const [id, policy] of Object.entries(POLICIES)) await nsx.putPolicy(id, policy)
}

const inCluster = async ({
  kube,
}: Parts): Promise<readonly { readonly metadata: { readonly name: string } }[]> =>
  (
    await kube.get<{ items: readonly { readonly metadata: { readonly name: string } }[] }>(
      '/apis/crd.antrea.io/v1beta1/clusternetworkpolicies',
    )
  ).items

const jump = {
  resource_type: 'SecurityPolicy' as const,
  display_name: 'jumps',
  category: 'Environment',
  sequence_number: 30,
  scope: [groupPath('cart')],
  rules: [
    {
      resource_type: 'Rule' as const,
      id: 'jump',
      display_name: 'jump',
      sequence_number: 10,
      source_groups: ['ANY'],
      destination_groups: ['ANY'],
      services: ['ANY'],
      action: 'JUMP_TO_APPLICATION' as const,
      direction: 'IN_OUT' as const,
      ip_protocol: 'IPV4_IPV6' as const,
    },
  ],
}

test('what a person sees of a shop behind its policies', async (context) => {
  const writes: string[] = []
  const noted = (request: ServerRequest) => {
    if (request.method !== 'GET' && !/\/leases|reviews$/.test(request.path) && !request.query.has('dryRun'))
      writes.push(`${request.method} ${request.path}`)
  }
  const parts = await startParts(context, {
    beforeApi: (next) => (request) => {
      noted(request)
      return next(request)
    },
  })
  await shop(parts)
  const daemon = parts.run()
  const run = async (...words: string[]) => {
    const ended = await runToEnd(context, [...words, '--socket', daemon.socket])
    return { ...ended, json: () => JSON.parse(ended.stdout) as Record<string, never> }
  }
  await until('three policies', async () => (await inCluster(parts)).length === 3, 20_000, daemon.stderr)
  await until(
    'they are realized',
    async () => (await parts.nsx.realization(policyPath('web'))) === 'SUCCESS',
    20_000,
  )

  await context.test('diff says nothing, exit 0, and writes nothing', async () => {
    const before = writes.length
    for (const channel of ['ccp', 'mp']) {
      const { code, stdout, stderr } = await run('diff', channel)
      assert.equal(code, 0, stdout + stderr)
      assert.match(stdout, /Nothing to do: all is as it should be/)
    }
    assert.deepEqual(writes.slice(before), [])
  })

  await context.test('explain goes the whole way of a policy, a rule and its id', async () => {
    const policy = await run('explain', policyPath('web'))
    assert.equal(policy.code, 0, policy.stderr)
    for (const words of [
      /ALLOW from office .* to anything, shop-http .*TCP 8080/,
      /translated exactly/,
      /tier nsx-category-application/,
      /just as it should be/,
      /SUCCESS: every node/,
      /PACKETS/,
    ])
      assert.match(policy.stdout, words)
    const one = (await run('explain', policyPath('web'), '-o', 'json')).json() as unknown as {
      readonly rules: readonly {
        readonly rule_id: number
        readonly path: string
        readonly antrea_rules: readonly string[]
      }[]
      readonly object: { readonly name: string }
      readonly hash: string
      readonly stored: { readonly equal: boolean; readonly applied_hash: string }
    }
    const [rule] = one.rules
    assert.ok(rule !== undefined)
    assert.equal(one.stored.equal, true)
    assert.equal(one.stored.applied_hash, one.hash)
    assert.deepEqual(rule.antrea_rules, [String(rule.rule_id)])
    const byId = await run('explain', String(rule.rule_id))
    assert.match(byId.stdout, new RegExp(`^${rule.path}\n`))
    // And back, from the object to the path.
    const back = await run('explain', `clusternetworkpolicy/${one.object.name}`)
    assert.match(back.stdout, /the adapter keeps it for this cluster/)
    assert.match(back.stdout, new RegExp(`made from ${policyPath('web')}`))
    const tier = await run('explain', 'tier/nsx-category-emergency')
    assert.match(tier.stdout, /NSX's category Emergency is evaluated here/)
  })

  await context.test(
    'explain says of a group which Pods it holds, and of a Pod which rules bear on it, in their order',
    async () => {
      const group = (await run('explain', groupPath('backend'), '-o', 'json')).json() as unknown as {
        readonly pods: readonly string[]
        readonly used_by: readonly string[]
        readonly object: { readonly name: string }
      }
      assert.equal(group.pods.length, 4)
      assert.ok(group.used_by.includes(`${policyPath('backend')}: scope`))
      const pod = (await run('explain', `pod/${group.pods[0]}`, '-o', 'json')).json() as unknown as {
        readonly groups: readonly { readonly path?: string }[]
        readonly rules: readonly {
          readonly order: number
          readonly tier: string
          readonly rule_path?: string
        }[]
      }
      assert.ok(pod.groups.some(({ path }) => path === groupPath('backend')))
      assert.deepEqual(
        pod.rules.map(({ order, rule_path }) => [order, rule_path?.split('/').at(-1)]),
        [
          [1, 'from-frontend'],
          [2, 'reject-payments'],
        ],
      )
      const object = await run('explain', `clustergroup/${group.object.name}`)
      assert.match(object.stdout, new RegExp(`NSX wants ${groupPath('backend')}`))
    },
  )

  await context.test('an unknown name gets those that resemble it; one of several is asked for', async () => {
    const typo = await run('explain', 'frontned')
    assert.equal(typo.code, 1)
    assert.match(typo.stderr, /EXPLAIN_UNKNOWN: .*did you mean .*groups\/frontend/)
    const several = await run('explain', 'backend')
    assert.match(several.stderr, /EXPLAIN_SEVERAL: .*security-policies\/backend, .*groups\/backend/)
  })

  await context.test(
    'of what is refused: which rule, why, what to change, and what is in force instead',
    async () => {
      await parts.nsx.putPolicy('web', {
        ...POLICIES.web,
        category: 'Environment',
        rules: [...(POLICIES.web.rules ?? []), ...jump.rules],
      })
      const words = await until('it is held', async () => {
        const { stdout } = await run('explain', policyPath('web'))
        return /refused/.test(stdout) ? stdout : undefined
      })
      assert.match(words, /✗ JUMP: the action is JUMP_TO_APPLICATION\n\s+at .*\/rules\/jump, action/)
      assert.match(words, /In NSX: +JUMP_TO_APPLICATION skips/)
      assert.match(words, /→ Write the exceptions as ALLOW rules/)
      assert.match(words, /in force instead: ClusterNetworkPolicy/)
      assert.match(words, /the last that was accepted/)
      const diff = await run('diff')
      assert.equal(diff.code, 0, 'a policy that cannot be translated is no difference')
      assert.match(diff.stdout, /held-policies \(1\) HELD_POLICIES[\s\S]*web \(JUMP\)/)
      await parts.nsx.putPolicy('web', POLICIES.web)
    },
  )

  await context.test(
    'deletes that the guard holds are differences, exit 1, and they are not made',
    async () => {
      for (const id of ['a', 'b', 'c', 'd', 'e'])
        await parts.nsx.putPolicy(id, { ...POLICIES.web, sequence_number: 40 })
      await until('eight policies', async () => (await inCluster(parts)).length === 8)
      for (const id of ['a', 'b', 'c', 'd', 'e']) await parts.nsx.deletePolicy(id)
      const held = await until('the guard is up', async () => {
        const diff = await run('diff', '-o', 'json')
        const { holds, differs } = diff.json() as unknown as {
          readonly holds: readonly { readonly what: string; readonly count: number; readonly code: string }[]
          readonly differs: boolean
        }
        const guard = holds.find(({ what }) => what === 'delete-guard')
        return guard === undefined ? undefined : { ...guard, differs, code: diff.code }
      })
      assert.ok(held.differs && held.code === 1 && held.count > 3, JSON.stringify(held))
    },
  )

  await context.test('doctor finds nothing wrong beside a running daemon', async () => {
    const doctor = await runToEnd(context, ['doctor', '--config', daemon.config])
    assert.equal(doctor.code, 0, doctor.stdout + doctor.stderr)
    assert.match(doctor.stdout, /[✓!] daemon +.* is ready, leading/)
    assert.match(doctor.stdout, /✓ kube-rights +(\d+) of \1\n/)
    const one = await runToEnd(context, [
      'doctor',
      '--config',
      daemon.config,
      '--only',
      'nsx-cluster',
      '-o',
      'json',
    ])
    assert.deepEqual(
      (JSON.parse(one.stdout) as { checks: { name: string; state: string }[] }).checks.map(
        ({ name, state }) => [name, state],
      ),
      [['nsx-cluster', 'ok']],
    )
    const listed = await runToEnd(context, ['doctor', '--list'])
    assert.ok(listed.stdout.trim().split('\n').length > 30)
    const wrong = await runToEnd(context, ['doctor', '--only', 'nsx-tsl'])
    assert.equal(wrong.code, 2)
  })

  await context.test('a bundle of the adapter holds what was seen, with sums that hold', async () => {
    const file = join(parts.path, 'case.tar.gz')
    const bundle = await runToEnd(context, [
      'support-bundle',
      '--config',
      daemon.config,
      '--socket',
      daemon.socket,
      '--only',
      'adapter',
      '--output',
      file,
      '--json',
    ])
    const result = JSON.parse(bundle.stdout.trim().split('\n').at(-1) ?? '{}') as {
      t: string
      components: { state: string; sha256: string }[]
    }
    assert.equal(result.t, 'result', bundle.stdout + bundle.stderr)
    assert.equal(statSync(file).mode & 0o777, 0o600)
    const folder = join(parts.path, 'case')
    mkdirSync(folder)
    execFileSync('tar', ['xzf', file, '-C', folder, '--strip-components=1'])
    assert.match(
      execFileSync('sha256sum', [join(folder, 'adapter.tar.gz')]).toString(),
      new RegExp(`^${result.components[0]?.sha256}`),
    )
    execFileSync('tar', ['xzf', 'adapter.tar.gz'], { cwd: folder })
    execFileSync('sha256sum', ['-c', '--quiet', 'SHA256SUMS'], { cwd: folder })
    for (const name of [
      'status.json',
      'metrics.txt',
      'diff-ccp.jsonl',
      'diff-mp.jsonl',
      'doctor.json',
      'transitions.json',
      'config.json',
      'adapter.log',
    ])
      assert.ok(existsSync(join(folder, name)), name)
    const text = execFileSync(
      'cat',
      ['status.json', 'config.json', 'doctor.json', 'diff-ccp.jsonl', 'adapter.log'],
      { cwd: folder },
    ).toString()
    assert.doesNotMatch(text, /PRIVATE KEY/)
  })

  await context.test(
    'an instance in standby shows the inventory, and says whom to ask for policy',
    async () => {
      const standby = parts.run()
      await until('it stands by', async () => (await standby.status())?.role === 'standby')
      await until('it has read the cluster', async () => (await standby.status())?.ready === true)
      const inventory = await runToEnd(context, ['diff', 'mp', '--socket', standby.socket])
      assert.equal(inventory.code, 0, inventory.stdout + inventory.stderr)
      assert.match(inventory.stdout, /\(read just now\); this instance is in standby; .* leads/)
      const policy = await runToEnd(context, ['diff', '--socket', standby.socket])
      assert.equal(policy.code, 2)
      assert.match(policy.stderr, /CCP_NO_COPY: .*ask the instance that leads/)
      await standby.stop()
    },
  )
})

test('an observer shows the whole plan, in pages, exit 1', async (context) => {
  const parts = await startParts(context)
  await shop(parts)
  const daemon = parts.run({ environment: { ANTREA_NSX_ADAPTER_MODE: 'observe' } })
  const diff = (...words: string[]) => runToEnd(context, ['diff', ...words, '--socket', daemon.socket])
  const all = await until('a plan', async () => {
    const { code, stdout } = await diff()
    return code === 1 ? stdout : undefined
  })
  assert.match(all, /\+ Tier nsx-category-emergency/)
  assert.match(all, /it only observes/)
  assert.match(all, /Plan: \d+ to create, 0 to update, 0 to delete\./)
  const json = JSON.parse((await diff('-o', 'json', '--limit', '2', '--offset', '1')).stdout) as {
    create: number
    steps: { n: number }[]
  }
  assert.deepEqual(
    json.steps.map(({ n }) => n),
    [2, 3],
  )
  assert.ok(json.create > 3)
  const lines = (await diff('-o', 'jsonl')).stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { t: string }).t)
  assert.deepEqual([lines[0], lines.at(-1)], ['head', 'end'])
  assert.equal((await inCluster(parts)).length, 0)
})
