/** Writing one object back. */
import { call, messageOf } from '../api.ts'
import type { LifeDeps } from './types.ts'

/** Merges `patch` into the object at `path`; one that is gone is none of our business. Throws when it is refused. */
export async function patch(
  { http, signal }: LifeDeps,
  path: string,
  body: Readonly<Record<string, unknown>>,
): Promise<void> {
  const answer = await call(http, 'PATCH', path, { body, type: 'merge', signal })
  if (answer.status >= 300 && answer.status !== 404) throw new Error(messageOf(answer.body))
}

export const patchStatus = (
  deps: LifeDeps,
  path: string,
  status: Readonly<Record<string, unknown>>,
): Promise<void> => patch(deps, `${path}/status`, { status })
