/** A Tier whose definition knows few fields, as it is written in tests of writes. */
import type { ObjectKind } from '../../../src/kube/apply/index.ts'
import { RESOURCES } from '../../../src/kube/resources.ts'
import type { KubeObject } from '../../../src/kube/types.ts'
import type { HttpClient } from '../../../src/world/index.ts'

export type Thing = KubeObject & { readonly spec: Readonly<Record<string, unknown>> }

const hash = ({ spec }: Pick<Thing, 'spec'>) => JSON.stringify(Object.entries(spec).sort())

export const KIND: ObjectKind<Thing> = {
  type: RESOURCES.tiers,
  specHash: hash,
  isOurs: ({ metadata }) => metadata.labels?.['mine'] === 'yes',
  isAsWritten: (object) => object.metadata.annotations?.['hash'] === hash(object),
}

export function thing(name: string, spec: Thing['spec'] = { priority: 1 }, stored?: Thing): Thing {
  const { managedFields: _, ...metadata } = stored?.metadata ?? { name }
  return {
    apiVersion: 'crd.antrea.io/v1beta1',
    kind: 'Tier',
    metadata: { ...metadata, labels: { mine: 'yes' }, annotations: { hash: hash({ spec }) } },
    spec,
  }
}

/** The definition of Tiers with a text and these fields, each an integer. */
export const crd = (fields: readonly string[]) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'tiers.crd.antrea.io' },
  spec: {
    group: 'crd.antrea.io',
    scope: 'Cluster',
    names: { plural: 'tiers', kind: 'Tier', singular: 'tier', listKind: 'TierList' },
    versions: [
      {
        name: 'v1beta1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: {
                  text: { type: 'string' },
                  ...Object.fromEntries(fields.map((field) => [field, { type: 'integer' }])),
                },
              },
              status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            },
          },
        },
      },
    ],
  },
})

/** Takes fieldValidation out of each query: then a field that is not known is left out without a word, as before 1.25. */
export const ignoringFields = (http: HttpClient): HttpClient => ({
  origin: http.origin,
  request: (wanted) =>
    http.request({
      ...wanted,
      path: wanted.path.replace('fieldValidation=Strict', 'fieldValidation=Ignore'),
    }),
  reset: () => http.reset(),
  close: () => http.close(),
})
