/** The one thing of a kubelet that a cluster without nodes misses: it lets go of Pods that are being deleted. */
import { retry } from '../../errors.ts'
import type { HttpClient } from '../../world/index.ts'
import { sleep } from '../../world/index.ts'
import { call } from '../antrea/api.ts'
import { follow, type Stored } from '../antrea/follow.ts'
import type { AntreaDeps } from './antrea.ts'

interface Pod extends Stored {
  readonly spec?: { readonly nodeName?: string }
}

const TRIES_MAX = 5

/**
 * Takes each gracefully deleted Pod from its node after `removeAfterMs`; its finalizers still hold it. Follows the Pods
 * until the returned function is called.
 */
export function startKubelets(http: HttpClient, deps: AntreaDeps, removeAfterMs: number): () => void {
  const ending = new AbortController()
  const { signal } = ending
  /** Uids; so that a Pod whose finalizers hold it is confirmed once. */
  const confirmed = new Set<string>()
  const confirm = async ({ metadata: { namespace, name, uid } }: Pod) => {
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      await sleep(deps.clock, removeAfterMs, signal)
      const body = { gracePeriodSeconds: 0, preconditions: { uid } }
      const answer = await call(http, 'DELETE', path, { body, signal }).catch(() => undefined)
      // 409: another Pod of that name is there by now.
      if (answer !== undefined && [200, 202, 404, 409].includes(answer.status)) return
    }
    throw retry('SANDBOX_CALL_FAILED', `DELETE ${path} is not answered`)
  }
  follow<Pod>(
    { http, ...deps },
    '/api/v1/pods',
    (_key, now, before) => {
      if (now === undefined) confirmed.delete(before?.metadata.uid ?? '')
      const isLeaving = now?.metadata.deletionTimestamp !== undefined && now.spec?.nodeName !== undefined
      if (now === undefined || !isLeaving || confirmed.has(now.metadata.uid)) return
      confirmed.add(now.metadata.uid)
      confirm(now).catch((error: unknown) => {
        if (!signal.aborted) deps.log?.warn({ err: error }, 'a Pod could not be taken from its node')
      })
    },
    signal,
  )
  return () => ending.abort()
}
