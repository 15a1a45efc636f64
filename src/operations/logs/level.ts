/** The level of a line, by the forms that Antrea's processes write. Pure. */
import { LOG_LEVELS, type LogLevel } from '../../log/index.ts'

/** k8s.io/klog: `I1125 09:00:00.000000       1 file.go:12] text`; F ends the process. */
const KLOG = /^([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+/
const OF_KLOG: Readonly<Record<string, LogLevel>> = { I: 'info', W: 'warn', E: 'error', F: 'error' }

/** Open vSwitch: `2026-11-25T09:00:00.000Z|00001|module|INFO|text`. */
const OVS = /^\S+\|\d+\|[^|]*\|(EMER|ERR|WARN|INFO|DBG)\|/
const OF_OVS: Readonly<Record<string, LogLevel>> = {
  EMER: 'error',
  ERR: 'error',
  WARN: 'warn',
  INFO: 'info',
  DBG: 'debug',
}

/** go.uber.org/zap, logrus and others: JSON or `level=…`. */
const NAMED = /"level"\s*:\s*"([A-Za-z]+)"|\blevel=("?)([A-Za-z]+)\2(?=\s|$)/
const OF_NAME: Readonly<Record<string, LogLevel>> = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  err: 'error',
  dpanic: 'error',
  panic: 'error',
  fatal: 'error',
}
/** A level stands at the front of its line; what is far behind is a text. */
const NAMED_CHARS_MAX = 400

/** Undefined: it says none, as the further lines of a stack do; they are of the level of the line before. */
export function levelOfLine(text: string): LogLevel | undefined {
  const klog = KLOG.exec(text)?.[1]
  if (klog !== undefined) return OF_KLOG[klog]
  const ovs = OVS.exec(text)?.[1]
  if (ovs !== undefined) return OF_OVS[ovs]
  const [, json, , plain] = NAMED.exec(text.slice(0, NAMED_CHARS_MAX)) ?? []
  const name = json ?? plain
  return name === undefined ? undefined : OF_NAME[name.toLowerCase()]
}

export const isAtLeast = (level: LogLevel, wanted: LogLevel): boolean =>
  LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(wanted)
