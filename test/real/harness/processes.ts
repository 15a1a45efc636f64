/** Child processes and folders of a test, which never outlive it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Running, type StartOptions, startProcess } from '../../../src/sandbox/controlplane/index.ts'
import { createRealClock } from '../../../src/world/real.ts'

export { freePorts } from '../../../src/sandbox/controlplane/index.ts'
export type { Running }

const clock = createRealClock()
const folders = new Set<string>()
let isWatchingExit = false

/** Signals end this process in order: children end and folders go on `exit`. */
export function watchExit(): void {
  if (isWatchingExit) return
  isWatchingExit = true
  process.on('exit', () => {
    for (const folder of folders) removeFolder(folder)
  })
  for (const [signal, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
    ['SIGHUP', 1],
  ] as const)
    process.once(signal, () => process.exit(128 + number))
}

/** Starts a program with its output in `logFile`. */
export function start(options: Omit<StartOptions, 'clock'>): Running {
  watchExit()
  return startProcess({ clock, ...options })
}

/** A temporary folder that goes with this process. REAL_TIER_KEEP=1 leaves it for looking at. */
export function temporaryFolder(prefix: string): string {
  watchExit()
  const folder = mkdtempSync(join(tmpdir(), prefix))
  folders.add(folder)
  return folder
}

export function removeFolder(folder: string): void {
  folders.delete(folder)
  if (process.env['REAL_TIER_KEEP'] === undefined)
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}
