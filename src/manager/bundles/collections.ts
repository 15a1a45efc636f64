/** The collection of support bundles over NSX's public API: one at a time, of one or several clusters. */
import { MANAGER_BUNDLE_WAIT_MS } from '../../limits.ts'
import { sha256Hex } from '../../protocol/index.ts'
import { TAR_END, tarHeader, tarPadding } from '../../protocol/tar.ts'
import type { Clock } from '../../world/index.ts'
import type { ClusterStates } from '../channels/index.ts'
import type { ClusterDirectory } from '../clusters/index.ts'
import { type JsonObject, NsxApiError } from '../rest/index.ts'
import type { Contents } from './contents.ts'
import type { WantedCollection, WantedOfCluster } from './request.ts'
import { type Collected, folderOf, resultOf } from './result.ts'

export interface CollectionDeps {
  readonly clock: Clock
  readonly states: ClusterStates
  readonly directory: ClusterDirectory
  readonly contents: Contents
}

export interface Collections {
  /**
   * Asks the clusters. Throws 409 while another collection runs, or one is kept and not `overrides`. `keeps`: what is
   * collected stays until it is deleted or overridden.
   */
  start(
    wanted: WantedCollection,
    user: string,
    how: { readonly keeps: boolean; readonly overrides: boolean },
  ): void
  /** Until every cluster has answered, or `signal` is aborted. */
  ended(signal: AbortSignal): Promise<void>
  /** Of the last collection; undefined: there is none. */
  result(): JsonObject | undefined
  readonly isRunning: boolean
  /** Of the last one: an archive of all that came. */
  archive(): { readonly name: string; readonly body: AsyncIterable<Uint8Array> } | undefined
  cancel(): void
  /** Forgets the last one. Throws 409 while it runs. */
  remove(): void
}

interface Asked {
  readonly wanted: WantedOfCluster
  readonly operation: string | undefined
  readonly refusal: string | undefined
}

interface Collection {
  readonly wanted: WantedCollection
  readonly asked: readonly Asked[]
  readonly beganMs: number
  readonly keeps: boolean
}

const conflict = (message: string) =>
  new NsxApiError(409, 409, message, { moduleName: 'support-bundle', code: 'SUPPORT_BUNDLE_CONFLICT' })

export function createCollections({ clock, states, directory, contents }: CollectionDeps): Collections {
  let last: Collection | undefined

  const operationsOf = ({ wanted }: Asked) => states.get(wanted.clusterId)?.operations
  const collectedOf = (asked: Asked): Collected => {
    const { wanted, operation, refusal } = asked
    const name = directory.byNodeId(wanted.clusterId)?.name ?? wanted.clusterId
    let shown: JsonObject | undefined
    try {
      shown = operation === undefined ? undefined : operationsOf(asked)?.show(operation)
    } catch (error) {
      if (!(error instanceof NsxApiError)) throw error
    }
    return {
      clusterId: wanted.clusterId,
      name,
      shown,
      refusal: refusal ?? 'The cluster is not registered any more.',
    }
  }
  const isOver = (asked: Asked): boolean => {
    const state = collectedOf(asked).shown?.['state']
    return state === undefined || state === 'DONE' || state === 'FAILED'
  }
  const isRunning = () => last?.asked.some((asked) => !isOver(asked)) === true
  const forget = () => {
    for (const { operation } of last?.asked ?? []) if (operation !== undefined) contents.forget(operation)
    last = undefined
  }
  const ask = (wanted: WantedOfCluster, { days }: WantedCollection, user: string): Asked => {
    const operations = states.get(wanted.clusterId)?.operations
    if (operations === undefined)
      return {
        wanted,
        operation: undefined,
        refusal: `No cluster with the id ${wanted.clusterId} is registered.`,
      }
    const body = {
      ...(wanted.nodes.length === 0 ? {} : { nodes: wanted.nodes }),
      ...(days === undefined ? {} : { since: `${days}d` }),
    }
    try {
      const queued = operations.queue({
        kind: 'support-bundle',
        body,
        timeoutMs: MANAGER_BUNDLE_WAIT_MS,
        user,
      })
      return { wanted, operation: String(queued['id']), refusal: undefined }
    } catch (error) {
      if (!(error instanceof NsxApiError)) throw error
      return { wanted, operation: undefined, refusal: error.message }
    }
  }
  return {
    start(wanted, user, { keeps, overrides }) {
      if (isRunning()) throw conflict('Support bundles are being collected; wait for them or cancel them.')
      if (last?.keeps === true && !overrides)
        throw conflict(
          'A support bundle waits to be downloaded; delete it, or use override_async_response=true.',
        )
      forget()
      const asked = wanted.clusters.map((one) => ask(one, wanted, user))
      last = { wanted, asked, beganMs: clock.now(), keeps }
    },
    async ended(signal) {
      await Promise.all(
        (last?.asked ?? []).map(async (asked) => {
          const { operation } = asked
          if (operation === undefined) return
          await operationsOf(asked)?.wait(operation, MANAGER_BUNDLE_WAIT_MS, signal)
        }),
      )
    },
    result: () => (last === undefined ? undefined : resultOf(last.wanted, last.asked.map(collectedOf))),
    get isRunning() {
      return isRunning()
    },
    archive() {
      if (last === undefined) return undefined
      const { wanted, asked, beganMs } = last
      const [date = '', time = ''] = new Date(beganMs).toISOString().replace(/[-:]/g, '').split(/[T.]/)
      const manifest = resultOf(wanted, asked.map(collectedOf))
      return {
        name: `nsx_support_archive_${date}_${time}.tar`,
        body: archiveOf(asked, contents, manifest, beganMs),
      }
    },
    cancel() {
      for (const asked of last?.asked ?? [])
        if (asked.operation !== undefined && !isOver(asked)) operationsOf(asked)?.cancel(asked.operation)
    },
    remove() {
      if (isRunning()) throw conflict('Support bundles are being collected; cancel them first.')
      forget()
    },
  }
}

/** One file after the other, as they lie on the disk. */
async function* archiveOf(
  asked: readonly Asked[],
  contents: Contents,
  manifest: JsonObject,
  madeMs: number,
): AsyncGenerator<Uint8Array, void> {
  const text = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`)
  yield tarHeader('manifest.json', text.length, madeMs)
  yield text
  yield tarPadding(text.length)
  for (const { wanted, operation } of asked) {
    if (operation === undefined) continue
    for (const { name, received, isComplete } of contents.all(operation)) {
      const body = isComplete ? contents.read(operation, name) : undefined
      if (body === undefined) continue
      yield tarHeader(`${folderOf(wanted.clusterId)}/${shortName(name)}`, received, madeMs)
      yield* body
      yield tarPadding(received)
    }
  }
  yield TAR_END
}

/** A ustar name has 100 bytes; what is longer keeps its ending and is told apart by a sum. */
const shortName = (name: string): string =>
  name.length <= 100 ? name : `${name.slice(0, 70)}-${sha256Hex(name).slice(0, 12)}${name.slice(-14)}`
