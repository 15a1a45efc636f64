/** One policy: its rules, and for each cluster that it spans how it is realized there and what its rules matched there. */
import { askAll, get } from './api.js'
import { h } from './dom.js'
import { objects, text } from './json.js'
import { head, note, pairs, pathLink, pathList, section, table } from './parts.js'
import { entitiesOf, statisticsOf } from './realization.js'
import { link } from './route.js'
import { badge, since } from './status.js'

/** @import { Json } from './json.js' */
/** @import { Column } from './parts.js' */
/** @import { Entity, Statistics } from './realization.js' */
/** @import { Place } from './route.js' */
/** @import { Context, View } from './views.js' */

/** Clusters that are open at first; of many, one opens those that matter. */
const OPEN_AT_FIRST = 2

/**
 * @param {Place} place
 * @param {Context} context
 * @returns {View}
 */
export function policyView(place, context) {
  const [, domain = '', id = ''] = place.parts
  const path = `/infra/domains/${domain}/security-policies/${id}`
  /** Clusters that are looked into, by path; undefined until something is loaded. @type {Set<string> | undefined} */
  let opened
  /** @type {Map<string, Statistics | undefined>} */
  const statistics = new Map()
  let title = id
  const look = async (/** @type {AbortSignal} */ signal) => {
    const paths = [...(opened ?? [])]
    const answers = await askAll(paths, (cluster) => statisticsOf(path, cluster, signal))
    paths.forEach((cluster, at) => {
      statistics.set(cluster, answers[at])
    })
    context.redraw()
  }
  const toggle = (/** @type {string} */ cluster, /** @type {boolean} */ isOpen) => {
    if (!isOpen) opened?.delete(cluster)
    else if (opened?.has(cluster) !== true) {
      opened?.add(cluster)
      void look(context.signal).catch(() => context.refresh())
    }
  }
  return {
    get title() {
      return title
    },
    // What a cluster has just been given it counts a moment later.
    everyMs: () => ([...statistics.values()].some((held) => held?.problem !== '') ? 2_000 : 5_000),
    async load(signal) {
      const [policy, entities] = await Promise.all([
        get(`/policy/api/v1${encodeURI(path)}`, { signal }),
        entitiesOf(path, signal),
      ])
      title = text(policy['display_name']) || id
      opened ??= new Set(entities.slice(0, OPEN_AT_FIRST).map((one) => one.path))
      // Figures may take a cluster 10 s: the rest does not wait for them.
      void look(signal).catch(() => undefined)
      return { policy, entities }
    },
    draw({ policy, entities }) {
      const rules = objects(policy['rules'])
      return [
        head(title, {
          trail: [['Policies', link(['policies'])]],
          about: text(policy['description']) || undefined,
        }),
        pairs([
          ['Category', text(policy['category'])],
          ['Sequence number', text(policy['sequence_number'])],
          ['Applied to', pathList(policy['scope'])],
          ['Path', h('span', { class: 'mono' }, path)],
          ['Revision', text(policy['_revision'])],
          ['Changed', [since(policy['_last_modified_time']), ` by ${text(policy['_last_modified_user'])}`]],
        ]),
        section(
          'Rules',
          table('Rules', RULES, rules, {
            keyOf: (rule) => text(rule['path']),
            empty: 'This policy has no rule, so it changes nothing.',
          }),
        ),
        section(
          'Clusters',
          entities.length === 0
            ? note('It spans no cluster, so nothing enforces it. Add a container-cluster-span to it.', 'warn')
            : entities.map((/** @type {Entity} */ one) =>
                clusterPart(one, rules, opened ?? new Set(), statistics, toggle),
              ),
        ),
      ]
    },
  }
}

/** What its realization is known by. @type {Readonly<Record<string, string>>} */
const EVIDENCE = {
  nodes: 'the nodes that it concerns report it',
  agents: 'the agents were asked and have it',
  controller: 'antrea-controller has it; the agents were not asked',
  'no-pods': 'it applies to no Pod now',
  'no-rules': 'it has no rule',
}

/** @type {readonly Column[]} */
const RULES = [
  { title: 'No.', class: 'num', cell: (rule) => text(rule['sequence_number']) },
  {
    title: 'Rule',
    head: true,
    cell: (rule) => [
      text(rule['display_name']) || text(rule['id']),
      rule['disabled'] === true && h('span', { class: 'faint' }, ' (disabled)'),
      rule['logged'] === true && h('span', { class: 'faint' }, ' (logged)'),
    ],
  },
  { title: 'Action', cell: (rule) => badge(text(rule['action']) || 'ALLOW') },
  {
    title: 'Sources',
    cell: (rule) => [rule['sources_excluded'] === true && 'not ', pathList(rule['source_groups'])],
  },
  {
    title: 'Destinations',
    cell: (rule) => [rule['destinations_excluded'] === true && 'not ', pathList(rule['destination_groups'])],
  },
  { title: 'Services', cell: services },
  { title: 'Direction', cell: (rule) => text(rule['direction']) || 'IN_OUT' },
  {
    title: 'Applied to',
    cell: (rule) =>
      objectsOrNone(rule['scope']) ? pathList(rule['scope']) : h('span', { class: 'faint' }, 'as the policy'),
  },
]

