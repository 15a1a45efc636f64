/** POST /pause and /resume: what a person wants not to be written for a while. On this machine alone. */
import { PAUSE_MS_DEFAULT, PAUSE_MS_MAX } from '../limits.ts'
import type { ServerRequest, ServerResponse } from '../world/index.ts'
import { fail, json } from './answers.ts'

type Channel = 'ccp' | 'mp'

export interface Pausing {
  pause(channel: Channel, forMs: number): void
  resume(channel: Channel): void
  /** What stands now: role, leader and pauses. */
  state(): {
    readonly role: string
    readonly leader: string
    readonly pauses: Readonly<Partial<Record<Channel, { readonly since: number; readonly until: number }>>>
  }
}

const CHANNELS: Readonly<Record<string, readonly Channel[]>> = {
  ccp: ['ccp'],
  mp: ['mp'],
  all: ['ccp', 'mp'],
}

/** `?channel=ccp|mp|all&seconds=`: at most a day, an hour where it is not said. */
export function pause(pausing: Pausing, { query }: ServerRequest): ServerResponse {
  const channels = channelsOf(query)
  if (channels === undefined) return badChannel()
  const seconds = Number(query.get('seconds') ?? PAUSE_MS_DEFAULT / 1_000)
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > PAUSE_MS_MAX / 1_000)
    return fail(400, 'SERVE_BAD_QUERY', `seconds must be a whole number from 1 to ${PAUSE_MS_MAX / 1_000}`)
  for (const channel of channels) pausing.pause(channel, seconds * 1_000)
  return json(200, pausing.state())
}

/** `?channel=`; what is not paused stays so. */
export function resume(pausing: Pausing, { query }: ServerRequest): ServerResponse {
  const channels = channelsOf(query)
  if (channels === undefined) return badChannel()
  for (const channel of channels) pausing.resume(channel)
  return json(200, pausing.state())
}

const channelsOf = (query: URLSearchParams) => {
  const name = query.get('channel') ?? ''
  return Object.hasOwn(CHANNELS, name) ? CHANNELS[name] : undefined
}
const badChannel = () => fail(400, 'SERVE_BAD_QUERY', 'channel must be ccp, mp or all')
