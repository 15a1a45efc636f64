/**
 * What the cluster lets through, and what NSX wants let through, as the two judges of test/oracle see it: for rule 4
 * after each single write, and for rule 1 at rest.
 */
import assert from 'node:assert/strict'
import { type AntreaVerdict, antreaJudge } from '../oracle/antrea.ts'
import { type Judge, nsxJudge } from '../oracle/nsx.ts'
import type { Body } from '../oracle/nsx-members.ts'
import { type Cluster, DIRECTIONS, type Direction, type Endpoint, type Flow, show } from '../oracle/types.ts'
import type { World } from './world.ts'

/** How far a verdict lets a flow: what no rule matches is for native policy to decide. */
const REACH: Readonly<Record<AntreaVerdict, number>> = {
  drop: 0,
  reject: 0,
  unmatched: 1,
  allow: 2,
  undetermined: 2,
}

/** NSX's bodies as it has them, groups by path. */
export interface Bodies {
  readonly policies: readonly Body[]
  readonly groups: ReadonlyMap<string, Body>
}

interface Watched {
  readonly flow: Flow
  readonly direction: Direction
  /** The furthest that any state which may be in force lets it. */
  limit: number
}

/** The Pods as the judges want them; they do not change here. */
export function clusterOf(world: World): Cluster {
  const { api } = world.cluster
  const namespaces = api
    .list('namespaces')
    .map(({ metadata }) => ({ name: metadata.name, labels: metadata.labels ?? {} }))
  const pods = api.list('pods').map(({ metadata, ...rest }) => ({
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    labels: metadata.labels ?? {},
    addresses: [(rest['status'] as { podIP: string }).podIP],
    hostNetwork: false,
    phase: 'Running' as const,
  }))
  return { families: [4], namespaces, pods, services: [] }
}

export class Judged {
  private readonly world: World
  private readonly cluster: Cluster
  private watched: Watched[] = []
  private readonly ports: readonly number[]
  /** Looks that were made, and flows that some state denied. */
  looks = 0
  denied = 0

  constructor(world: World, ports: readonly number[]) {
    this.world = world
    this.cluster = clusterOf(world)
    this.ports = ports
  }

  /** From here on nothing may reach further than it does now, or than NSX says later (`allow`). */
  begin(addresses: readonly string[]): void {
    const judge = this.antrea()
    this.watched = this.flows(addresses).flatMap((flow) =>
      DIRECTIONS.filter((direction) => isJudged(flow, direction)).map((direction) => ({
        flow,
        direction,
        limit: REACH[judge(flow, direction)],
      })),
    )
    this.denied += this.watched.filter(({ limit }) => limit === 0).length
  }

  /** NSX wants this from now on. */
  allow(bodies: Bodies): void {
    this.raise(this.nsx(bodies))
  }

  /** Somebody else has just changed the cluster: what that lets through is no fault of the adapter. */
  allowAsIs(): void {
    this.raise(this.antrea())
  }

  /** Rule 4, after a write; undefined: it holds. */
  wider(): string | undefined {
    const judge = this.antrea()
    for (const { flow, direction, limit } of this.watched) {
      this.looks += 1
      const verdict = judge(flow, direction)
      if (REACH[verdict] > limit) return `${direction} of ${show(flow)} is ${verdict}, limit ${limit}`
    }
    return undefined
  }

  /** Rule 1, at rest: both decide alike about every flow. */
  assertAlike(bodies: Bodies): void {
    const [antrea, nsx] = [this.antrea(), this.nsx(bodies)]
    for (const { flow, direction } of this.watched)
      assert.equal(
        antrea(flow, direction),
        nsx(flow, direction),
        `rule 1: ${direction} of ${show(flow)}, in the cluster and in NSX`,
      )
  }

  private raise(judge: Judge | ReturnType<Judged['antrea']>): void {
    for (const one of this.watched) one.limit = Math.max(one.limit, REACH[judge(one.flow, one.direction)])
  }

  private antrea() {
    const { api } = this.world.cluster
    const stored = (resource: string) => api.list(`${resource}.crd.antrea.io`) as never
    const all = {
      policies: stored('clusternetworkpolicies'),
      groups: stored('clustergroups'),
      tiers: stored('tiers'),
    }
    return antreaJudge(all, this.cluster)
  }

  private nsx({ policies, groups }: Bodies): Judge {
    const revisions = new Map([...groups].map(([path, body]) => [path, { body, groups, machines: [] }]))
    const none = new Map<string, Body>()
    const inForce = policies.map((body) => ({ body, groups: revisions, services: none, profiles: none }))
    return nsxJudge(inForce, this.cluster)
  }

  private flows(addresses: readonly string[]): Flow[] {
    const inside = this.cluster.pods.map((pod): Endpoint => ({ address: pod.addresses[0] ?? '', pod }))
    const outside = addresses.map((address): Endpoint => ({ address, pod: undefined }))
    const pairs = inside.flatMap((pod) => [
      ...inside.filter((other) => other !== pod).map((other) => [pod, other] as const),
      ...outside.flatMap((other) => [[pod, other] as const, [other, pod] as const]),
    ])
    return pairs.flatMap(([source, destination]) =>
      this.ports.map(
        (port): Flow => ({ source, destination, family: 4, protocol: 'TCP', sourcePort: 40_000, port }),
      ),
    )
  }
}

const isJudged = ({ source, destination }: Flow, direction: Direction): boolean =>
  (direction === 'ingress' ? destination : source).pod !== undefined