/** @param {unknown} scope */
const objectsOrNone = (scope) => Array.isArray(scope) && scope.length > 0 && scope[0] !== 'ANY'

/** @param {Json} rule */
function services(rule) {
  const entries = objects(rule['service_entries']).map((entry) =>
    [
      text(entry['l4_protocol']) || text(entry['protocol']),
      Array.isArray(entry['destination_ports']) && entry['destination_ports'].join(','),
    ]
      .filter(Boolean)
      .join(' '),
  )
  const named = pathList(rule['services'])
  if (entries.length === 0) return named
  return [
    Array.isArray(rule['services']) && rule['services'][0] !== 'ANY' && [named, ', '],
    entries.join(', '),
  ]
}

/**
 * @param {Entity} one
 * @param {readonly Json[]} rules
 * @param {ReadonlySet<string>} opened
 * @param {ReadonlyMap<string, Statistics | undefined>} statistics
 * @param {(cluster: string, isOpen: boolean) => void} toggle
 */
function clusterPart(one, rules, opened, statistics, toggle) {
  const nodes = one.nodes === undefined ? '' : `on ${one.nodes.current} of ${one.nodes.desired} nodes`
  return h(
    'details',
    {
      class: 'cluster',
      key: one.path,
      open: opened.has(one.path),
      ontoggle: (/** @type {Event & { target: HTMLDetailsElement }} */ event) =>
        toggle(one.path, event.target.open),
    },
    h('summary', {}, h('strong', {}, one.cluster), badge(one.state), h('span', { class: 'faint' }, nodes)),
    h(
      'div',
      { class: 'cluster-body' },
      pairs([
        ['Cluster', pathLink(one.path)],
        ['Evidence', EVIDENCE[one.evidence] ?? one.evidence],
        ['In force', one.isOld && 'an older revision, until this one is realized'],
      ]),
      one.reasons.length > 0 &&
        table('Reasons', REASONS, /** @type {Json[]} */ (/** @type {unknown} */ (one.reasons)), {
          keyOf: (reason) => `${text(reason['code'])} ${text(reason['rule'])} ${text(reason['message'])}`,
          empty: '',
        }),
      figures(one, rules, statistics),
    ),
  )
}

/** @type {readonly Column[]} */
const REASONS = [
  { title: 'Code', head: true, cell: (reason) => h('span', { class: 'mono' }, text(reason['code'])) },
  { title: 'Why', class: 'wide', cell: (reason) => text(reason['message']) },
  {
    title: 'Of',
    cell: (reason) =>
      [text(reason['rule']), text(reason['group']), text(reason['field'])]
        .filter(Boolean)
        .map((path, at) => [
          at > 0 && ', ',
          h('span', { title: path }, path.slice(path.lastIndexOf('/') + 1)),
        ]),
  },
]

/**
 * What this cluster counted: never added to what others did.
 * @param {Entity} one
 * @param {readonly Json[]} rules
 * @param {ReadonlyMap<string, Statistics | undefined>} statistics
 */
function figures(one, rules, statistics) {
  if (!statistics.has(one.path)) return note('Asking the cluster what its rules matched …')
  const held = statistics.get(one.path)
  if (held === undefined)
    return note(
      'The cluster gave no statistics. It may not be connected; the page asks again by itself.',
      'warn',
    )
  if (held.problem !== '') return note(held.problem, 'warn')
  const figure = (/** @type {string} */ field) => (/** @type {Json} */ rule) => {
    const value = held.rules.get(text(rule['path']))?.[field]
    return typeof value === 'number' || typeof value === 'bigint'
      ? value.toLocaleString()
      : h(
          'span',
          { class: 'faint', title: 'Not counted: it is disabled, or newer than what the cluster has' },
          '–',
        )
  }
  return [
    table(
      `Statistics in ${one.cluster}`,
      [
        { title: 'Rule', head: true, cell: (rule) => text(rule['display_name']) || text(rule['id']) },
        { title: 'Sessions', class: 'num', cell: figure('session_count') },
        { title: 'Packets', class: 'num', cell: figure('packet_count') },
        { title: 'Bytes', class: 'num', cell: figure('byte_count') },
      ],
      rules,
      { keyOf: (rule) => text(rule['path']), empty: 'No rule, so nothing is counted.' },
    ),
    h(
      'p',
      { class: 'about' },
      `Counted in ${one.cluster} alone`,
      held.sinceMs !== undefined && [' since ', since(held.sinceMs)],
      held.ageMs !== undefined && `, ${Math.round(held.ageMs / 1_000)} s old`,
      held.source !== '' && ` (source: ${held.source})`,
      held.missingNodes.length > 0 && `; without the nodes ${held.missingNodes.join(', ')}`,
    ),
  ]
}
