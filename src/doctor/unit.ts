/** The unit of systemd as it is loaded, with what was changed beside the file. */
import { failed, found, skipped, warned } from './findings.ts'
import type { Facts, Finding, Problem } from './types.ts'

export const UNIT = 'antrea-nsx-adapter'

/** systemd.exec(5), systemd.resource-control(5): what packaging's unit sets and what it guards against. */
const HARDENING: readonly (readonly [property: string, wanted: RegExp, why: string, line: string])[] = [
  ['NoNewPrivileges', /^yes$/, 'a child could gain rights', 'NoNewPrivileges=yes'],
  ['ProtectSystem', /^strict$/, 'it could write to the system', 'ProtectSystem=strict'],
  ['ProtectHome', /^(yes|read-only|tmpfs)$/, 'it could read the homes of people', 'ProtectHome=yes'],
  ['PrivateTmp', /^(yes|disconnected)$/, 'it shares /tmp with everybody', 'PrivateTmp=yes'],
]

const PROPERTIES = [
  'LoadState',
  'ActiveState',
  'SubState',
  'UnitFileState',
  'NeedDaemonReload',
  'NRestarts',
  'User',
  'Type',
  'WatchdogUSec',
  'MemoryMax',
  'MemoryHigh',
  'MemoryCurrent',
  'CPUWeight',
  ...HARDENING.map(([property]) => property),
]

export async function unitHardened({ world }: Facts, signal: AbortSignal): Promise<Finding> {
  const asked = await world.run(
    'systemctl',
    ['show', UNIT, ...PROPERTIES.flatMap((one) => ['-p', one])],
    signal,
  )
  if (asked === undefined) return skipped('there is no systemd here')
  if (asked.code !== 0) return skipped('systemd does not answer here')
  const values = new Map(
    asked.stdout.split('\n').flatMap((line) => {
      const at = line.indexOf('=')
      return at === -1 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const]
    }),
  )
  const value = (name: string) => values.get(name) ?? ''
  if (value('LoadState') !== 'loaded')
    return skipped(`there is no unit ${UNIT}: ${value('LoadState') || 'unknown'}`)
  const memory = bounded(value('MemoryMax'))
  return found(
    `${value('ActiveState')} (${value('SubState')}), user ${value('User') || 'root'}, memory up to ${memory === undefined ? 'all there is' : value('MemoryMax')}`,
    ...lifeProblems(value),
    ...boundProblems(value, memory),
    ...HARDENING.filter(([property, wanted]) => values.has(property) && !wanted.test(value(property))).map(
      ([property, , why, line]) =>
        warned(
          'DOCTOR_UNIT',
          `${property} is ${value(property) || 'not set'}: ${why}`,
          `systemctl edit ${UNIT}: ${line} below [Service]`,
        ),
    ),
  )
}

function lifeProblems(value: (name: string) => string): Problem[] {
  const problems: Problem[] = []
  if (value('ActiveState') === 'failed')
    problems.push(
      failed('DOCTOR_UNIT', 'the unit has failed', `journalctl -u ${UNIT} -n 50; systemctl restart ${UNIT}`),
    )
  if (value('NeedDaemonReload') === 'yes')
    problems.push(
      warned(
        'DOCTOR_UNIT',
        'the unit was changed on disk and not loaded',
        `systemctl daemon-reload; systemctl restart ${UNIT}`,
      ),
    )
  if (value('UnitFileState') === 'disabled')
    problems.push(warned('DOCTOR_UNIT', 'it does not start with the machine', `systemctl enable ${UNIT}`))
  if (Number(value('NRestarts')) > 0)
    problems.push(
      warned(
        'DOCTOR_UNIT',
        `systemd has started it again ${value('NRestarts')} times: it ended by itself, or the watchdog ended it`,
        `journalctl -u ${UNIT} -g "exited|Watchdog|killed"`,
      ),
    )
  return problems
}

function boundProblems(value: (name: string) => string, memoryMax: number | undefined): Problem[] {
  const problems: Problem[] = []
  if (value('User') === '' || value('User') === 'root')
    problems.push(
      failed(
        'DOCTOR_UNIT',
        'it runs as root',
        `systemctl edit ${UNIT}: User=antrea-nsx-adapter below [Service]`,
      ),
    )
  if (value('Type') !== '' && !value('Type').startsWith('notify'))
    problems.push(
      warned(
        'DOCTOR_UNIT',
        `Type is ${value('Type')}: systemd does not know when it is ready`,
        `systemctl edit ${UNIT}: Type=notify below [Service]`,
      ),
    )
  if (/^(0|infinity|)$/.test(value('WatchdogUSec')))
    problems.push(
      warned(
        'DOCTOR_UNIT',
        'nobody ends it when it hangs',
        `systemctl edit ${UNIT}: WatchdogSec=60 below [Service]`,
      ),
    )
  if (memoryMax === undefined)
    problems.push(
      warned(
        'DOCTOR_UNIT',
        'its memory has no limit: etcd and the API server on this node should come first',
        `systemctl edit ${UNIT}: MemoryMax=1G below [Service]`,
      ),
    )
  const current = bounded(value('MemoryCurrent'))
  if (memoryMax !== undefined && current !== undefined && current > 0.9 * memoryMax)
    problems.push(
      warned(
        'DOCTOR_UNIT',
        `it takes ${current} of ${memoryMax} bytes of memory`,
        `systemctl edit ${UNIT}: a higher MemoryMax below [Service]`,
      ),
    )
  return problems
}

/** `infinity` and `[not set]` are no bound. */
const bounded = (text: string): number | undefined =>
  /^\d+$/.test(text) && Number(text) < 2 ** 60 ? Number(text) : undefined
