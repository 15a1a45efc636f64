/** String formats that apiextensions checks (kube-openapi's strfmt); unknown ones are not checked. */
import { isIP, isIPv4, isIPv6 } from 'node:net'

const isCidr = (text: string): boolean => {
  const [address = '', bits = '', more] = text.split('/')
  if (more !== undefined || !/^\d{1,3}$/.test(bits)) return false
  return isIPv4(address) ? Number(bits) <= 32 : isIPv6(address) && Number(bits) <= 128
}

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i
/** strfmt's: a single label, or labels before one of two letters or more. */
const HOSTNAME =
  /^(?:[a-zA-Z0-9\p{S}\p{L}](?:-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?|(?:[a-zA-Z0-9\p{S}\p{L}](?:[a-zA-Z0-9\p{S}\p{L}-]{0,61}[a-zA-Z0-9\p{S}\p{L}])?\.)+[a-zA-Z\p{L}]{2,63})$/u
const DATE_TIME = /^\d{4}-\d{2}-\d{2}[tT ]\d{2}:\d{2}:\d{2}(\.\d+)?([zZ]|[+-]\d{2}:\d{2})$/
/** Go's time.ParseDuration, and strfmt's words. */
const DURATION =
  /^[+-]?(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+$|^0$|^\d+ ?(nanoseconds?|microseconds?|milliseconds?|seconds?|minutes?|hours?|days?|weeks?|[dw])$/
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Of 6, 8 or 20 bytes, as Go's net.ParseMAC. */
const MAC =
  /^[0-9a-f]{2}(?:(?::[0-9a-f]{2}){5}|(?:-[0-9a-f]{2}){5}|(?::[0-9a-f]{2}){7}|(?:-[0-9a-f]{2}){7}|(?::[0-9a-f]{2}){19}|(?:-[0-9a-f]{2}){19})$|^(?:[0-9a-f]{4}\.){2}(?:[0-9a-f]{4}|(?:[0-9a-f]{4}\.)[0-9a-f]{4})$/i

/** Leading zeros of a dotted address, which Kubernetes bears with. */
const withoutZeros = (text: string): string =>
  text.includes(':') ? text : text.replace(/(^|\.)0+(?=\d)/g, '$1')

const isDate = (text: string): boolean => !Number.isNaN(Date.parse(text))

const CHECKS: Readonly<Record<string, (text: string) => boolean>> = {
  // An IPv4 address in IPv6's spelling is both.
  ipv4: (text) => isIP(withoutZeros(text)) !== 0 && text.includes('.'),
  ipv6: (text) => isIP(text) !== 0 && text.includes(':'),
  cidr: isCidr,
  uuid: (text) => UUID.test(text),
  hostname: (text) => HOSTNAME.test(text),
  'date-time': (text) => DATE_TIME.test(text) && isDate(text),
  datetime: (text) => DATE_TIME.test(text) && isDate(text),
  date: (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && isDate(text),
  duration: (text) => DURATION.test(text),
  byte: (text) => text !== '' && BASE64.test(text),
  mac: (text) => MAC.test(text),
  uri: (text) => /^(?:\/|[a-z][a-z0-9+.-]*:)/i.test(text) && !/[\s\p{Cc}]/u.test(text),
  email: (text) => /^[^\s@<>]+@[^\s@<>]+$|^[^<>@]*<[^\s@<>]+@[^\s@<>]+>$/.test(text),
}

/** True for a format that is not known. */
export const hasFormat = (text: string, format: string): boolean => {
  const check = Object.hasOwn(CHECKS, format) ? CHECKS[format] : undefined
  return check === undefined || check(text)
}
