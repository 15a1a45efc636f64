/** The keys of a test's PKI: what kubeadm would make, made on the spot. */
import { generateKeyPairSync } from 'node:crypto'
import { type Authority, createAuthority as createOnClock, type Identity } from '../../../src/sandbox/pki.ts'
import { createRealClock } from '../../../src/world/real.ts'

export type { Authority, Identity }

export const createAuthority = (commonName: string): Promise<Authority> =>
  createOnClock(commonName, createRealClock())

/** The key that signs ServiceAccount tokens: RSA, as kube-apiserver's own tests have it. */
export function createTokenKeys(): { readonly publicPem: string; readonly privatePem: string } {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2_048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  return { publicPem: publicKey, privatePem: privateKey }
}
