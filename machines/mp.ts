/** Inventory and health up, requests down: the life of the MP channel. */
import { assign, fromCallback, fromPromise, setup } from 'xstate'
import type { AdapterError } from '../src/errors.ts'
import type { Session } from '../src/protocol/session.ts'
import {
  type ChannelEvent,
  LINK_CONTEXT,
  LINK_DELAYS,
  type LinkContext,
  type LinkEvent,
  linkRegion,
  needsPerson,
  noteError,
} from './link.ts'

export type MpEvent = ChannelEvent | LinkEvent

const errorOf = (event: unknown): AdapterError | undefined => (event as { error?: AdapterError }).error

const missing = (port: string) => Promise.reject(new Error(`the port ${port} is not provided`))

export const mpMachine = setup({
  types: { context: {} as LinkContext, events: {} as MpEvent },
  actors: {
    connect: fromPromise<Session, LinkContext>(() => missing('connect')),
    follow: fromCallback<MpEvent, LinkContext>(() => {
      throw new Error('the port follow is not provided')
    }),
    probe: fromPromise<void>(() => missing('probe')),
    closeSession: fromPromise<void, LinkContext>(() => missing('closeSession')),
  },
  actions: {
    setLeader: assign({ leader: ({ event }) => (event.type === 'LEAD' ? event.leader : undefined) }),
    setSession: assign({ session: ({ event }) => (event as unknown as { output: Session }).output }),
    remember: assign(({ context, event }) => noteError(context, errorOf(event))),
    noteDeadline: assign(({ context }) => noteError(context, undefined)),
    settle: assign({ failures: 0, repeats: 0, error: undefined }),
    forgetLink: assign({ session: undefined }),
    reportWell: () => {},
    reportProblem: () => {},
  },
  guards: { needsPerson: ({ context }) => needsPerson(context) },
  delays: { ...LINK_DELAYS, backoff: 30_000 },
}).createMachine({
  id: 'mp',
  type: 'parallel',
  context: LINK_CONTEXT,
  states: { link: linkRegion },
})
