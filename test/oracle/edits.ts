/** Random edits of an NSX state: what people do, and what is hardest to follow without ever being wider. */
import { type Intent, type IntentMaker, POLICIES } from './intent.ts'
import { randomMachine } from './machines.ts'
import { asList, type Body } from './nsx-members.ts'

type Edit = (intent: Intent, maker: IntentMaker) => Intent

const withPolicies = (intent: Intent, ...changed: (readonly [string, Body])[]): Intent => ({
  ...intent,
  policies: new Map([...intent.policies, ...changed]),
})
const withGroups = (intent: Intent, ...changed: (readonly [string, Body])[]): Intent => ({
  ...intent,
  groups: new Map([...intent.groups, ...changed]),
})
const rulesOf = (policy: Body): Body[] => asList(policy['rules']) as Body[]
const withRules = (policy: Body, rules: readonly Body[]): Body => ({ ...policy, rules })

/** One policy changed by hand of `change`. */
const onPolicy =
  (change: (policy: Body, maker: IntentMaker, path: string) => Body): Edit =>
  (intent, maker) => {
    if (intent.policies.size === 0) return intent
    const [path, policy] = maker.dice.pick([...intent.policies])
    return withPolicies(intent, [path, change(policy, maker, path)])
  }

const onTwo =
  (change: (one: Body, other: Body) => readonly [Body, Body]): Edit =>
  (intent, maker) => {
    const [one, other] = maker.dice.some([...intent.policies], 2)
    if (one === undefined || other === undefined) return intent
    const [first, second] = change(one[1], other[1])
    return withPolicies(intent, [one[0], first], [other[0], second])
  }

const onRule = (change: (rule: Body, maker: IntentMaker) => Body): Edit =>
  onPolicy((policy, maker) => {
    const rules = rulesOf(policy)
    if (rules.length === 0) return policy
    const at = maker.dice.int(0, rules.length - 1)
    return withRules(
      policy,
      rules.map((rule, place) => (place === at ? change(rule, maker) : rule)),
    )
  })

const fields = (from: Body, ...names: string[]): Body =>
  Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)))

const OPPOSITE: Readonly<Record<string, string>> = { ALLOW: 'DROP', DROP: 'ALLOW', REJECT: 'ALLOW' }

/** A rule that another policy has, under an id that is free there. */
function adopted(rule: Body, policy: Body): Body {
  const taken = rulesOf(policy).map(({ rule_id }) => rule_id)
  let id = Number(rule['rule_id'])
  while (taken.includes(id)) id += 1
  return { ...rule, id: `r${id}`, rule_id: id, path: `${policy['path']}/rules/r${id}` }
}

