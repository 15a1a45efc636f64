/** String formats that apiextensions checks (kube-openapi's strfmt); unknown ones are not checked. */
import { isIPv4, isIPv6 } from 'node:net'

const isCidr = (text: string): boolean => {
  const [address = '', bits = '', more] = text.split('/')
  if (more !== undefined || !/^\d{1,3}$/.test(bits)) return false
  return isIPv4(address) ? Number(bits) <= 32 : isIPv6(address) && Number(bits) <= 128
}

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i
const HOSTNAME =
  /^(?=.{1,255}$)([a-z0-9]|[a-z0-9][a-z0-9-]{0,61}[a-z0-9])(\.([a-z0-9]|[a-z0-9][a-z0-9-]{0,61}[a-z0-9]))*$/i
const DATE_TIME = /^\d{4}-\d{2}-\d{2}[tT ]\d{2}:\d{2}:\d{2}(\.\d+)?([zZ]|[+-]\d{2}:\d{2})$/
/** Go's time.ParseDuration, and strfmt's words. */
const DURATION =
  /^[+-]?(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+$|^0$|^\d+ ?(nanoseconds?|microseconds?|milliseconds?|seconds?|minutes?|hours?|days?|weeks?|[dw])$/
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

const isDate = (text: string): boolean => !Number.isNaN(Date.parse(text))

const CHECKS: Readonly<Record<string, (text: string) => boolean>> = {
  ipv4: isIPv4,
  ipv6: isIPv6,
  cidr: isCidr,
  uuid: (text) => UUID.test(text),
  hostname: (text) => HOSTNAME.test(text),
  'date-time': (text) => DATE_TIME.test(text) && isDate(text),
  datetime: (text) => DATE_TIME.test(text) && isDate(text),
  date: (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && isDate(text),
  duration: (text) => DURATION.test(text),
  byte: (text) => BASE64.test(text),
  mac: (text) => /^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(text),
  uri: (text) => URL.canParse(text),
  email: (text) => /^[^\s@]+@[^\s@]+$/.test(text),
}

/** True for a format that is not known. */
export const hasFormat = (text: string, format: string): boolean => {
  const check = Object.hasOwn(CHECKS, format) ? CHECKS[format] : undefined
  return check === undefined || check(text)
}
