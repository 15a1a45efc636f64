/** The log of a process in place of the bundle it did not give: through the API server, the newest part of it. */
import { BUNDLE_LOG_BYTES_MAX, LOGS_SILENCE_MS } from '../../limits.ts'
import type { ApiDeps } from '../api.ts'
import {
  type AntreaPod,
  createCursor,
  findPods,
  type LogComponent,
  type Reading,
  readLog,
} from '../logs/index.ts'

/** Lines of Antrea's logs are some 150 B. */
const LINES = Math.floor(BUNDLE_LOG_BYTES_MAX / 150)

/** The Pod of antrea-controller, or of the agent on this Node. */
export async function podOf(
  deps: ApiDeps,
  node: string | undefined,
  signal: AbortSignal,
): Promise<AntreaPod | undefined> {
  const component: LogComponent = node === undefined ? 'controller' : 'agent'
  const [pod] = await findPods(
    deps,
    {
      components: new Set([component]),
      ...(node === undefined ? {} : { nodes: new Set([node]) }),
      level: 'debug',
      limit: LINES,
      follow: false,
      previous: false,
    },
    signal,
  )
  return pod
}

/** Its newest lines as text, secrets masked. */
export async function* logOf(
  deps: ApiDeps,
  pod: AntreaPod,
  sinceS: number | undefined,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const reading: Reading = { lines: 0, bytes: 0, isCut: false }
  const call = {
    follow: false,
    silenceMs: LOGS_SILENCE_MS,
    tail: LINES,
    ...(sinceS === undefined ? {} : { sinceS }),
  }
  let bytes = 0
  const state = { cursor: createCursor(), reading, level: 'debug' as const }
  for await (const lines of readLog(deps, pod, call, state, signal)) {
    const chunk = Buffer.from(lines.map(({ time, text }) => `${time} ${text}\n`).join(''))
    bytes += chunk.length
    yield chunk
    if (bytes < BUNDLE_LOG_BYTES_MAX) continue
    yield Buffer.from(`(cut after ${BUNDLE_LOG_BYTES_MAX} bytes)\n`)
    return
  }
}
