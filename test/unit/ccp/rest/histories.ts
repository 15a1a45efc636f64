/** Random edits of an NSX, with what goes wrong on the way to a reader of its public API. */
import fc from 'fast-check'
import { MANAGER_MEMBERS_SETTLE_MS } from '../../../../src/limits.ts'
import type { ManagerFault } from '../../../../src/manager/types.ts'
import { CCP_PATH, DOMAIN } from '../../../contract/manager/harness.ts'
import { condition, VMS } from '../../../contract/manager/machines.ts'
import { type RestWorld, restWorld } from './world.ts'

const INFRA = '/policy/api/v1/infra'
const OTHER_PATH = CCP_PATH.replace(/[^/]+$/, 'other')
const groupPath = (n: number) => `/infra/domains/default/groups/g${n}`
const servicePath = (n: number) => `/infra/services/s${n}`

const small = fc.nat(3)
const rule = fc.record({
  id: small.map((n) => `r${n}`),
  action: fc.constantFrom('ALLOW', 'DROP', 'REJECT'),
  direction: fc.constantFrom('IN', 'OUT'),
  sequence_number: fc.nat(5),
  source_groups: fc.oneof(
    fc.constant(['ANY']),
    small.map((n) => [groupPath(n)]),
  ),
  destination_groups: fc.constant(['ANY']),
  services: fc.oneof(
    fc.constant(['ANY']),
    small.map((n) => [servicePath(n)]),
  ),
  profiles: fc.oneof(
    { arbitrary: fc.constant(['ANY']), weight: 4 },
    { arbitrary: fc.constant(['/infra/context-profiles/c0']), weight: 1 },
  ),
  scope: fc.oneof(
    fc.constant(['ANY']),
    small.map((n) => [groupPath(n)]),
  ),
})
const rules = fc.uniqueArray(rule, { maxLength: 3, selector: ({ id }) => id })
const tagged = condition('Pod', 'Tag', 'EQUALS', 'dis:k8s:app|web')
const machines = condition('VirtualMachine', 'Tag', 'EQUALS', 'role|db')

type Step =
  | {
      readonly do: 'policy'
      readonly n: number
      readonly verb: 'PATCH' | 'PUT'
      readonly rules: readonly object[]
    }
  | { readonly do: 'rule'; readonly n: number; readonly r: number; readonly body: object | undefined }
  | { readonly do: 'unpolicy'; readonly n: number }
  | { readonly do: 'span' | 'unspan' | 'foreign'; readonly n: number }
  | { readonly do: 'group'; readonly n: number; readonly form: number; readonly value: number }
  | { readonly do: 'ungroup' | 'unservice' | 'unentry'; readonly n: number }
  | { readonly do: 'service' | 'entry'; readonly n: number; readonly port: number }
  | { readonly do: 'profile'; readonly value: number }
  | { readonly do: 'machine'; readonly n: number; readonly is: boolean }
  | { readonly do: 'both'; readonly n: number; readonly g: number; readonly value: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'fault'; readonly fault: ManagerFault }
  | { readonly do: 'cut' | 'calm' }

const seed = fc.nat(1_000_000)
const fault: fc.Arbitrary<ManagerFault> = fc.oneof(
  fc.record({
    seed,
    search: fc
      .tuple(fc.nat(4_000), fc.nat(14_000))
      .map(([least, more]) => ({ lagMs: [least, least + more] as const })),
  }),
  // Another node, whose index is older, answers some of the searches, or all from one in the middle of a read on.
  fc.record({
    seed,
    share: fc.constantFrom(0.3, 0.6),
    search: fc.record({ lagMs: fc.constant([20_000, 40_000] as const) }),
  }),
  fc.record({
    after: fc.nat(12),
    times: fc.nat(8).map((n) => n + 1),
    search: fc.record({ lagMs: fc.constant([15_000, 30_000] as const) }),
  }),
  fc.record({
    times: fc.constantFrom(1, 2, 5),
    after: fc.nat(4),
    search: fc.record({ lose: fc.nat(3).map((n) => n + 1) }),
  }),
  fc.record({
    times: fc.constantFrom(3, 12),
    search: fc.record({
      pageSizeMax: fc.constantFrom(100, 300, 900),
      refuseWith: fc.constantFrom(255 as const, 60_576 as const),
    }),
  }),
  fc.record({
    path: fc.constantFrom(/search/, /security-policies/, /groups/, /^\/policy/),
    methods: fc.constant(['GET']),
    seed,
    share: fc.constantFrom(0.2, 0.7, 1),
    times: fc.constantFrom(1, 4, 15),
    status: fc.constantFrom(429, 503),
    retryAfterSeconds: fc.constantFrom(1, 7),
  }),
  fc.record({
    path: fc.constant(/^\/policy/),
    methods: fc.constant(['GET']),
    times: fc.constant(6),
    latencyMs: fc.constantFrom(700, 6_000),
  }),
)

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('policy' as const),
      n: small,
      verb: fc.constantFrom('PATCH' as const, 'PUT' as const),
      rules,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('rule' as const),
      n: small,
      r: small,
      body: fc.option(rule, { nil: undefined }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('unpolicy' as const), n: small }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('span' as const, 'span' as const, 'unspan' as const, 'foreign' as const),
      n: small,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('group' as const), n: small, form: fc.nat(4), value: fc.nat(9) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('ungroup' as const, 'unservice' as const, 'unentry' as const),
      n: small,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('service' as const, 'entry' as const),
      n: small,
      port: fc.nat(99),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('profile' as const), value: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('machine' as const), n: small, is: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('both' as const), n: small, g: small, value: fc.nat(9) }),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(0, 120, 300, 900, 4_000, 16_000, 25_000),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('fault' as const), fault }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('cut' as const, 'calm' as const) }) },
)

