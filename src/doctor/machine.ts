/** This machine: the disk, the folders, the unit, the time, the limits, and the daemon that may run here. */
import { basename, dirname } from 'node:path'
import {
  DIAGNOSTICS_DB_BYTES_MAX,
  DIAGNOSTICS_WAL_BYTES_MAX,
  DOCTOR_DISK_FAIL_BYTES,
  DOCTOR_DISK_WARN_BYTES,
  DOCTOR_FILES_FAIL,
  DOCTOR_FILES_WARN,
} from '../limits.ts'
import { failed, found, modeText, problemOf, quoted, sizeText, skipped, warned } from './findings.ts'
import type { Check, Facts, Problem } from './types.ts'
import { UNIT, unitHardened } from './unit.ts'

const group = 'machine'

export const MACHINE_CHECKS: readonly Check[] = [
  {
    name: 'state-folder',
    group,
    title: 'the state folder is there, private, writable and has room',
    run: (facts) => stateFolder(facts),
  },
  {
    name: 'diagnostics-file',
    group,
    title: 'the diagnostics database is healthy',
    run: (facts) => diagnosticsFile(facts),
  },
  {
    name: 'runtime-folder',
    group,
    title: "the folder of the status socket is there and nobody else's",
    run: (facts) => runtimeFolder(facts),
  },
  {
    name: 'daemon',
    group,
    title: 'the daemon on this machine answers and is ready',
    run: (facts) => daemon(facts),
  },
  {
    name: 'status-port',
    group,
    title: 'the port of the status endpoint is free, or the adapter has it',
    run: (facts) => statusPort(facts),
  },
  { name: 'unit', group, title: 'the unit of systemd is hardened and bounded', run: unitHardened },
  { name: 'time-sync', group, title: 'the clock of this machine is synchronised', run: timeSync },
  {
    name: 'open-files',
    group,
    title: 'enough files may be open',
    run: (facts, signal) => openFiles(facts, signal),
  },
]

async function stateFolder({ config, world }: Facts) {
  const { file } = config().config.diagnostics
  if (file === undefined) return skipped('diagnostics.file is not set: nothing is kept')
  const folder = dirname(file)
  const stat = await world.stat(folder)
  if (stat === undefined || stat.kind !== 'folder')
    return found(
      folder,
      failed(
        'DOCTOR_FOLDER',
        `${folder} is ${stat === undefined ? 'not there' : 'no folder'}`,
        `install -d -m 0700 -o antrea-nsx-adapter -g antrea-nsx-adapter ${quoted(folder)}`,
      ),
    )
  const problems: Problem[] = []
  if ((stat.mode & 0o077) !== 0)
    problems.push(
      warned(
        'DOCTOR_FILE_MODE',
        `${folder} has mode ${modeText(stat.mode)}: others may look into it`,
        `chmod 700 ${quoted(folder)}`,
      ),
    )
  if (!(await world.isWritable(folder)))
    problems.push(
      failed(
        'DOCTOR_FOLDER',
        `${folder} cannot be written by user ${world.uid}`,
        `chown -R antrea-nsx-adapter: ${quoted(folder)}; where the disk is read-only, see to it: findmnt -T ${quoted(folder)}`,
      ),
    )
  const { freeBytes, freeFiles } = await world.space(folder)
  const bytes = `${sizeText(freeBytes)} are free`
  const clear = `make room: du -xh ${quoted(folder)} | sort -h | tail`
  if (freeBytes < DOCTOR_DISK_FAIL_BYTES)
    problems.push(failed('DOCTOR_DISK', `only ${bytes} on the disk of ${folder}`, clear))
  else if (freeBytes < DOCTOR_DISK_WARN_BYTES)
    problems.push(warned('DOCTOR_DISK', `only ${bytes} on the disk of ${folder}`, clear))
  if (freeFiles === 0)
    problems.push(
      failed(
        'DOCTOR_DISK',
        `the disk of ${folder} has no inode left`,
        `find what has so many files: df -i ${quoted(folder)}`,
      ),
    )
  return found(`${folder}, ${bytes}`, ...problems)
}

