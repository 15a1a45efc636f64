/** Groups with what they ask for. */
import { h } from './dom.js'
import { expressionOf } from './expression.js'
import { text } from './json.js'
import { head, pager, searchField, startOf, table, tagList } from './parts.js'
import { link, linkOfPath } from './route.js'
import { contains, search } from './search.js'
import { since } from './status.js'

/** @import { Column } from './parts.js' */
/** @import { Place } from './route.js' */
/** @import { View } from './views.js' */

const FIELDS = [
  'display_name',
  'id',
  'description',
  'tags.tag',
  'expression.value',
  'expression.ip_addresses',
]

/** @type {readonly Column[]} */
const COLUMNS = [
  {
    title: 'Group',
    sort: 'display_name',
    head: true,
    cell: (row) =>
      h('a', { href: linkOfPath(text(row['path'])) }, text(row['display_name']) || text(row['id'])),
  },
  {
    title: 'Members',
    class: 'wide',
    cell: (row) => expressionOf(row) || h('span', { class: 'faint' }, 'no expression: no members'),
  },
  { title: 'Tags', cell: (row) => tagList(row['tags'], 4) },
  { title: 'Changed', sort: '_last_modified_time', cell: (row) => since(row['_last_modified_time']) },
]

/**
 * @param {Place} place
 * @returns {View}
 */
export function groupsView(place) {
  let words = ''
  const q = place.query.get('q') ?? ''
  return {
    title: 'Groups',
    said: () => words,
    load: (signal) =>
      search('Group', {
        terms: contains(q, FIELDS),
        sort: place.query.get('sort') || 'display_name',
        descending: place.query.get('down') === '1',
        start: startOf(place),
        signal,
      }),
    draw(page) {
      words = `${page.total.toLocaleString()} ${page.total === 1 ? 'group' : 'groups'}`
      return [
        head('Groups', {
          about:
            'What policies name as sources, destinations and what they apply to. Open one to see who is in it now.',
        }),
        h(
          'div',
          { class: 'toolbar', key: 'tools', role: 'search', 'aria-label': 'Groups' },
          searchField(place, 'Search groups', 'Name, value, address …'),
        ),
        table('Groups', COLUMNS, page.rows, {
          keyOf: (row) => text(row['path']),
          place,
          empty:
            q === ''
              ? 'There is no group yet. Make one with NSX’s Policy API, an SDK or Terraform; it appears here by itself.'
              : [
                  'Nothing matches. ',
                  h('a', { href: link(place.parts) }, 'Clear the search'),
                  ' to see all.',
                ],
        }),
        pager(place, page.total),
      ]
    },
  }
}
