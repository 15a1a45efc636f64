/** `/loglevel` of antrea-controller and of an agent (pkg/apiserver/handlers/loglevel): klog's verbosity, asked and set by GET. */
import type { ServerRequest, ServerResponse } from '../../../world/index.ts'

/** `changed` hears each new level. A process that starts anew has 0 again. */
export function createLogLevel(changed: (level: number) => void = () => {}) {
  let level = 0
  return ({ query }: ServerRequest): ServerResponse => {
    const wanted = query.get('level') ?? ''
    if (wanted === '')
      return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: `${level}\n` }
    const number = /^[+-]?\d{1,10}$/.test(wanted) ? Number(wanted) : Number.NaN
    if (Number.isNaN(number) || Math.abs(number) > 0x7fff_ffff)
      return {
        status: 400,
        headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
        body: `strconv.ParseInt: parsing ${JSON.stringify(wanted)}: invalid syntax\n`,
      }
    level = number
    changed(level)
    return { status: 200, headers: {}, body: '' }
  }
}
