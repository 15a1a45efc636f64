/** One group: what it asks for, who is in it now, and who uses it. */
import { get } from './api.js'
import { h } from './dom.js'
import { expressionOf } from './expression.js'
import { objects, text } from './json.js'
import { loadMembers, MEMBER_KINDS } from './members.js'
import { head, note, pager, pairs, pathLink, searchField, section, startOf, table, tagList } from './parts.js'
import { link } from './route.js'
import { equals, PAGE_SIZE, search } from './search.js'
import { since } from './status.js'

/** @import { Column } from './parts.js' */
/** @import { Json } from './json.js' */
/** @import { Member, MemberKind } from './members.js' */
/** @import { Place } from './route.js' */
/** @import { View } from './views.js' */

/** Fields of a rule or policy that name groups. */
const USES = ['source_groups', 'destination_groups', 'scope']
const USERS_SHOWN = 50

/** What its members are, most likely: shown first. @param {Json} group */
function likelyKind(group) {
  const words = JSON.stringify(group['expression'] ?? [])
  const found = [
    ['"Pod"', 'pods'],
    ['"Namespace"', 'pods'],
    ['"VirtualMachine"', 'virtual-machines'],
    ['"Service"', 'kubernetes-services'],
    ['"KubernetesService"', 'kubernetes-services'],
    ['"KubernetesNode"', 'kubernetes-node-ips'],
    ['"AntreaEgress"', 'antrea-egresses'],
    ['"AntreaIPPool"', 'antrea-ip-pools'],
    ['IPAddressExpression', 'ip-addresses'],
  ].find(([word = '']) => words.includes(word))
  return found?.[1] ?? 'pods'
}

/**
 * @param {Place} place
 * @returns {View}
 */
export function groupView(place) {
  const [, domain = '', id = ''] = place.parts
  const path = `/infra/domains/${domain}/groups/${id}`
  let title = id
  let words = ''
  return {
    get title() {
      return title
    },
    said: () => words,
    everyMs: () => 8_000,
    async load(signal) {
      const group = await get(`/policy/api/v1${encodeURI(path)}`, { signal })
      title = text(group['display_name']) || id
      const wanted = place.query.get('kind') || likelyKind(group)
      const kind = /** @type {MemberKind} */ (
        MEMBER_KINDS.find((one) => one.key === wanted) ?? MEMBER_KINDS[0]
      )
      const terms = [`(${USES.map((field) => equals(field, path)).join(' OR ')})`]
      const [found, rules, policies] = await Promise.all([
        loadMembers(path, kind, signal),
        search('Rule', { terms, size: USERS_SHOWN, signal }),
        search('SecurityPolicy', { terms, size: USERS_SHOWN, signal }),
      ])
      return {
        group,
        kind,
        found,
        users: [...policies.rows, ...rules.rows],
        more: rules.total + policies.total,
      }
    },
    draw({ group, kind, found, users, more }) {
      const q = (place.query.get('q') ?? '').toLowerCase()
      const members = found.members.filter((/** @type {Member} */ one) =>
        `${one.name} ${one.id} ${one.namespace} ${one.cluster} ${one.more}`.toLowerCase().includes(q),
      )
      const start = startOf(place)
      words = `${title}: ${members.length.toLocaleString()} ${kind.words}`
      return [
        head(title, {
          trail: [['Groups', link(['groups'])]],
          about: text(group['description']) || undefined,
        }),
        pairs([
          ['Asks for', expressionOf(group) || 'nothing: it has no expression'],
          ['Path', h('span', { class: 'mono' }, path)],
          ['Tags', objects(group['tags']).length > 0 && tagList(group['tags'])],
          ['Changed', [since(group['_last_modified_time']), ` by ${text(group['_last_modified_user'])}`]],
        ]),
        section(
          'Effective members',
          kindTabs(place, kind),
          h('div', { class: 'toolbar', key: 'tools' }, searchField(place, `Search ${kind.words}`)),
          !found.isWhole &&
            note(
              `Only the first ${found.members.length.toLocaleString()} are looked at here; NSX’s API has them all.`,
              'warn',
            ),
          table('Effective members', columnsOf(kind), rowsOf(members.slice(start, start + PAGE_SIZE)), {
            keyOf: (row) => text(row['id']),
            empty:
              q === '' ? `It has no ${kind.words} now.` : 'No member matches. Clear the search to see all.',
          }),
          pager(place, members.length),
        ),
        section(
          'Used by',
          users.length === 0
            ? note('No policy names it. It can be deleted.')
            : h('ul', { class: 'plain' }, users.map(user)),
          more > users.length && note(`and ${more - users.length} more`),
        ),
      ]
    },
  }
}

/** @param {readonly Member[]} members */
const rowsOf = (members) => /** @type {Json[]} */ (/** @type {unknown} */ (members))

/**
 * @param {Place} place
 * @param {MemberKind} chosen
 */
const kindTabs = (place, chosen) =>
  h(
    'nav',
    { class: 'tabs', key: 'kinds', 'aria-label': 'Kinds of members' },
    MEMBER_KINDS.map(({ key, words }) =>
      h(
        'a',
        { href: link(place.parts, { kind: key }), 'aria-current': key === chosen.key ? 'page' : undefined },
        words,
      ),
    ),
  )

/** @param {MemberKind} kind @returns {readonly Column[]} */
const columnsOf = (kind) => [
  {
    title: 'Name',
    head: true,
    cell: (row) =>
      row['href'] === undefined
        ? h('span', { class: 'mono' }, text(row['name']))
        : h('a', { href: text(row['href']) }, text(row['name']) || text(row['id'])),
  },
  ...(kind.field === undefined
    ? []
    : [
        {
          title: 'Namespace',
          cell: (/** @type {Json} */ row) => text(row['namespace']) || h('span', { class: 'faint' }, '–'),
        },
        { title: 'Cluster', cell: (/** @type {Json} */ row) => text(row['cluster']) },
      ]),
  ...(kind.key === 'ip-addresses' || kind.key === 'pods'
    ? []
    : [
        {
          title: kind.field === undefined ? 'Tags' : 'Addresses',
          class: 'wide',
          cell: (/** @type {Json} */ row) => text(row['more']) || h('span', { class: 'faint' }, '–'),
        },
      ]),
]

/** @param {Json} row */
function user(row) {
  const path = text(row['path'])
  const isRule = path.includes('/rules/')
  const policy = path.replace(/\/rules\/.*$/, '')
  return h(
    'li',
    { key: path },
    isRule ? ['rule ', h('strong', {}, text(row['display_name'])), ' of '] : 'policy ',
    pathLink(policy),
  )
}
