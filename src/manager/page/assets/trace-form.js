/** The form of a traceflow: from a Pod, to a Pod, a Service or an address, as a packet of a protocol to a port. */
import { CallError, call, INFRA } from './api.js'
import { h } from './dom.js'
import { text } from './json.js'
import { property } from './kinds.js'
import { say } from './live.js'
import { picker } from './pick.js'
import { link } from './route.js'
import { contains, equals, learnNames, nameOf, search } from './search.js'

/** @import { Cluster } from './clusters.js' */
/** @import { Json } from './json.js' */
/** @import { Choice } from './pick.js' */
/** @import { Place } from './route.js' */

const FOUND_MAX = 12
const ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)$/

/** @type {Readonly<Record<string, (port: number | undefined) => Json>>} */
const HEADERS = {
  TCP: (port) => ({ tcpHeader: { ...(port === undefined ? {} : { dstPort: port }), tcpFlags: 2 } }),
  UDP: (port) => ({ udpHeader: port === undefined ? {} : { dstPort: port } }),
  ICMP: () => ({ icmpEchoRequestHeader: { id: 0, sequence: 0 } }),
}
/** @type {Readonly<Record<string, number>>} */
const NUMBERS = { TCP: 6, UDP: 17, ICMP: 1 }

/** @param {Json} row @param {string} what @returns {Choice} */
const choiceOf = (row, what) => ({
  id: text(row['external_id']),
  name: text(row['display_name']),
  about: [what, nameOf(row['container_project_id']), property(row, 'ip')].filter(Boolean).join(' · '),
})

/**
 * @param {Place} place its query may name the cluster, the source and the destination
 * @param {readonly Cluster[]} clusters
 * @param {AbortSignal} signal
 */
export async function traceForm(place, clusters, signal) {
  /** @type {{ source: string, destination: string, typed: string }} */
  const chosen = { source: '', destination: '', typed: '' }
  const cluster = h(
    'select',
    { id: 'trace-cluster', value: place.query.get('cluster') || clusters[0]?.nodeId },
    clusters.map(({ name, nodeId }) => h('option', { value: nodeId }, name)),
  )
  const find =
    (/** @type {string} */ type, /** @type {string} */ what) => async (/** @type {string} */ words) => {
      const terms = [
        equals('container_cluster_id', cluster.value),
        ...contains(words, ['display_name', 'origin_properties.value', 'tags.tag']),
      ]
      const { rows } = await search(type, { terms, size: FOUND_MAX, signal })
      await learnNames(
        'ContainerProject',
        rows.map((row) => text(row['container_project_id'])),
        signal,
      )
      return rows.map((row) => choiceOf(row, what))
    }
  const pods = find('ContainerApplicationInstance', 'Pod')
  const services = find('ContainerApplication', 'Service')
  const source = picker({
    id: 'trace-source',
    label: 'From the Pod',
    hint: 'Name, address or label',
    find: pods,
    onChoice: (choice) => {
      chosen.source = choice?.id ?? ''
    },
  })
  const destination = picker({
    id: 'trace-destination',
    label: 'To a Pod, a Service or an address',
    hint: 'Name, label, or 10.0.0.1',
    find: async (words) =>
      ADDRESS.test(words) ? [] : [...(await pods(words)), ...(await services(words))].slice(0, FOUND_MAX),
    onChoice: (choice, words) => {
      chosen.destination = choice?.id ?? ''
      chosen.typed = words
    },
  })
  const protocol = h(
    'select',
    { id: 'trace-protocol', onchange: () => togglePort() },
    Object.keys(HEADERS).map((name) => h('option', { value: name }, name)),
  )
  const port = h('input', { id: 'trace-port', inputmode: 'numeric', value: '8080' })
  const togglePort = () => {
    port.disabled = protocol.value === 'ICMP'
  }
  const message = h('p', { class: 'form-message', role: 'alert' })
  const button = h('button', { type: 'submit', class: 'primary' }, 'Run')
  const run = async (/** @type {Event} */ event) => {
    event.preventDefault()
    message.textContent = ''
    button.disabled = true
    try {
      const id = await send({ cluster: cluster.value, ...chosen, protocol: protocol.value, port: port.value })
      say('The traceflow runs.')
      location.hash = link(['traceflow', id])
    } catch (error) {
      message.textContent = error instanceof CallError ? error.message : String(error)
    } finally {
      button.disabled = false
    }
  }
  await preset(place, { source, destination, chosen }, signal)
  return h(
    'form',
    { class: 'panel form', 'aria-label': 'Run a traceflow', onsubmit: run },
    h('label', { class: 'field' }, h('span', {}, 'Cluster'), cluster),
    source.element,
    destination.element,
    h('label', { class: 'field narrow' }, h('span', {}, 'Protocol'), protocol),
    h('label', { class: 'field narrow' }, h('span', {}, 'Port'), port),
    h('div', { class: 'form-end' }, button),
    message,
  )
}

/**
 * @param {Place} place
 * @param {{ source: ReturnType<typeof picker>, destination: ReturnType<typeof picker>, chosen: { source: string, destination: string, typed: string } }} form
 * @param {AbortSignal} signal
 */
async function preset(place, form, signal) {
  const source = place.query.get('source') ?? ''
  const destination = place.query.get('destination') ?? ''
  await learnNames('ContainerApplicationInstance', [source], signal)
  await learnNames('ContainerApplication', [destination], signal)
  form.chosen.source = source
  form.chosen.destination = destination
  if (source !== '') form.source.set(nameOf(source))
  if (destination !== '') form.destination.set(nameOf(destination))
}

/**
 * Writes the config, which runs it; resolves with its id.
 * @param {{ cluster: string, source: string, destination: string, typed: string, protocol: string, port: string }} wanted
 */
async function send({ cluster, source, destination, typed, protocol, port }) {
  if (cluster === '')
    throw new CallError('refused', 'No cluster is registered; there is nothing to trace in.')
  if (source === '')
    throw new CallError('refused', 'Choose the Pod to send from out of the list below the field.')
  const isAddress = destination === '' && ADDRESS.test(typed)
  if (destination === '' && !isAddress)
    throw new CallError(
      'refused',
      'Choose a Pod or Service out of the list, or type an IP address to send to.',
    )
  const to = port.trim() === '' || protocol === 'ICMP' ? undefined : Number(port)
  if (to !== undefined && !(Number.isInteger(to) && to >= 1 && to <= 65_535))
    throw new CallError('refused', 'The port is a whole number from 1 to 65535, or empty.')
  const isV6 = isAddress && typed.includes(':')
  const address = isAddress ? { dstIp: typed } : {}
  const number = NUMBERS[protocol] ?? 6
  const id = `page-${crypto.randomUUID()}`
  await call('PUT', `${INFRA}/antrea/traceflows/${id}`, {
    resource_type: 'AntreaTraceflowConfig',
    container_cluster_id: cluster,
    source_external_id: source,
    ...(destination === '' ? {} : { destination_external_id: destination }),
    is_transient: true,
    packet: {
      resourceType: 'FIELDS_PACKET_DATA',
      transportType: 'UNICAST',
      ...(isV6
        ? { ipv6Header: { ...address, nextHeader: protocol === 'ICMP' ? 58 : number } }
        : { ipHeader: { ...address, protocol: number } }),
      transportHeader: HEADERS[protocol]?.(to) ?? {},
    },
  })
  return id
}
