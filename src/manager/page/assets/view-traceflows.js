/** Where a traceflow is made and run, and those that were run. */
import { loadClusters } from './clusters.js'
import { h, keep } from './dom.js'
import { object, text } from './json.js'
import { head, pager, section, startOf, table } from './parts.js'
import { link } from './route.js'
import { learnNames, nameOf, search } from './search.js'
import { since } from './status.js'
import { traceForm } from './trace-form.js'

/** @import { Json } from './json.js' */
/** @import { Column } from './parts.js' */
/** @import { Place } from './route.js' */
/** @import { Context, View } from './views.js' */

/** Protocol and port of a trace's packet, as `TCP 8080`. @param {Json} config */
export function packetWords(config) {
  const packet = object(config['packet'])
  const transport = object(packet['transportHeader'])
  const port = (/** @type {string} */ name) => text(object(transport[name])['dstPort'])
  if ('udpHeader' in transport) return `UDP ${port('udpHeader')}`.trim()
  if ('icmpEchoRequestHeader' in transport) return 'ICMP echo'
  return `TCP ${port('tcpHeader')}`.trim()
}

/** Where it goes, by name or address. @param {Json} config */
export function destinationWords(config) {
  const packet = object(config['packet'])
  const address = text(object(packet['ipHeader'])['dstIp']) || text(object(packet['ipv6Header'])['dstIp'])
  return address || nameOf(config['destination_external_id'])
}

/** Names of both ends. @param {readonly Json[]} configs @param {AbortSignal} signal */
export async function learnEnds(configs, signal) {
  const ids = configs.flatMap((one) => [
    text(one['source_external_id']),
    text(one['destination_external_id']),
  ])
  await learnNames('ContainerApplicationInstance', ids, signal)
  await learnNames(
    'ContainerApplication',
    configs.map((one) => text(one['destination_external_id'])),
    signal,
  )
}

/** @type {readonly Column[]} */
const COLUMNS = [
  {
    title: 'Traceflow',
    head: true,
    cell: (row) =>
      h(
        'a',
        { href: link(['traceflow', text(row['id'])]) },
        `${nameOf(row['source_external_id'])} → ${destinationWords(row)}`,
      ),
  },
  { title: 'Packet', cell: packetWords },
  {
    title: 'Made',
    sort: '_create_time',
    cell: (row) => [since(row['_create_time']), ` by ${text(row['_create_user'])}`],
  },
]

/**
 * @param {Place} place
 * @param {Context} context
 * @returns {View}
 */
export function traceflowsView(place, context) {
  /** @type {HTMLFormElement | undefined} */
  let form
  return {
    title: 'Traceflow',
    async load(signal) {
      const sort = place.query.get('sort') || '_create_time'
      const descending = place.query.has('sort') ? place.query.get('down') === '1' : true
      const [clusters, page] = await Promise.all([
        loadClusters(signal),
        search('AntreaTraceflowConfig', { sort, descending, start: startOf(place), signal }),
      ])
      await learnEnds(page.rows, signal)
      form ??= await traceForm(place, clusters, context.signal)
      return page
    },
    draw: (page) => [
      head('Traceflow', {
        about:
          'Antrea sends a packet from a Pod and says what it meets: each node, each table, and the policy and rule that let it pass or dropped it.',
      }),
      form !== undefined && keep('trace form', form),
      section(
        'Run before',
        table('Traceflows', COLUMNS, page.rows, {
          keyOf: (row) => text(row['path']),
          place,
          empty: 'None yet. One that nobody looks at for two hours is removed.',
        }),
        pager(place, page.total),
      ),
    ],
  }
}
