/** Who is in a group now, as one flat list, whatever the shape that NSX gives each kind of member in. */
import { get } from './api.js'
import { isObject, objects, text, texts } from './json.js'
import { link } from './route.js'

/** @import { Json } from './json.js' */

/** @typedef {{ id: string, name: string, namespace: string, cluster: string, more: string, href: string | undefined }} Member */

/**
 * @typedef {object} MemberKind
 * @property {string} key the last word of NSX's path
 * @property {string} words
 * @property {string} [field] where clusters and Namespaces hold them; a flat list without it
 * @property {string} [kind] of the inventory, for links
 */

/** @type {readonly MemberKind[]} */
export const MEMBER_KINDS = [
  { key: 'pods', words: 'Pods', field: 'pods', kind: 'pods' },
  { key: 'virtual-machines', words: 'Virtual machines' },
  { key: 'ip-addresses', words: 'IP addresses' },
  { key: 'kubernetes-services', words: 'Services', field: 'kubernetes_services', kind: 'services' },
  { key: 'kubernetes-node-ips', words: 'Nodes', field: 'kubernetes_nodes', kind: 'nodes' },
  { key: 'kubernetes-ingresses', words: 'Ingresses', field: 'kubernetes_ingresses', kind: 'ingresses' },
  { key: 'kubernetes-gateways', words: 'Gateways', field: 'kubernetes_gateways', kind: 'gateways' },
  { key: 'antrea-egresses', words: 'Egresses', field: 'antrea_egresses', kind: 'egresses' },
  { key: 'antrea-ip-pools', words: 'IP pools', field: 'antrea_ip_pools', kind: 'ip-pools' },
]

/** A list is read so far: 20,000 members, more than a person goes through. */
const PAGES_MAX = 20

/**
 * @param {string} group its path
 * @param {MemberKind} kind
 * @param {AbortSignal} signal
 * @returns {Promise<{ members: readonly Member[], isWhole: boolean }>}
 */
export async function loadMembers(group, kind, signal) {
  /** @type {Member[]} */
  const members = []
  let cursor = ''
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const path = `/policy/api/v1${encodeURI(group)}/members/${kind.key}?cursor=${encodeURIComponent(cursor)}`
    const answer = await get(path, { signal })
    const results = Array.isArray(answer['results']) ? answer['results'] : []
    for (const result of results) members.push(...flat(kind, result))
    cursor = text(answer['cursor'])
    if (cursor === '') return { members, isWhole: true }
  }
  return { members, isWhole: false }
}

/**
 * @param {MemberKind} kind
 * @param {unknown} result
 * @returns {Member[]}
 */
function flat(kind, result) {
  if (typeof result === 'string')
    return [{ id: result, name: result, namespace: '', cluster: '', more: '', href: undefined }]
  if (!isObject(result)) return []
  const { field, kind: listed = '' } = kind
  if (field === undefined) {
    const id = text(result['id'])
    const tags = objects(result['tags']).map((tag) => `${text(tag['scope'])}|${text(tag['tag'])}`)
    return [
      {
        id,
        name: text(result['display_name']),
        namespace: '',
        cluster: '',
        more: tags.join(', '),
        href: link(['machines', id]),
      },
    ]
  }
  // Pods have `cluster`, everything else `clusters`; some have Namespaces between.
  return objects(result['cluster'] ?? result['clusters']).flatMap((cluster) => {
    const clusterName = text(cluster['cluster_name']) || text(cluster['display_name'])
    const member = (/** @type {string} */ namespace) => (/** @type {Json} */ one) => {
      const id = text(one['external_id']) || text(one['id'])
      const more = [...texts(one['ip_addresses']), ...texts(one['cluster_ips']), text(one['egress_ip'])]
      const href = link(['inventory', listed, id])
      return {
        id,
        name: text(one['display_name']),
        namespace,
        cluster: clusterName,
        more: more.filter(Boolean).join(', '),
        href,
      }
    }
    return [
      ...objects(cluster[field]).map(member('')),
      ...objects(cluster['namespaces']).flatMap((of) =>
        objects(of[field]).map(member(text(of['display_name']))),
      ),
    ]
  })
}
