/** The cluster for who only observes. */
import { needsPerson } from '../errors.ts'
import type { KubeClient } from './contract.ts'

/** Reads as the client does; every write rejects with OBSERVING (needs-person) and nothing is sent. */
export function readOnly(client: KubeClient): KubeClient {
  const refuse = () =>
    Promise.reject(
      needsPerson(
        'OBSERVING',
        'the adapter observes and writes nothing; set mode: enforce and start it again',
      ),
    )
  return { ...client, create: refuse, replace: refuse, delete: refuse }
}