/** Edits that leave everything translatable that was. */
export const SOUND_EDITS: Readonly<Record<string, Edit>> = {
  'a group has new members': (intent, maker) => {
    const path = maker.dice.pick(maker.pools.peers)
    return withGroups(intent, [path, maker.group(path)])
  },
  'two groups exchange their members': (intent, maker) => {
    const [one = '', other = ''] = maker.dice.some(
      maker.pools.pods.filter((path) => /g\d$/.test(path)),
      2,
    )
    const [a, b] = [intent.groups.get(one), intent.groups.get(other)]
    if (a === undefined || b === undefined) return intent
    return withGroups(
      intent,
      [one, { ...a, expression: b['expression'] }],
      [other, { ...b, expression: a['expression'] }],
    )
  },
  'a service has other ports': (intent, maker) => {
    const path = maker.dice.pick(['/infra/services/s0', '/infra/services/s1'])
    return { ...intent, services: new Map([...intent.services, [path, maker.service(path)]]) }
  },
  'two policies change places': onTwo((one, other) => [
    { ...one, ...fields(other, 'sequence_number', 'category') },
    { ...other, ...fields(one, 'sequence_number', 'category') },
  ]),
  'two policies exchange their rules': onTwo((one, other) => [
    withRules(one, rulesOf(other)),
    withRules(other, rulesOf(one)),
  ]),
  'a rule moves to another policy': (intent, maker) => {
    const [from, to] = maker.dice.some([...intent.policies], 2)
    if (from === undefined || to === undefined || rulesOf(from[1]).length === 0) return intent
    const moved = maker.dice.pick(rulesOf(from[1]))
    return withPolicies(
      intent,
      [
        from[0],
        withRules(
          from[1],
          rulesOf(from[1]).filter((rule) => rule !== moved),
        ),
      ],
      [to[0], withRules(to[1], [...rulesOf(to[1]), adopted(moved, to[1])])],
    )
  },
  'a category changes': onPolicy((policy, { dice }) => ({
    ...policy,
    category: dice.pick(['Emergency', 'Environment', 'Application']),
  })),
  'a policy moves': onPolicy((policy, { dice }) => ({ ...policy, sequence_number: dice.int(0, 3) })),
  'a scope changes': onPolicy((policy, { dice, pools }) => ({
    ...policy,
    scope: dice.chance(0.5) ? ['ANY'] : dice.some(pools.pods, 1),
  })),
  'a rule is written anew': onPolicy((policy, maker, path) => {
    const fresh = maker.rule(path, maker.dice.int(0, 5), maker.dice.pick(['plain', 'wide']))
    return withRules(policy, [
      ...rulesOf(policy).filter(({ rule_id }) => rule_id !== fresh['rule_id']),
      fresh,
    ])
  }),
  'a rule goes': onPolicy((policy, { dice }) =>
    withRules(policy, dice.some(rulesOf(policy), rulesOf(policy).length - 1)),
  ),
  'rules change their order': onRule((rule, { dice }) => ({ ...rule, sequence_number: dice.int(0, 3) })),
  'a rule turns': onRule((rule) => ({ ...rule, action: OPPOSITE[String(rule['action'])] ?? 'DROP' })),
  'a rule is disabled or enabled': onRule((rule) => ({ ...rule, disabled: rule['disabled'] !== true })),
  'a machine moves': (intent, maker) => ({
    ...intent,
    machines: intent.machines.map((machine, at) =>
      maker.dice.chance(0.5) ? randomMachine(maker.dice, at, maker.notes) : machine,
    ),
  }),
  'a policy comes': (intent, maker) => {
    const at = maker.dice.int(0, 5)
    const path = `${POLICIES}/p${at}`
    if (intent.policies.has(path)) return intent
    return withPolicies(intent, [
      path,
      maker.policy(path, maker.freshId(), maker.dice.pick(['plain', 'wide'])),
    ])
  },
  'a policy goes': (intent, maker) => {
    const gone = maker.dice.some([...intent.policies.keys()], 1)
    return { ...intent, policies: new Map([...intent.policies].filter(([path]) => !gone.includes(path))) }
  },
}

/** Edits after which something is refused, and back. */
export const BREAKING_EDITS: Readonly<Record<string, Edit>> = {
  'a policy breaks': onPolicy((policy) => ({ ...policy, stateful: false })),
  'a rule breaks': onRule((rule) => ({
    ...rule,
    profiles: ['/infra/context-profiles/DNS'],
    disabled: false,
  })),
  'a group breaks': (intent, maker) => {
    const path = maker.dice.pick(maker.pools.peers)
    const group = intent.groups.get(path) ?? {}
    const criterion = {
      resource_type: 'Condition',
      member_type: 'Pod',
      key: 'Name',
      operator: 'EQUALS',
      value: 'pod-1',
    }
    return withGroups(intent, [path, { ...group, expression: [criterion] }])
  },
  'a group goes': (intent, maker) => {
    const gone = maker.dice.pick(maker.pools.peers)
    return { ...intent, groups: new Map([...intent.groups].filter(([path]) => path !== gone)) }
  },
  'the members of a group do not come': (intent, maker) => ({
    ...intent,
    untold: new Set(maker.pools.peers.filter((path) => path.endsWith('/v0'))),
  }),
  'everything is mended': (intent, maker) => ({
    ...intent,
    untold: new Set(),
    groups: new Map(
      [...maker.pools.peers, ...intent.groups.keys()].map((path) => {
        const group = intent.groups.get(path)
        const isBroken =
          group === undefined ||
          JSON.stringify(group).includes('"key":"Name","operator":"EQUALS","value":"pod-1"')
        return [path, isBroken ? maker.group(path) : group]
      }),
    ),
    policies: new Map(
      [...intent.policies].map(([path, policy]) => [
        path,
        withRules(
          { ...policy, stateful: true },
          rulesOf(policy).map((rule) => ({ ...rule, profiles: ['ANY'] })),
        ),
      ]),
    ),
  }),
}

/** More at once than is believed at first sight. */
export const MASS_EDITS: Readonly<Record<string, Edit>> = {
  'all policies go': (intent) => ({ ...intent, policies: new Map() }),
  'all policies but one go': (intent, { dice }) => {
    const kept = dice.some([...intent.policies], 1)
    return { ...intent, policies: new Map(kept) }
  },
  'policies come': (intent, maker) =>
    [0, 1, 2].reduce((state) => SOUND_EDITS['a policy comes']!(state, maker), intent),
}
