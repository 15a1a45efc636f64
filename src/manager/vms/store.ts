/** Virtual machines in memory (vcf-nsx 9.1.1, VirtualMachine and VirtualNetworkInterface). */
import { z } from 'zod'
import { MANAGER_VMS_MAX } from '../../limits.ts'
import type { Clock } from '../../world/index.ts'
import { isAddress } from '../policy/schema.ts'
import { badRequest, type JsonObject, notFound } from '../rest/index.ts'
import { IN_MEMORY, type Storage } from '../storage.ts'

export interface Tag {
  readonly scope: string
  readonly tag: string
}

export interface Vif {
  readonly external_id: string
  readonly mac_address?: string | undefined
  readonly ip_addresses: readonly string[]
}

export interface VirtualMachine {
  readonly id: string
  readonly name: string
  readonly tags: readonly Tag[]
  readonly vifs: readonly Vif[]
  readonly guest: { readonly os_name?: string | undefined; readonly computer_name?: string | undefined }
  readonly power: string
  readonly writtenAtMs: number
}

export interface Vms {
  all(): Iterable<VirtualMachine>
  readonly count: number
  get(id: string): VirtualMachine | undefined
  /** Creates or replaces one. Throws 400. */
  put(id: string, body: JsonObject): VirtualMachine
  /** Throws 404, and 400 for tags that NSX would refuse. */
  setTags(id: string, tags: unknown, how: 'update' | 'add' | 'remove'): void
  remove(id: string): void
  /** Called after machines came, went or changed. */
  subscribe(listener: () => void): () => void
}

const text = (max: number) => z.string().max(max)
const Tags = z
  .array(z.looseObject({ scope: text(128).optional(), tag: text(256).optional() }))
  // NSX's limit of tags of a virtual machine.
  .max(30, { error: 'must hold at most 30 tags' })
const address = z
  .string()
  .refine((value) => isAddress(value) && !/[/-]/.test(value), { error: 'must be an IP address' })
const addresses = z.array(address).max(256)
const mac = z.string().regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i, { error: 'must be a MAC address' })

const Written = z.looseObject({
  display_name: text(255).optional(),
  tags: Tags.optional(),
  power_state: z.enum(['VM_RUNNING', 'VM_STOPPED', 'VM_SUSPENDED', 'UNKNOWN']).optional(),
  guest_info: z
    .looseObject({ os_name: text(255).optional(), computer_name: text(255).optional() })
    .optional(),
  /** Of a machine with one interface. */
  ip_addresses: addresses.optional(),
  vifs: z
    .array(
      z.looseObject({
        external_id: text(255).min(1).optional(),
        mac_address: mac.optional(),
        ip_addresses: addresses.optional(),
      }),
    )
    .max(16)
    .optional(),
})

export function createVms(clock: Clock, storage: Storage = IN_MEMORY): Vms {
  const machines = new Map(storage.kept('vm') as Iterable<[string, VirtualMachine]>)
  const listeners = new Set<() => void>()
  const put = (id: string, machine: VirtualMachine | undefined) => {
    if (machine === undefined) machines.delete(id)
    else machines.set(id, machine)
    for (const listener of listeners) listener()
  }
  const keep = (id: string, machine: VirtualMachine | undefined) => {
    storage.check()
    const before = machines.get(id)
    storage.keep('vm', id, machine)
    storage.undo(() => put(id, before))
    put(id, machine)
  }
  const existing = (id: string): VirtualMachine => {
    const machine = machines.get(id)
    if (machine === undefined) throw notFound(`VirtualMachine/${id}`)
    return machine
  }
  return {
    all: () => machines.values(),
    get count() {
      return machines.size
    },
    get: (id) => machines.get(id),
    put(id, body) {
      if (!/^[\w.:-]{1,255}$/.test(id)) throw badRequest('The external_id has letters that are not allowed.')
      if (!machines.has(id) && machines.size >= MANAGER_VMS_MAX)
        throw badRequest(`At most ${MANAGER_VMS_MAX} virtual machines may be kept.`)
      const machine = machineFrom(id, parsed(Written, body), clock.now())
      keep(id, machine)
      return machine
    },
    setTags(id, tags, how) {
      const machine = existing(id)
      keep(id, { ...machine, tags: combined(machine.tags, wholeTags(parsed(Tags, tags ?? [])), how) })
    },
    remove(id) {
      existing(id)
      keep(id, undefined)
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw badRequest(
    `Field level validation errors: {property ${issue?.path.map(String).join('.') || 'tags'}: ${issue?.message ?? 'invalid'}}`,
  )
}

function machineFrom(id: string, body: z.infer<typeof Written>, nowMs: number): VirtualMachine {
  const vifs = body.vifs ?? (body.ip_addresses === undefined ? [] : [{ ip_addresses: body.ip_addresses }])
  return {
    id,
    name: body.display_name ?? id,
    tags: wholeTags(body.tags ?? []),
    vifs: vifs.map((vif, index) => ({
      external_id: vif.external_id ?? `${id}-${4_000 + index}`,
      ...(vif.mac_address === undefined ? {} : { mac_address: vif.mac_address }),
      ip_addresses: vif.ip_addresses ?? [],
    })),
    guest: body.guest_info ?? {},
    power: body.power_state ?? 'VM_RUNNING',
    writtenAtMs: nowMs,
  }
}

const wholeTags = (tags: z.infer<typeof Tags>): readonly Tag[] =>
  tags.map(({ scope = '', tag = '' }) => ({ scope, tag }))

function combined(
  held: readonly Tag[],
  given: readonly Tag[],
  how: 'update' | 'add' | 'remove',
): readonly Tag[] {
  if (how === 'update') return given
  const isGiven = (one: Tag) => given.some(({ scope, tag }) => scope === one.scope && tag === one.tag)
  const kept = held.filter((one) => !isGiven(one))
  return how === 'remove' ? kept : [...parsed(Tags, [...kept, ...given])].map((tag) => wholeTags([tag])[0]!)
}

export const addressesOf = ({ vifs }: VirtualMachine): readonly string[] =>
  vifs.flatMap((vif) => vif.ip_addresses)