async function diagnosticsFile({ config, world }: Facts) {
  const { file } = config().config.diagnostics
  if (file === undefined) return skipped('diagnostics.file is not set: nothing is kept')
  const stat = await world.stat(file)
  if (stat === undefined) return found(`${file} is made at the first start`)
  const problems: Problem[] = []
  if (stat.kind !== 'file')
    return found(
      file,
      failed('DIAGNOSTICS_UNREADABLE', `${file} is no file`, 'set diagnostics.file to another one'),
    )
  if ((stat.mode & 0o077) !== 0)
    problems.push(
      warned('DOCTOR_FILE_MODE', `${file} has mode ${modeText(stat.mode)}`, `chmod 600 ${quoted(file)}`),
    )
  const said = await world.examineDatabase(file)
  if (said !== 'ok')
    problems.push(
      warned(
        'DIAGNOSTICS_LOST',
        `SQLite says of ${file}: ${said}`,
        `it is set aside and begun anew at the next start; nothing but history is lost: systemctl restart ${UNIT}`,
      ),
    )
  const wal = await world.stat(`${file}-wal`)
  const bytes = stat.bytes + (wal?.bytes ?? 0)
  if (bytes > 2 * (DIAGNOSTICS_DB_BYTES_MAX + DIAGNOSTICS_WAL_BYTES_MAX))
    problems.push(
      warned(
        'DIAGNOSTICS_LOST',
        `it takes ${sizeText(bytes)}, more than it ever should: somebody else writes or reads it`,
        `fuser ${quoted(file)}`,
      ),
    )
  return found(`${file}, ${sizeText(bytes)}`, ...problems)
}

async function runtimeFolder({ config, world }: Facts) {
  const { socket } = config().config.serve
  const folder = dirname(socket)
  const stat = await world.stat(folder)
  if (stat === undefined || stat.kind !== 'folder')
    return found(
      folder,
      failed(
        'DOCTOR_FOLDER',
        `${folder} is ${stat === undefined ? 'not there' : 'no folder'}: the daemon cannot listen on ${basename(socket)}`,
        `with systemd: RuntimeDirectory of the unit makes it (systemctl start ${UNIT}); else: install -d -m 0750 -o antrea-nsx-adapter ${quoted(folder)}`,
      ),
    )
  const problems: Problem[] = []
  // Where everybody may write, as in /tmp, the sticky bit keeps what is there with its owner.
  if ((stat.mode & 0o022) !== 0 && (stat.mode & 0o1000) === 0)
    problems.push(
      failed(
        'DOCTOR_FILE_MODE',
        `${folder} has mode ${modeText(stat.mode)}: others may put a socket of their own there`,
        `chmod go-w ${quoted(folder)}`,
      ),
    )
  const own = await world.stat(socket)
  if (own !== undefined && own.kind !== 'socket')
    problems.push(
      failed(
        'SERVE_CANNOT_LISTEN',
        `${socket} is there and is no socket`,
        `remove it: rm -i ${quoted(socket)}`,
      ),
    )
  if (own?.kind === 'socket' && (own.mode & 0o007) !== 0)
    problems.push(
      failed(
        'DOCTOR_FILE_MODE',
        `${socket} has mode ${modeText(own.mode)}: everybody may ask and approve`,
        `chmod 600 ${quoted(socket)}`,
      ),
    )
  return found(`${folder} ${modeText(stat.mode)}`, ...problems)
}

interface StatusView {
  readonly ready?: boolean
  readonly role?: string
  readonly instance?: string
  readonly version?: string
  readonly reasons?: readonly string[]
  readonly warnings?: readonly {
    readonly code: string
    readonly severity: string
    readonly title: string
    readonly detail: string
    readonly text: string
  }[]
}

async function daemon({ config, world }: Facts) {
  const { socket } = config().config.serve
  const own = await world.stat(socket)
  if (own === undefined) return skipped(`no daemon runs here: ${socket} is not there`)
  let status: StatusView
  try {
    status = (await world.askDaemon(socket, '/status')) as StatusView
  } catch (error) {
    return found(
      socket,
      problemOf(error, `it left its socket behind, hangs, or is another user's: systemctl status ${UNIT}`),
    )
  }
  const problems = (status.warnings ?? [])
    .filter(({ severity }) => severity !== 'info')
    .map(({ code, severity, title, detail, text }) =>
      (severity === 'error' ? failed : warned)(code, `${title}${detail === '' ? '' : ` (${detail})`}`, text),
    )
  const explained = new Set((status.warnings ?? []).map(({ code, title }) => `${code}: ${title}`))
  for (const reason of status.ready === false ? (status.reasons ?? []) : [])
    if (!explained.has(reason)) problems.push(failed('DOCTOR_NOT_READY', reason, 'antrea-nsx-adapter status'))
  return found(
    `${status.instance ?? ''} is ${status.ready === true ? 'ready' : 'not ready'}, ${status.role ?? ''}, version ${status.version ?? ''}`,
    ...problems,
  )
}

