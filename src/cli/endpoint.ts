/** Talks to the running daemon over its status socket. */
import type { Command } from 'commander'
import { AdapterError, TransportError, waitFor } from '../errors.ts'
import { createHttpClient } from '../world/real.ts'

export const DEFAULT_SOCKET = '/run/antrea-nsx-adapter/adapter.sock'
const CALL_TIMEOUT_MS = 5_000
const ANSWER_BYTES_MAX = 32 * 1024 * 1024

export function addSocketOption(command: Command): void {
  command.option(
    '--socket <path>',
    "the daemon's status socket",
    process.env['ANTREA_NSX_ADAPTER_SERVE_SOCKET'] ?? DEFAULT_SOCKET,
  )
}

/** The parsed JSON answer. Throws wait-for DAEMON_UNREACHABLE, or the daemon's own code. */
export async function ask<T>(
  socketPath: string,
  method: 'GET' | 'POST',
  path: string,
  timeoutMs = CALL_TIMEOUT_MS,
): Promise<T> {
  const client = createHttpClient({ origin: 'http://localhost', socketPath })
  try {
    const answer = await client.request({ method, path, headersTimeoutMs: timeoutMs })
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of answer.body) {
      chunks.push(chunk)
      size += chunk.length
      if (size > ANSWER_BYTES_MAX) throw new TransportError('too-large', `${socketPath} answers without end`)
    }
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as T & { code?: string; message?: string }
    if (answer.status >= 400)
      throw new AdapterError(
        'wait-for',
        body.code ?? 'DAEMON_REFUSED',
        body.message ?? `it answered ${answer.status}`,
      )
    return body
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
