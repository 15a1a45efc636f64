/**
 * A cluster's registration in NSX: certificate, principal identity, cluster control plane, inventory record; made, renewed
 * and taken away. observe.ts reads NSX; preflight.ts and plan.ts are pure; apply.ts does the steps. For the command line,
 * which brings where the identity is kept (RecordStore), the cluster's part and this machine's.
 */
export { type ApplyDeps, applyPlan } from './apply.ts'
export {
  type CertificateFacts,
  certificatesIn,
  factsOf,
  fingerprintOf,
  type KeyPair,
} from './certificate.ts'
export { makeKeyPair } from './make.ts'
export { explained, observeNsx } from './observe.ts'
export { planDeregister, planRegister, planRotate } from './plan.ts'
export { checkWish, clock as clockRefusals, deregisterRefusals, preflight } from './preflight.ts'
export { ENTRIES, type Kept, keptOf, type RecordStore, type RegistrationRecord, recordOf } from './record.ts'
export * from './types.ts'
export { planInWords, stepInWords } from './words.ts'