/** What Antrea's own processes listen on (antrea-io/antrea docs/network-requirements.md). */
const ANTREA_PORTS: ReadonlyMap<number, string> = new Map([
  [10349, 'antrea-controller'],
  [10350, 'antrea-agent'],
  [10351, "antrea-agent's member list"],
])

async function statusPort({ config, world }: Facts) {
  const { listen, socket } = config().config.serve
  if (listen === undefined) return skipped('serve.listen is not set: only the socket is listened on')
  const at = listen.lastIndexOf(':')
  const host = listen.slice(0, at).replace(/^\[|\]$/g, '')
  const port = Number(listen.slice(at + 1))
  const problems: Problem[] = []
  const theirs = ANTREA_PORTS.get(port)
  if (theirs !== undefined)
    problems.push(
      failed(
        'DOCTOR_PORT_TAKEN',
        `port ${port} is ${theirs}'s on the nodes of an Antrea cluster`,
        'set serve.listen to another port',
      ),
    )
  const why = await world.tryListen(host, port)
  if (why === undefined) return found(`${listen} is free`, ...problems)
  const answers = await world.askDaemon(socket, '/status').then(
    () => true,
    () => false,
  )
  if (answers) return found(`${listen}, the daemon that runs here`, ...problems)
  problems.push(
    failed(
      'DOCTOR_PORT_TAKEN',
      `${listen} cannot be listened on (${why})`,
      `see who does: ss -ltnp "sport = :${port}"; or set serve.listen to another port`,
    ),
  )
  return found(listen, ...problems)
}

async function timeSync({ world }: Facts, signal: AbortSignal) {
  const asked = await world.run('timedatectl', ['show', '-p', 'NTPSynchronized', '-p', 'NTP'], signal)
  const said = asked?.code === 0 ? /^NTPSynchronized=(yes|no)$/m.exec(asked.stdout)?.[1] : undefined
  if (said === 'yes') return found('timedatectl says that it is')
  const chrony = await world.run('chronyc', ['-n', 'tracking'], signal)
  const leap = chrony?.code === 0 ? /^Leap status\s*:\s*(.*)$/m.exec(chrony.stdout)?.[1] : undefined
  if (leap !== undefined && leap !== 'Not synchronised') return found(`chrony: ${leap}`)
  if (said === undefined && leap === undefined)
    return skipped('neither timedatectl nor chronyc can say; kube-clock and nsx-clock compare with the peers')
  return found(
    'not synchronised',
    warned(
      'DOCTOR_TIME',
      'nothing keeps the clock of this machine right: certificates, tokens and ages are judged by it',
      'timedatectl set-ntp true; timedatectl timesync-status',
    ),
  )
}

async function openFiles({ world }: Facts, signal: AbortSignal) {
  const unit = await world.run(
    'systemctl',
    ['show', UNIT, '-p', 'LoadState', '-p', 'LimitNOFILESoft'],
    signal,
  )
  const isUnit = unit?.code === 0 && /^LoadState=loaded$/m.test(unit.stdout)
  const ofUnit = isUnit ? Number(/^LimitNOFILESoft=(\d+)$/m.exec(unit.stdout)?.[1]) : Number.NaN
  const limit = Number.isFinite(ofUnit) ? ofUnit : await world.openFiles()
  if (limit === undefined) return skipped('this system does not say')
  const where = Number.isFinite(ofUnit) ? 'the unit' : 'this shell'
  const fix = Number.isFinite(ofUnit)
    ? `systemctl edit ${UNIT}: LimitNOFILE=65536 below [Service]`
    : 'ulimit -n 65536; for the unit LimitNOFILE decides'
  const cause = `${where} may have ${limit} files open; the watches, agents and peers take some hundreds`
  if (limit < DOCTOR_FILES_FAIL) return found(`${limit}`, failed('DOCTOR_OPEN_FILES', cause, fix))
  // Node raises the soft limit of its own process to the hard one; the soft one alone is worth no warning in a unit.
  if (limit < DOCTOR_FILES_WARN && !Number.isFinite(ofUnit))
    return found(`${limit}`, warned('DOCTOR_OPEN_FILES', cause, fix))
  return found(`${limit} for ${where}`)
}
