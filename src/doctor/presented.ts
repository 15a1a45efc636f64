/** What a peer shows of itself in TLS, in words. */
import { daysText } from './findings.ts'
import type { Facts, Presented, World } from './types.ts'

/** For the fix of a TLS problem: never believed, only told. */
export async function presentedWords(
  { world }: Facts,
  peer: Parameters<World['handshake']>[0],
  signal: AbortSignal,
): Promise<string> {
  try {
    return chainWords(await world.handshake(peer, signal), world.clock.now())
  } catch (error) {
    return `no certificate could be seen (${(error as Error).message})`
  }
}

export function chainWords({ chain, distrust, protocol }: Presented, nowMs: number): string {
  const certificates = chain.map(({ subject, issuer, names, sha256, validFromMs, validToMs }) => {
    const valid =
      nowMs > validToMs
        ? `expired ${daysText(nowMs - validToMs)} ago`
        : nowMs < validFromMs
          ? 'not valid yet'
          : `valid for ${daysText(validToMs - nowMs)}`
    return `${subject}${names === '' ? '' : ` for ${names}`}, issued by ${issuer}, ${valid}, SHA-256 ${sha256}`
  })
  return `it shows in ${protocol}: ${certificates.join('; then ')}${distrust === undefined ? '' : ` (${distrust})`}`
}
