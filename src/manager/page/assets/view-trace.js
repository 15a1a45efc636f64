/** One traceflow: its way drawn as Antrea tells of it, and how it ended. */
import { CallError, call, get, INFRA } from './api.js'
import { clusterLink, loadClusters } from './clusters.js'
import { h } from './dom.js'
import { objects, text } from './json.js'
import { say } from './live.js'
import { head, note, pairs, section, table } from './parts.js'
import { link } from './route.js'
import { nameOf } from './search.js'
import { badge, since } from './status.js'
import { pathOf, pathWords } from './trace-path.js'
import { picture } from './trace-picture.js'
import { destinationWords, learnEnds, packetWords } from './view-traceflows.js'

/** @import { Place } from './route.js' */
/** @import { Context, View } from './views.js' */

const RUNNING_MS = 600
const RESTING_MS = 15_000

/**
 * @param {Place} place
 * @param {Context} context
 * @returns {View}
 */
export function traceView(place, context) {
  const [, id = ''] = place.parts
  const path = `${INFRA}/antrea/traceflows/${encodeURIComponent(id)}`
  let isRunning = true
  let failed = ''
  const act = async (/** @type {() => Promise<unknown>} */ what) => {
    failed = ''
    try {
      await what()
      isRunning = true
      context.refresh()
    } catch (error) {
      failed = error instanceof CallError ? error.message : String(error)
      context.redraw()
    }
  }
  return {
    title: 'Traceflow',
    everyMs: () => (isRunning ? RUNNING_MS : RESTING_MS),
    async load(signal) {
      const [config, status, found] = await Promise.all([
        get(path, { signal }),
        get(`${path}/status`, { signal }),
        get(`${path}/observations`, { signal }),
        loadClusters(signal),
      ])
      await learnEnds([config], signal)
      const wasRunning = isRunning
      isRunning = text(status['phase']) === ''
      const observations = objects(found['results'])
      if (wasRunning && !isRunning) say(ended(status, observations))
      return { config, status, observations }
    },
    draw({ config, status, observations }) {
      const phase = text(status['phase'])
      const way = pathOf(observations)
      return [
        head(`${nameOf(config['source_external_id'])} → ${destinationWords(config)}`, {
          trail: [['Traceflow', link(['traceflow'])]],
          state:
            phase === ''
              ? badge('RUNNING')
              : phase === 'FAILED'
                ? badge('FAILED', 'Could not be traced')
                : badge(
                    way.outcome === 'dropped' ? 'DROP' : 'SUCCEEDED',
                    way.outcome === 'dropped'
                      ? 'Dropped'
                      : way.outcome === 'left'
                        ? 'Left the cluster'
                        : 'Delivered',
                  ),
          about: isRunning ? text(status['reason']) : ended(status, observations),
          actions: [
            h(
              'button',
              {
                type: 'button',
                disabled: isRunning,
                onclick: () => act(() => call('POST', `${path}?action=retrace`)),
              },
              'Run again',
            ),
            h(
              'button',
              {
                type: 'button',
                onclick: () =>
                  act(async () => {
                    await call('DELETE', path)
                    location.hash = link(['traceflow'])
                  }),
              },
              'Remove',
            ),
          ],
        }),
        failed !== '' && note(failed, 'bad'),
        pairs([
          ['Packet', packetWords(config)],
          ['Cluster', clusterLink(config['container_cluster_id'])],
          ['Made', since(config['_create_time'])],
        ]),
        section(
          'The packet’s way',
          picture(way, {
            source: nameOf(config['source_external_id']),
            destination: destinationWords(config),
            isRunning,
          }),
        ),
        observations.length > 0 &&
          section('Observations', h('details', {}, h('summary', {}, 'As a table'), asTable(way))),
      ]
    },
  }
}

/** @param {import('./json.js').Json} status @param {readonly import('./json.js').Json[]} observations */
const ended = (status, observations) =>
  text(status['phase']) === 'FAILED'
    ? `It could not be traced: ${text(status['reason']) || 'Antrea gave no reason.'}`
    : pathWords(pathOf(observations))

/** @param {ReturnType<typeof pathOf>} way */
const asTable = (way) =>
  table(
    'Observations',
    [
      { title: 'Node', cell: (row) => text(row['node']) },
      { title: 'Component', head: true, cell: (row) => text(row['component']) },
      { title: 'Action', cell: (row) => text(row['action']) },
      { title: 'Policy', cell: (row) => text(row['policy']) || text(row['by']) },
      { title: 'Rule', cell: (row) => text(row['rule']) },
    ],
    way.stops.flatMap(({ node, hops }, at) =>
      hops.map((hop, place) => ({
        ...hop,
        node,
        key: `${at} ${place}`,
        component: `${hop.component} ${hop.detail}`,
      })),
    ),
    { keyOf: (row) => text(row['key']), empty: '' },
  )