export interface History {
  readonly seed: number
  /** Objects of other clusters and of NSX's own firewall: more than one page of search. */
  readonly noise: boolean
  readonly steps: readonly Step[]
}

export const history: fc.Arbitrary<History> = fc.record({
  seed,
  noise: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  steps: fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }),
})

const expressionOf = (n: number, form: number, value: number): readonly object[] => {
  if (form === 0) return [{ ...tagged, value: `dis:k8s:app|${value}` }]
  if (form === 1) return [{ resource_type: 'IPAddressExpression', ip_addresses: [`10.0.0.${value}`] }]
  if (form === 2) return [machines]
  // Towards smaller numbers, so that no group holds itself.
  const inner = n === 0 ? [tagged] : [{ resource_type: 'PathExpression', paths: [groupPath(n - 1)] }]
  return form === 3 ? inner : []
}

const entryOf = (port: number) => ({
  resource_type: 'L4PortSetServiceEntry',
  id: 'e',
  l4_protocol: 'TCP',
  destination_ports: [String(port + 1)],
})

/** One step. What NSX refuses (a delete of what is referred to) changes nothing. */
async function play({ user, manager, link, clock }: RestWorld, one: Step): Promise<void> {
  const policy = (n: number) => `${DOMAIN}/security-policies/p${n}`
  switch (one.do) {
    case 'policy': {
      const before =
        one.verb === 'PUT' ? (await user.send('GET', policy(one.n).replace('/policy', ''))).body : undefined
      const revision = before?._revision === undefined ? {} : { _revision: before._revision }
      await user.send(one.verb, policy(one.n), { category: 'Application', rules: one.rules, ...revision })
      return
    }
    case 'rule':
      if (one.body === undefined) await user.send('DELETE', `${policy(one.n)}/rules/r${one.r}`)
      else await user.send('PATCH', `${policy(one.n)}/rules/r${one.r}`, { ...one.body, id: `r${one.r}` })
      return
    case 'unpolicy':
      await user.send('DELETE', policy(one.n))
      return
    case 'span':
    case 'foreign': {
      const path = one.do === 'span' ? CCP_PATH : OTHER_PATH
      await user.send('PATCH', `${policy(one.n)}/container-cluster-span/${one.do}`, {
        container_cluster_path: path,
      })
      return
    }
    case 'unspan':
      await user.send('DELETE', `${policy(one.n)}/container-cluster-span/span`)
      return
    case 'group':
      await user.send('PATCH', `${DOMAIN}/groups/g${one.n}`, {
        expression: expressionOf(one.n, one.form, one.value),
      })
      return
    case 'ungroup':
      await user.send('DELETE', `${DOMAIN}/groups/g${one.n}`)
      return
    case 'service':
      await user.send('PATCH', `${INFRA}/services/s${one.n}`, { service_entries: [entryOf(one.port)] })
      return
    case 'entry':
      await user.send('PATCH', `${INFRA}/services/s${one.n}/service-entries/e`, entryOf(one.port))
      return
    case 'unservice':
      await user.send('DELETE', `${INFRA}/services/s${one.n}`)
      return
    case 'unentry':
      await user.send('DELETE', `${INFRA}/services/s${one.n}/service-entries/e`)
      return
    case 'profile':
      await user.send('PATCH', `${INFRA}/context-profiles/c0`, {
        attributes: [{ key: 'DOMAIN_NAME', value: [`w${one.value}.example.com`], datatype: 'STRING' }],
      })
      return
    case 'machine':
      if (one.is)
        await user.send('PUT', `${VMS}/vm${one.n}`, {
          display_name: `vm${one.n}`,
          tags: [{ scope: 'role', tag: 'db' }],
          ip_addresses: [`192.0.2.${one.n}`],
        })
      else await user.send('DELETE', `${VMS}/vm${one.n}`)
      // The channel tells of machines a moment later; until then it is behind the public API.
      await clock.advance(MANAGER_MEMBERS_SETTLE_MS)
      return
    case 'both':
      await user.send('PATCH', INFRA, bothOf(one.n, one.g, one.value))
      return
    case 'wait':
      await clock.advance(one.ms)
      return
    case 'fault':
      manager.faults.add(one.fault)
      return
    case 'cut':
      link.cut()
      return
    case 'calm':
      manager.faults.clear()
  }
}

