/** The calls of virtual machines: lists, tags, and this manager's own PUT and DELETE, with which they come and go here. */
import {
  badRequest,
  type Call,
  EMPTY,
  type JsonObject,
  listPage,
  notFound,
  ok,
  type Route,
  readJson,
} from '../rest/index.ts'
import { addressesOf, type Vif, type VirtualMachine, type Vms } from './store.ts'

const FABRIC = '/api/v1/fabric'
const POINT = '/infra/realized-state/enforcement-points/default'

export function vmRoutes(vms: Vms): readonly Route[] {
  const policy = ['/api/v1', '/policy/api/v1']
  return [
    ...fabricRoutes(vms),
    ...policy.flatMap((root) => [
      list(`${root}/infra/realized-state/virtual-machines`, vms, shown),
      list(`${root}/infra/realized-state/enforcement-points/:point/virtual-machines`, vms, realized),
      tagging(`${root}/infra/realized-state/virtual-machines/:vm/tags`, vms, 'virtual_machine_id'),
      tagging(
        `${root}/infra/realized-state/enforcement-points/:point/virtual-machines`,
        vms,
        'virtual_machine_id',
      ),
    ]),
  ]
}

function fabricRoutes(vms: Vms): readonly Route[] {
  const pattern = `${FABRIC}/virtual-machines`
  const one = `${pattern}/:vm`
  return [
    list(pattern, vms, shown),
    tagging(pattern, vms, 'external_id'),
    {
      method: 'GET',
      pattern: one,
      access: 'read',
      run({ params: { vm = '' } }) {
        const machine = vms.get(vm)
        if (machine === undefined) throw notFound(`VirtualMachine/${vm}`)
        return ok(shown(machine))
      },
    },
    {
      method: 'PUT',
      pattern: one,
      access: 'admin',
      mutating: true,
      run: async ({ params: { vm = '' }, request }) => ok(shown(vms.put(vm, await readJson(request)))),
    },
    {
      method: 'DELETE',
      pattern: one,
      access: 'admin',
      mutating: true,
      run({ params: { vm = '' } }) {
        vms.remove(vm)
        return EMPTY
      },
    },
    {
      method: 'GET',
      pattern: `${FABRIC}/vifs`,
      access: 'read',
      run({ query }) {
        const owner = query.get('owner_vm_id') ?? query.get('vm_id')
        const all = [...vms.all()].filter(({ id }) => owner === null || id === owner)
        return page(
          all.flatMap((machine) => machine.vifs.map((vif) => shownVif(machine, vif))),
          query,
        )
      },
    },
  ]
}

const page = (objects: readonly JsonObject[], query: URLSearchParams) =>
  ok(
    listPage(objects, query, {
      defaultSort: 'display_name',
      valueOf: (object, field) => object[field],
      keyOf: (object) => String(object['external_id'] ?? object['id']),
      render: (object) => object,
    }),
  )

const list = (pattern: string, vms: Vms, show: (machine: VirtualMachine) => JsonObject): Route => ({
  method: 'GET',
  pattern,
  access: 'read',
  run({ query }) {
    const isWanted = ({ id, name }: VirtualMachine) =>
      [
        [query.get('external_id'), id],
        [query.get('display_name'), name],
      ].every(([wanted, own]) => wanted === null || wanted === own)
    return page([...vms.all()].filter(isWanted).map(show), query)
  },
})

const ACTIONS = { update_tags: 'update', add_tags: 'add', remove_tags: 'remove' } as const

/** `idField` names the machine in the body where the path does not. */
const tagging = (pattern: string, vms: Vms, idField: string): Route => ({
  method: 'POST',
  pattern,
  access: 'admin',
  mutating: true,
  async run(call: Call) {
    const action = call.query.get('action') ?? (call.params['vm'] === undefined ? '' : 'update_tags')
    if (!Object.hasOwn(ACTIONS, action))
      throw badRequest('The action of this call must be update_tags, add_tags or remove_tags.')
    const body = await readJson(call.request)
    vms.setTags(
      call.params['vm'] ?? String(body[idField]),
      body['tags'],
      ACTIONS[action as keyof typeof ACTIONS],
    )
    return EMPTY
  },
})

/** As the manager API gives a machine. */
export const shown = (machine: VirtualMachine): JsonObject => ({
  resource_type: 'VirtualMachine',
  external_id: machine.id,
  display_name: machine.name,
  local_id_on_host: machine.id,
  compute_ids: [`externalId:${machine.id}`, `instanceUuid:${machine.id}`],
  power_state: machine.power,
  type: 'REGULAR',
  guest_info: machine.guest,
  tags: machine.tags,
  _last_sync_time: machine.writtenAtMs,
  // Beyond NSX's own fields: it gives addresses with the interfaces alone.
  ip_addresses: addressesOf(machine),
})

/** As the policy API gives a machine that it found at an enforcement point. */
export const realized = (machine: VirtualMachine): JsonObject => ({
  resource_type: 'RealizedVirtualMachine',
  id: machine.id,
  display_name: machine.name,
  path: `${POINT}/virtual-machines/${machine.id}`,
  parent_path: POINT,
  relative_path: machine.id,
  realization_specific_identifier: machine.id,
  local_id_on_host: machine.id,
  compute_ids: [`externalId:${machine.id}`, `instanceUuid:${machine.id}`],
  power_state: machine.power,
  state: 'REALIZED',
  tags: machine.tags,
})

export const shownVif = (machine: VirtualMachine, vif: Vif): JsonObject => ({
  resource_type: 'VirtualNetworkInterface',
  external_id: vif.external_id,
  display_name: vif.external_id,
  owner_vm_id: machine.id,
  owner_vm_type: 'REGULAR',
  ...(vif.mac_address === undefined ? {} : { mac_address: vif.mac_address }),
  ip_address_info: [{ source: 'VM_TOOLS', ip_addresses: vif.ip_addresses }],
  _last_sync_time: machine.writtenAtMs,
})
