/**
 * NSX locks an account after a few wrong passwords (five within 15 minutes by default), also for the people who use it: one
 * that was refused is not shown again for some time, unless it is another one.
 */
import { type AdapterError, needsPerson } from '../../errors.ts'
import { NSX_SIGN_IN_PAUSE_MS } from '../../limits.ts'
import type { Clock } from '../../world/index.ts'
import type { NsxLogin } from '../contract.ts'

export interface SignInGuard {
  /** The password to show. Throws NSX_SIGN_IN while it is the one that was refused. */
  password(): string
  /** It was refused; the error for whoever wanted to sign in. */
  refused(password: string, words: string): AdapterError
  renewed(): void
}

export function createGuard(login: NsxLogin, clock: Clock): SignInGuard {
  let last: { readonly password: string; readonly untilMs: number; readonly error: AdapterError } | undefined
  return {
    password() {
      const password = login.password()
      if (last?.password === password && clock.monotonicMs() < last.untilMs) throw last.error
      return password
    },
    refused(password, words) {
      const error = needsPerson(
        'NSX_SIGN_IN',
        `${words}; check nsx.username and nsx.passwordFile, and that the account is not locked`,
      )
      last = { password, untilMs: clock.monotonicMs() + NSX_SIGN_IN_PAUSE_MS, error }
      return error
    },
    renewed() {
      last = undefined
    },
  }
}
