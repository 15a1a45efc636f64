/** The control plane in a temporary folder, with an audit log. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type ControlPlane as Plane,
  startControlPlane as startIn,
} from '../../../src/sandbox/controlplane/index.ts'
import { createRealClock } from '../../../src/world/real.ts'
import { type Api, createApi } from './api.ts'
import { AUDIT_POLICY, type AuditLog, openAuditLog } from './audit.ts'
import type { Programs } from './build.ts'
import { removeFolder, temporaryFolder } from './processes.ts'

export interface ControlPlaneOptions {
  readonly programs: Programs
  /** What kube-controller-manager runs, for example `namespace-controller`; it is not started for none. Policies need none. */
  readonly controllers?: readonly string[]
}

export interface ControlPlane extends Plane {
  /** As cluster administrator. */
  readonly api: Api
  readonly audit: AuditLog
}

/** Starts everything and waits until it is ready; the folder goes with it. Nothing is left running when that fails. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const folder = temporaryFolder('antrea-nsx-real-')
  try {
    const plane = await startIn({
      ...options,
      clock: createRealClock(),
      folder,
      apiServerFlags: auditFlags(folder),
    })
    return {
      ...plane,
      api: createApi(plane.http),
      audit: openAuditLog(join(folder, 'audit.log')),
      async stop() {
        await plane.stop()
        removeFolder(folder)
      },
    }
  } catch (error) {
    removeFolder(folder)
    throw error
  }
}

function auditFlags(folder: string): string[] {
  const policy = join(folder, 'audit-policy.json')
  writeFileSync(policy, JSON.stringify(AUDIT_POLICY))
  return [
    `--audit-policy-file=${policy}`,
    `--audit-log-path=${join(folder, 'audit.log')}`,
    // An event is in the file before its request is answered; and one file, whatever it grows to.
    '--audit-log-mode=blocking-strict',
    '--audit-log-maxsize=1024',
  ]
}
