/** What NSX asks of a rule in the light of its policy (vcf-nsx 9.1.1, Rule.action and SecurityPolicy.stateful). */
import { badRequest, type JsonObject } from '../rest/index.ts'
import type { PolicyObject, PolicyReader } from './store.ts'

/** Judged on the state after a transaction: a policy's category may change with its rules. Throws 400. */
export function checkRules(
  after: PolicyReader,
  pending: ReadonlyMap<string, PolicyObject | undefined>,
): void {
  for (const object of pending.values()) {
    if (object?.kind === 'SecurityPolicy') {
      checkPolicy(object)
      for (const rule of after.children(object.path, 'Rule')) checkRule(rule, object.own)
    }
    const policy = object?.kind === 'Rule' ? after.get(object.parentPath) : undefined
    if (object !== undefined && policy !== undefined) checkRule(object, policy.own)
  }
}

function checkPolicy({ path, own }: PolicyObject): void {
  if (own['category'] === 'Ethernet' && own['stateful'] === true)
    throw badRequest(`The policy path=[${path}] is of category Ethernet; it must be stateless.`)
}

function checkRule({ path, own }: PolicyObject, policy: JsonObject): void {
  const { category } = policy
  if (own['action'] === 'JUMP_TO_APPLICATION' && category !== 'Environment')
    throw badRequest(
      `The rule path=[${path}] must not have the action JUMP_TO_APPLICATION: it is for policies of category Environment alone.`,
    )
  if (own['action'] === 'REJECT' && category === 'Ethernet')
    throw badRequest(
      `The rule path=[${path}] must not have the action REJECT: a policy of category Ethernet cannot.`,
    )
}
