/** A plan in a person's words, a line each. Pure. */
import type { Plan, Step, Which } from './types.ts'

const CERTIFICATE: Readonly<Record<Which, string>> = {
  previous: 'the one shown before',
  shown: "the cluster's certificate",
  next: 'the new certificate',
}

type WordsOf = { readonly [K in Step['kind']]: (step: Extract<Step, { kind: K }>, name: string) => string }

const WORDS: WordsOf = {
  'keep-new-key': (_, name) => `make a key and a self-signed certificate, CN=${name}, and keep them`,
  'keep-next': (_, name) => `make a new key and certificate, CN=${name}, and keep them beside the old ones`,
  'create-identity': ({ which, nodeId }, name) =>
    `NSX: create the principal identity ${name} (node_id ${nodeId}) with ${CERTIFICATE[which]}`,
  'put-control-plane': ({ which, isNew }, name) =>
    `NSX: ${isNew ? 'create' : 'update'} the cluster control plane ${name}: takes ${which.map((one) => CERTIFICATE[one]).join(' and ')}${isNew || which.length > 1 ? '' : ' alone'}`,
  'create-cluster-record': (_, name) => `NSX: enter the cluster ${name} into the inventory`,
  'keep-cluster-id': () => 'keep the node_id that NSX gave',
  'check-identity': () => 'ask NSX with the certificate whether it may do what the adapter does',
  'show-next': () => 'have every instance show the new certificate',
  'await-instances': () => "wait until every instance's Lease shows it",
  'forget-previous': () => 'forget the old certificate',
  'delete-control-plane': (_, name) =>
    `NSX: delete the cluster control plane ${name}, and it from what refers to it`,
  'delete-identity': ({ nodeId }, name) => `NSX: delete the principal identity ${name} (node_id ${nodeId})`,
  'delete-certificate': ({ fingerprint }) => `NSX: delete the certificate ${fingerprint.slice(0, 16)}…`,
  'delete-cluster-record': ({ clusterId }) => `NSX: delete the inventory of the cluster ${clusterId}`,
  'forget-identity': () => 'delete the identity that is kept',
  place: ({ text }) => text,
}

export const stepInWords = <S extends Step>(step: S, clusterName: string): string =>
  (WORDS[step.kind] as (step: S, name: string) => string)(step, clusterName)

export const planInWords = ({ steps }: Plan, clusterName: string): readonly string[] =>
  steps.map((step) => stepInWords(step, clusterName))
