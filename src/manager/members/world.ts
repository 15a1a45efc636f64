/** What groups are made of: virtual machines and the inventory, as things that conditions can be asked of. */
import type { ContainerType, Inventory } from '../inventory/index.ts'
import { isObject, type JsonObject } from '../rest/index.ts'
import type { VirtualMachine, Vms } from '../vms/index.ts'
import type { Thing } from './condition.ts'

export type Subject = 'VirtualMachine' | ContainerType

/** A member: which of its kind it is, and where it lives. */
export interface Item extends Thing {
  readonly subject: Subject
  readonly id: string
  readonly clusterId?: string
  readonly projectId?: string
  readonly body: JsonObject
  readonly machine?: VirtualMachine
}

export interface World {
  items(subject: Subject): Iterable<Item>
  item(subject: Subject, id: string): Item | undefined
}

export function createWorld(vms: Vms, inventory: Inventory): World {
  return {
    *items(subject) {
      if (subject === 'VirtualMachine') for (const machine of vms.all()) yield itemOfVm(machine)
      else for (const body of inventory.each(subject)) yield itemOf(subject, body)
    },
    item(subject, id) {
      if (subject === 'VirtualMachine') {
        const machine = vms.get(id)
        return machine === undefined ? undefined : itemOfVm(machine)
      }
      const body = subject === 'ContainerCluster' ? inventory.cluster(id) : inventory.get(subject, id)
      return body === undefined ? undefined : itemOf(subject, body)
    },
  }
}

const itemOfVm = (machine: VirtualMachine): Item => ({
  subject: 'VirtualMachine',
  id: machine.id,
  name: machine.name,
  tags: machine.tags,
  osName: machine.guest.os_name,
  computerName: machine.guest.computer_name,
  body: {},
  machine,
})

function itemOf(subject: ContainerType, body: JsonObject): Item {
  const id = String(body['external_id'])
  const text = (key: string) => (typeof body[key] === 'string' ? (body[key] as string) : undefined)
  const clusterId = subject === 'ContainerCluster' ? id : text('container_cluster_id')
  const projectId = subject === 'ContainerProject' ? id : text('container_project_id')
  return {
    subject,
    id,
    name: text('display_name') ?? id,
    tags: (Array.isArray(body['tags']) ? body['tags'] : [])
      .filter(isObject)
      .map((tag) => ({ scope: String(tag['scope'] ?? ''), tag: String(tag['tag'] ?? '') })),
    ...(clusterId === undefined ? {} : { clusterId }),
    ...(projectId === undefined ? {} : { projectId }),
    body,
  }
}