/** A policy and a group change in one transaction. */
const bothOf = (n: number, g: number, value: number) => ({
  resource_type: 'Infra',
  children: [
    {
      resource_type: 'ChildResourceReference',
      target_type: 'Domain',
      id: 'default',
      children: [
        {
          resource_type: 'ChildGroup',
          Group: { resource_type: 'Group', id: `g${g}`, expression: expressionOf(g, 0, value) },
        },
        {
          resource_type: 'ChildSecurityPolicy',
          SecurityPolicy: {
            resource_type: 'SecurityPolicy',
            id: `p${n}`,
            category: 'Application',
            description: `with ${value}`,
            rules: [
              {
                resource_type: 'Rule',
                id: 'r0',
                action: 'ALLOW',
                direction: 'IN',
                source_groups: [groupPath(g)],
                destination_groups: ['ANY'],
                services: ['ANY'],
              },
            ],
          },
        },
      ],
    },
  ],
})

/** Everything that policies may refer to, and with `noise` more than one page of other things. */
async function furnish({ user }: RestWorld, noise: boolean): Promise<void> {
  const groups = [0, 1, 2, 3].map((n) => `g${n}`)
  const others = noise ? Array.from({ length: 250 }, (_, n) => `other${n}`) : []
  const children = [
    ...[...groups, ...others].map((id) => ({
      resource_type: 'ChildGroup',
      Group: { resource_type: 'Group', id, expression: [tagged] },
    })),
  ]
  const domain = { resource_type: 'ChildResourceReference', target_type: 'Domain', id: 'default', children }
  const services = [0, 1, 2, 3].map((n) => ({
    resource_type: 'ChildService',
    Service: { resource_type: 'Service', id: `s${n}`, service_entries: [entryOf(n)] },
  }))
  await user.send('PATCH', INFRA, { resource_type: 'Infra', children: [domain, ...services] })
  await user.send('PATCH', `${INFRA}/context-profiles/c0`, {
    attributes: [{ key: 'DOMAIN_NAME', value: ['w.example.com'], datatype: 'STRING' }],
  })
  for (const n of [0, 1, 2]) {
    await user.send('PATCH', INFRA, bothOf(n, n, n))
    await user.send('PATCH', `${DOMAIN}/security-policies/p${n}/container-cluster-span/span`, {
      container_cluster_path: CCP_PATH,
    })
  }
}

/** Plays it, lets everything heal, and throws unless both readers hold the same in the end. */
export async function playHistory(
  one: History,
): Promise<RestWorld['figures'] & { readonly requests: number }> {
  const world = await restWorld({ seed: one.seed })
  try {
    await furnish(world, one.noise)
    world.start()
    for (const part of one.steps) {
      await play(world, part)
      await world.settle()
    }
    world.manager.faults.clear()
    if (!(await world.converge(1_500_000))) throw new Error(differenceOf(world))
    // It stays so.
    await world.clock.advance(40_000)
    if (!(await world.converge(0))) throw new Error(`it did not stay: ${differenceOf(world)}`)
    return { ...world.figures, requests: world.requests.length }
  } finally {
    world.stop()
  }
}

function differenceOf(world: RestWorld): string {
  const held = world.held()?.objects
  const wanted = world.wanted()
  const keys = new Set([...wanted.keys(), ...(held?.keys() ?? [])])
  const wrong = [...keys].filter((key) => wanted.get(key)?.hash !== held?.get(key)?.hash)
  const last = world.errors.slice(-3).map(({ code, message }) => `${code}: ${message}`)
  return `differ in ${wrong.join(', ')}; held ${held?.size}, wanted ${wanted.size}; ${last.join(' | ')}`
}
