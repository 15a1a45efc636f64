/**
 * Every object that random policies become, put to an API server with Antrea's CRDs and webhooks, which must take it as it
 * is: nothing refused, nothing pruned, nothing filled in. As a dry run, so that nothing is in another's way.
 */
import assert from 'node:assert/strict'
import { DEFAULT_TIERS } from '../../src/ccp/settings.ts'
import { enforce, randomWorld, translate } from './exact.ts'

/** POSTs an object; the status and the body of the answer. */
export type Post = (
  path: string,
  object: unknown,
) => Promise<{ readonly status: number; readonly body: unknown }>

const CRD = '/apis/crd.antrea.io/v1beta1'
const STRICT = 'fieldValidation=Strict&dryRun=All&fieldManager=antrea-nsx-adapter'

/** The tiers must be there: a dry run leaves none. */
export async function createTiers(post: Post): Promise<void> {
  for (const { name, priority } of Object.values(DEFAULT_TIERS)) {
    const tier = { apiVersion: 'crd.antrea.io/v1beta1', kind: 'Tier', metadata: { name }, spec: { priority } }
    const { status, body } = await post(`${CRD}/tiers`, tier)
    assert.ok(status === 201 || status === 409 || status === 400, JSON.stringify(body))
  }
}

export interface Admitted {
  /** Random policies that were given to the translation. */
  inputs: number
  policies: number
  groups: number
}

/** Groups that were taken already need not be asked about again: their names are their content. */
export class Admission {
  readonly admitted: Admitted = { inputs: 0, policies: 0, groups: 0 }
  readonly post: Post
  private readonly seen = new Set<string>()

  constructor(post: Post) {
    this.post = post
  }

  /** One random world. Throws with its seed where something is not taken as it is. */
  async world(seed: number): Promise<void> {
    const { intent, cluster } = randomWorld(seed, 0)
    const { policies, groups } = enforce(translate(intent, cluster))
    this.admitted.inputs += intent.policies.size
    for (const object of groups) {
      const text = JSON.stringify(object)
      if (this.seen.has(text)) continue
      this.seen.add(text)
      this.admitted.groups += 1
      await this.ask(seed, 'clustergroups', object)
    }
    for (const object of policies) {
      this.admitted.policies += 1
      await this.ask(seed, 'clusternetworkpolicies', object)
    }
  }

  private async ask(
    seed: number,
    plural: string,
    object: { metadata: object; spec: unknown },
  ): Promise<void> {
    const { uid: _uid, resourceVersion: _version, ...metadata } = object.metadata as Record<string, unknown>
    const { status: _status, ...sent } = object as Record<string, unknown>
    const { status, body } = await this.post(`${CRD}/${plural}?${STRICT}`, { ...sent, metadata })
    const about = `seed ${seed}: ${JSON.stringify(object)}`
    assert.equal(status, 201, `${JSON.stringify(body)}\n${about}`)
    assert.deepEqual((body as { spec?: unknown }).spec, JSON.parse(JSON.stringify(object.spec)), about)
  }
}
