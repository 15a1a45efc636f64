/** Passwords of users: kept as scrypt hashes (RFC 7914), compared in constant time, and slow to guess. */
import { hash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { MANAGER_PASSWORD_CHECKS_MAX } from '../limits.ts'
import { NsxApiError } from './rest/index.ts'
import type { ManagerUser } from './types.ts'

/** 32 MiB and some 50 ms a check. */
const COST = { N: 32_768, r: 8, p: 1 }
const KEY_BYTES = 32
const HASH = /^scrypt:(\d+):(\d+):(\d+):([\w-]+):([\w-]+)$/

/** What may be kept of a password: parameters, salt and hash. `salt` is at least 16 random bytes. */
export async function hashPassword(password: string, salt: Uint8Array): Promise<string> {
  const key = await derive(password, salt, COST)
  const { N, r, p } = COST
  return `scrypt:${N}:${r}:${p}:${Buffer.from(salt).toString('base64url')}:${key.toString('base64url')}`
}

/** False also for what is no hash of this kind. */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  const [, N, r, p, salt = '', key = ''] = HASH.exec(hash) ?? []
  if (N === undefined) return false
  const wanted = Buffer.from(key, 'base64url')
  const found = await derive(password, Buffer.from(salt, 'base64url'), {
    N: Number(N),
    r: Number(r),
    p: Number(p),
  })
  return wanted.length === found.length && timingSafeEqual(wanted, found)
}

const derive = (password: string, salt: Uint8Array, cost: typeof COST): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const maxmem = 256 * cost.N * cost.r
    scrypt(password, salt, KEY_BYTES, { ...cost, maxmem }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    )
  })

/**
 * Whether a name and a password are right. A password that was right once is known again at once: clients send theirs with
 * every call. Wrong ones are looked at a few at a time; more of them get 503.
 */
export function passwordCheck(
  users: readonly ManagerUser[],
): (given: { readonly name: string; readonly password: string }) => Promise<boolean> {
  const secret = randomBytes(32).toString('base64')
  // A prefix that nobody knows: two digests that differ early say nothing of the passwords.
  const digest = (text: string) => hash('sha256', secret + text, 'buffer')
  const known = new Map<string, Buffer>()
  for (const user of users) if ('password' in user) known.set(user.name, digest(user.password))
  const nobody = randomBytes(32)
  let checking = 0
  return async ({ name, password }) => {
    const given = digest(password)
    // The same work for an unknown name as for a wrong password.
    if (timingSafeEqual(given, known.get(name) ?? nobody)) return true
    const user = users.find((one) => one.name === name)
    if (user === undefined || !('passwordHash' in user)) return false
    if (checking >= MANAGER_PASSWORD_CHECKS_MAX)
      throw new NsxApiError(503, 98, 'Too many passwords are being checked; try again later.', {
        headers: { 'retry-after': '1' },
      })
    checking += 1
    try {
      const isRight = await verifyPassword(password, user.passwordHash)
      if (isRight) known.set(name, given)
      return isRight
    } finally {
      checking -= 1
    }
  }
}
