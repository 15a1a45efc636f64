/** Files that belong to the service: written whole or not at all, for its user alone. */
import {
  closeSync,
  existsSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

/**
 * 0600, and of whoever the folder is of: register and join run as root, the service does not. A folder that is not there
 * is made, 0700; systemd gives the one of StateDirectory to the service's user at its start. On the disk when it returns.
 * Throws what the file system says.
 */
export function writeOwned(file: string, content: string, mode = 0o600): void {
  const folder = dirname(resolve(file))
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true, mode: 0o700 })
  const part = join(folder, `.${basename(file)}.${process.pid}.part`)
  rmSync(part, { force: true })
  const to = openSync(part, 'wx', mode)
  try {
    const { uid, gid } = statSync(folder)
    // Before it has its name: nobody else ever finds it readable.
    if (process.getuid?.() === 0 && uid !== 0) fchownSync(to, uid, gid)
    writeSync(to, content)
    fsyncSync(to)
  } finally {
    closeSync(to)
  }
  renameSync(part, file)
}
