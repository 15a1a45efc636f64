/** The sandbox's private folder: credentials and kubeconfigs, all 0600, gone when it stops. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Identity } from './pki.ts'

export interface PrivateFolder {
  readonly path: string
  /** Writes the file with mode 0600 and gives its path. */
  write(name: string, content: string): string
  remove(): void
}

/** A new folder, 0700, under the system's temporary one. */
export function createPrivateFolder(): PrivateFolder {
  const path = mkdtempSync(join(tmpdir(), 'antrea-nsx-sandbox-'))
  return {
    path,
    write(name, content) {
      const file = join(path, name)
      writeFileSync(file, content, { mode: 0o600 })
      return file
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}

/** Either the whole file is there or none. Mode 0600: it may hold a password. */
export function writeAtomically(file: string, content: string): void {
  const part = join(
    dirname(file),
    `.${process.pid}.${Buffer.from(file).toString('base64url').slice(-16)}.part`,
  )
  writeFileSync(part, content, { mode: 0o600 })
  renameSync(part, file)
}

/** A kubeconfig that holds its credentials itself. JSON is YAML. */
export function kubeconfig(server: string, ca: string, user: string, identity: Identity): string {
  const data = (pem: string) => Buffer.from(pem).toString('base64')
  return `${JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'sandbox',
      clusters: [{ name: 'sandbox', cluster: { server, 'certificate-authority-data': data(ca) } }],
      users: [
        {
          name: user,
          user: {
            'client-certificate-data': data(identity.cert),
            'client-key-data': data(identity.key),
          },
        },
      ],
      contexts: [{ name: 'sandbox', context: { cluster: 'sandbox', user } }],
    },
    null,
    2,
  )}\n`
}
