/** Credential plugins of a kubeconfig (`exec:`): a program that prints an ExecCredential. Only where it is allowed. */
import { execFile } from 'node:child_process'
import { dirname, isAbsolute, join } from 'node:path'
import { needsPerson, retry } from '../errors.ts'
import { KUBECONFIG_BYTES_MAX, KUBECONFIG_EXEC_TIMEOUT_MS } from '../limits.ts'
import { tokenText } from './access-files.ts'

export interface ExecCredential {
  readonly token?: string
  readonly cert?: string
  readonly key?: string
  /** Wall clock, milliseconds since 1970. */
  readonly expiresMs?: number
}

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1']

/**
 * Runs the plugin as client-go does (client.authentication.k8s.io/v1, never interactive) and gives what it printed.
 * Throws KUBECONFIG_EXEC_FAILED: needs-person when it cannot be run, retry when it failed or took too long. What it
 * printed is in no message: it may hold the secret.
 */
export async function runExecPlugin(exec: unknown, kubeconfig: string): Promise<ExecCredential> {
  const { command, args, env, apiVersion } = readExec(exec)
  // A path is relative to the kubeconfig; a bare name is looked up in PATH.
  const program = command.includes('/') && !isAbsolute(command) ? join(dirname(kubeconfig), command) : command
  const info = { apiVersion, kind: 'ExecCredential', spec: { interactive: false } }
  const printed = await new Promise<string>((resolve, reject) => {
    const options = {
      env: { ...process.env, ...env, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
      timeout: KUBECONFIG_EXEC_TIMEOUT_MS,
      killSignal: 'SIGKILL',
      maxBuffer: KUBECONFIG_BYTES_MAX,
    } as const
    const child = execFile(program, args, options, (error, stdout) => {
      if (error === null) resolve(stdout)
      else reject(runError(error, command))
    })
    child.stdin?.end()
  })
  return readCredential(printed, command)
}

function readExec(exec: unknown) {
  const fields = isFields(exec) ? exec : {}
  const { command, args = [], env = [], apiVersion } = fields
  if (typeof command !== 'string' || command === '') throw unusable('it names no command')
  if (typeof apiVersion !== 'string' || !VERSIONS.includes(apiVersion))
    throw unusable(`its apiVersion is not one of ${VERSIONS.join(', ')}`)
  const list = (args ?? []) as unknown
  if (!Array.isArray(list) || !list.every((arg) => typeof arg === 'string'))
    throw unusable('its args are not texts')
  const pairs = ((env ?? []) as unknown[]).map((pair) => {
    if (!isFields(pair) || typeof pair['name'] !== 'string') throw unusable('its env is not a list of names')
    return [pair['name'], String(pair['value'] ?? '')] as const
  })
  return { command, args: list as string[], env: Object.fromEntries(pairs), apiVersion }
}

const unusable = (why: string) =>
  needsPerson('KUBECONFIG_EXEC_FAILED', `the kubeconfig's exec plugin cannot be run: ${why}; correct it`)

function runError(error: Error & { code?: unknown; killed?: boolean }, command: string) {
  if (typeof error.code === 'string' && /^E[A-Z]+$/.test(error.code))
    return needsPerson(
      'KUBECONFIG_EXEC_FAILED',
      `the exec plugin ${command} cannot be run (${error.code}); install it, or name it with its path`,
    )
  const why = error.killed === true ? `took over ${KUBECONFIG_EXEC_TIMEOUT_MS} ms` : 'failed'
  return retry(
    'KUBECONFIG_EXEC_FAILED',
    `the exec plugin ${command} ${why}; run it by hand to see what it says`,
  )
}

function readCredential(printed: string, command: string): ExecCredential {
  let parsed: unknown
  try {
    parsed = JSON.parse(printed)
  } catch {
    parsed = undefined
  }
  const status = isFields(parsed) && parsed['kind'] === 'ExecCredential' ? parsed['status'] : undefined
  if (!isFields(status))
    throw retry(
      'KUBECONFIG_EXEC_FAILED',
      `the exec plugin ${command} printed no ExecCredential with a status`,
    )
  const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = status
  const expiresMs = typeof expirationTimestamp === 'string' ? Date.parse(expirationTimestamp) : Number.NaN
  return {
    ...(Number.isNaN(expiresMs) ? {} : { expiresMs }),
    ...(typeof token === 'string' ? { token: tokenText(token, `the exec plugin ${command}`) } : {}),
    ...(typeof cert === 'string' ? { cert } : {}),
    ...(typeof key === 'string' ? { key } : {}),
  }
}
