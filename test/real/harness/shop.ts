/** The small world most tests of this tier begin with: Pods of a shop, NSX groups of them, policies between them. */
import { type Nsx, podTag, rule } from './nsx.ts'
import type { Stack } from './stack.ts'

/** The namespace `shop` with these Pods (name → app), the first on n1, the next on n2 …; a group of each app's Pods. */
export async function openShop(
  { fleet, nsx }: Pick<Stack, 'fleet' | 'nsx'>,
  pods: Readonly<Record<string, string>>,
): Promise<void> {
  await fleet.namespace('shop')
  for (const [at, [name, app]] of Object.entries(pods).entries())
    await fleet.pod({
      namespace: 'shop',
      name,
      labels: { app },
      node: `n${at + 1}`,
      ip: `10.10.${at + 1}.1`,
    })
  for (const app of new Set(Object.values(pods))) await nsx.putGroup(app, [podTag('app', app)])
}

/** Policies that let `web` reach TCP 80 of `db` and nobody else anything, in this order. */
export async function putWebToDb(nsx: Nsx, ids: readonly string[]): Promise<void> {
  for (const [index, id] of ids.entries())
    await nsx.putPolicy(id, {
      category: 'Application',
      sequence_number: index + 1,
      scope: ['/infra/domains/default/groups/db'],
      rules: [
        rule({
          id: 'allow',
          action: 'ALLOW',
          sequence: 1,
          direction: 'IN',
          peers: ['web'],
          tcpPorts: ['80'],
        }),
        rule({ id: 'drop', action: 'DROP', sequence: 2, direction: 'IN', peers: [] }),
      ],
    })
}
