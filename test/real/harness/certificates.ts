/** The keys of a test's PKI: what kubeadm would make, made on the spot. */
import { type Authority, createAuthority as createOnClock, type Identity } from '../../../src/sandbox/pki.ts'
import { createRealClock } from '../../../src/world/real.ts'

export type { Authority, Identity }

export const createAuthority = (commonName: string): Promise<Authority> =>
  createOnClock(commonName, createRealClock())
