/**
 * Effective addresses of groups whose members are outside the cluster, asked of NSX's public API
 * (`{group}/members/ip-addresses`) where the manager does not send them as GroupMembers. Off unless a period is set: the
 * channel tells changes at once and costs nothing.
 */
import { asAdapterError } from '../errors.ts'
import { MEMBER_POLL_ADDRESSES_MAX, MEMBER_POLL_GROUPS_MAX } from '../limits.ts'
import type { Logger } from '../log/index.ts'
import { type NsxManager, paginate } from '../nsx/index.ts'
import { bodyHash } from '../protocol/index.ts'
import { type Clock, sleep } from '../world/index.ts'
import type { DesiredState } from './source/index.ts'
import { type DesiredObject, objectKey, type Translation } from './translate/index.ts'

export interface MemberPollDeps {
  readonly nsx: NsxManager
  readonly clock: Clock
  readonly log: Logger
  readonly periodMs: number
}

export interface MemberPoll {
  /** Groups whose addresses a translation lacks; those asked for once are asked again as long as NSX has them. */
  want(groupPaths: Iterable<string>): void
  /** The set with what is known of the groups the manager says nothing about. Its digest stays that of the manager's set. */
  overlay(state: DesiredState): DesiredState
  /** Asks until the returned function is called; tells when what is known changed. */
  follow(onChange: () => void): () => void
}

const KIND = 'GroupMembers'

/** Paths of groups whose policies are held for want of their members' addresses. */
export const lackingMembers = (translation: Translation | undefined): string[] =>
  (translation?.held ?? []).flatMap(({ problems }) =>
    problems.flatMap(({ code, group_path: path }) =>
      code === 'GROUP_MEMBERS_MISSING' && path !== undefined ? [path] : [],
    ),
  )

/** Nothing is asked before `follow`. What cannot be read stays as it was last. */
export function createMemberPoll(deps: MemberPollDeps): MemberPoll {
  const wanted = new Set<string>()
  const known = new Map<string, DesiredObject>()
  let wake = () => {}

  const ask = async (path: string, signal: AbortSignal): Promise<boolean> => {
    try {
      const object = await readMembers(deps.nsx, path, signal)
      if (object.hash === known.get(path)?.hash) return false
      known.set(path, object)
      return true
    } catch (thrown) {
      const error = asAdapterError(thrown)
      if (signal.aborted) throw thrown
      if (error.code === 'NSX_NOT_FOUND') {
        wanted.delete(path)
        return known.delete(path)
      }
      deps.log.warn(
        { code: error.code, group: path },
        `the members of a group could not be read: ${error.message}`,
      )
      return false
    }
  }
  const tell = async (onChange: () => void, signal: AbortSignal): Promise<never> => {
    for (;;) {
      const size = wanted.size
      let isChanged = false
      for (const path of [...wanted]) if (await ask(path, signal)) isChanged = true
      if (isChanged) onChange()
      if (wanted.size > size) continue
      const pause = new AbortController()
      wake = () => pause.abort()
      await sleep(deps.clock, deps.periodMs, signal, pause.signal).catch(() => {})
      signal.throwIfAborted()
    }
  }

  return {
    want(groupPaths) {
      const before = wanted.size
      for (const path of groupPaths) if (wanted.size < MEMBER_POLL_GROUPS_MAX) wanted.add(path)
      if (wanted.size > before) wake()
    },
    overlay(state) {
      for (const path of wanted)
        if (!state.objects.has(objectKey('Group', path))) {
          wanted.delete(path)
          known.delete(path)
        }
      const told = [...known].filter(([path]) => !state.objects.has(objectKey(KIND, path)))
      if (told.length === 0) return state
      const objects = new Map(state.objects)
      for (const [path, object] of told) objects.set(objectKey(KIND, path), object)
      return { ...state, objects, digest: () => state.digest() }
    },
    follow(onChange) {
      const stop = new AbortController()
      // It ends by being stopped; what can fail in between is seen to where it is read.
      tell(onChange, stop.signal).catch(() => {})
      return () => stop.abort(new Error('the members are not asked for any more'))
    },
  }
}

async function readMembers(nsx: NsxManager, path: string, signal: AbortSignal): Promise<DesiredObject> {
  const addresses: string[] = []
  for await (const item of paginate<unknown>(nsx, `/policy/api/v1${path}/members/ip-addresses`, signal)) {
    if (typeof item === 'string') addresses.push(item)
    if (addresses.length > MEMBER_POLL_ADDRESSES_MAX)
      return { kind: KIND, path, hash: 'too-large', body: undefined }
  }
  const body = { group_path: path, ip_addresses: addresses.sort() }
  return { kind: KIND, path, hash: bodyHash(body), body }
}
