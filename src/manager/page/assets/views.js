/** Which view an address has. */
import { h } from './dom.js'
import { head } from './parts.js'
import { bundlesView } from './view-bundles.js'
import { clusterView } from './view-cluster.js'
import { clustersView } from './view-clusters.js'
import { groupView } from './view-group.js'
import { groupsView } from './view-groups.js'
import { inventoryView, machinesView } from './view-inventory.js'
import { objectView } from './view-object.js'
import { policiesView } from './view-policies.js'
import { policyView } from './view-policy.js'
import { requestsView } from './view-requests.js'
import { traceView } from './view-trace.js'
import { traceflowsView } from './view-traceflows.js'

/** @import { Child } from './dom.js' */
/** @import { Place } from './route.js' */

/** What a view may do: draw itself anew from what it has, ask anew, and hear its own end. @typedef {{ redraw: () => void, refresh: () => void, signal: AbortSignal }} Context */

/**
 * @typedef {object} View
 * @property {string} title
 * @property {(signal: AbortSignal) => Promise<any>} load
 * @property {(data: any) => Child} draw
 * @property {() => number} [everyMs] how long until it asks again
 * @property {() => string} [said] what is said when it is there, and each time its list changes
 */

/** @typedef {(place: Place, context: Context) => View} MakeView */

/** By the first word of the address: the list, and one of it. @type {Readonly<Record<string, readonly [MakeView, MakeView?]>>} */
const VIEWS = {
  clusters: [clustersView, clusterView],
  inventory: [inventoryView, objectView],
  machines: [machinesView, objectView],
  policies: [policiesView, policyView],
  groups: [groupsView, groupView],
  traceflow: [traceflowsView, traceView],
  requests: [requestsView],
  bundles: [bundlesView],
}

/**
 * @param {Place} place
 * @param {Context} context
 * @returns {View}
 */
export function viewOf(place, context) {
  const [section = 'clusters', ...rest] = place.parts
  const [list, one] = Object.hasOwn(VIEWS, section) ? (VIEWS[section] ?? []) : []
  // Inventory has a list for each kind: one word more.
  const isOne = rest.length > (section === 'inventory' ? 1 : 0)
  const make = isOne ? one : list
  return make === undefined ? nothing() : make(place, context)
}

/** @returns {View} */
const nothing = () => ({
  title: 'Not found',
  load: async () => undefined,
  everyMs: () => Number.POSITIVE_INFINITY,
  draw: () => [
    head('Nothing is here'),
    h(
      'p',
      {},
      'This address has no view. Choose a section, or go to ',
      h('a', { href: '#/clusters' }, 'the clusters'),
      '.',
    ),
  ],
})
