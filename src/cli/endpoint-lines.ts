/** An answer of the daemon that comes line by line, read as it comes. */
import { AdapterError, retry, TransportError, waitFor } from '../errors.ts'
import { LINE_BYTES_MAX } from '../limits.ts'
import { jsonLines } from '../protocol/index.ts'
import { createHttpClient } from '../world/real.ts'

/** A text, whole. Throws as `askLines`. */
export async function askText(
  socketPath: string,
  path: string,
  timeoutMs = TEXT_TIMEOUT_MS,
): Promise<string> {
  const client = createHttpClient({ origin: 'http://localhost', socketPath })
  try {
    const answer = await client.request({ method: 'GET', path, headersTimeoutMs: timeoutMs })
    if (answer.status >= 400) throw await refusalOf(answer)
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of answer.body) {
      size += chunk.length
      if (size > LINE_BYTES_MAX) throw new TransportError('too-large', `${socketPath} answers without end`)
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString('utf8')
  } finally {
    await client.close()
  }
}

const TEXT_TIMEOUT_MS = 10_000

/** Parsed lines. Throws wait-for DAEMON_UNREACHABLE, DAEMON_OLDER, or the daemon's own code. `timeoutMs` is until its first word. */
export async function* askLines<T>(
  socketPath: string,
  path: string,
  timeoutMs: number,
): AsyncGenerator<T, void> {
  const client = createHttpClient({ origin: 'http://localhost', socketPath })
  try {
    const answer = await client.request({ method: 'GET', path, headersTimeoutMs: timeoutMs })
    if (answer.status >= 400) throw await refusalOf(answer)
    for await (const line of jsonLines(answer.body, LINE_BYTES_MAX)) yield line as T
  } catch (error) {
    if (error instanceof AdapterError && !(error instanceof TransportError)) throw error
    const words = error instanceof Error ? error.message : String(error)
    throw waitFor(
      'DAEMON_UNREACHABLE',
      `the daemon does not answer on ${socketPath}: ${words}. Is it running (systemctl status antrea-nsx-adapter), is --socket right, may you read it?`,
      { cause: error },
    )
  } finally {
    await client.close()
  }
}

async function refusalOf({
  status,
  body,
}: {
  readonly status: number
  readonly body: AsyncIterable<Uint8Array>
}): Promise<AdapterError> {
  let text = ''
  for await (const chunk of body) {
    text += Buffer.from(chunk).toString('utf8')
    if (text.length > LINE_BYTES_MAX) break
  }
  try {
    const { code, message } = JSON.parse(text) as { code?: string; message?: string }
    if (code === 'SERVE_NOT_FOUND')
      return retry('DAEMON_OLDER', 'the daemon is of an older version that does not know this; restart it')
    return new AdapterError('wait-for', code ?? 'DAEMON_REFUSED', message ?? `it answered ${status}`)
  } catch {
    return waitFor('DAEMON_REFUSED', `it answered ${status}; is that socket the daemon's?`)
  }
}
