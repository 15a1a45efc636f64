/** The CustomResourceDefinition objects, made of the kinds. */
import { DEFINITIONS, type Definition } from './kinds.ts'
import type { Schema } from './schema.ts'

export const versionOf = ({ version = 'v1beta1' }: Definition): string => version

/** The path of the collection, or of one object's collection in its namespace. */
export const servedAt = (definition: Definition): string =>
  `/apis/crd.antrea.io/${versionOf(definition)}/${definition.plural}`

const versionObject = (
  name: string,
  schema: Schema,
  { columns, status }: Definition,
  more: Readonly<Record<string, unknown>>,
) => ({
  name,
  served: true,
  ...more,
  schema: { openAPIV3Schema: schema },
  ...(columns === undefined ? {} : { additionalPrinterColumns: columns }),
  ...(status ? { subresources: { status: {} } } : {}),
})

/** `clientConfig` of a conversion webhook: where antrea-controller is. */
export const conversionBy = (service: Readonly<Record<string, unknown>>, caBundle?: string) => ({
  strategy: 'Webhook',
  webhook: {
    conversionReviewVersions: ['v1', 'v1beta1'],
    clientConfig: {
      service: { name: 'antrea', namespace: 'kube-system', path: '/convert/ippool', ...service },
      ...(caBundle === undefined ? {} : { caBundle }),
    },
  },
})

/** The objects to create: apiextensions.k8s.io/v1 CustomResourceDefinitions. */
export const customResourceDefinitions = (definitions: readonly Definition[] = DEFINITIONS) =>
  definitions.map((definition) => {
    const { kind, plural, shortNames, namespaced, schema, older } = definition
    const deprecated = { storage: false, deprecated: true, deprecationWarning: older?.warning }
    return {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: {
        name: `${plural}.crd.antrea.io`,
        labels: {
          app: 'antrea',
          ...(older === undefined ? {} : { 'served-by': 'antrea-controller' }),
        },
      },
      spec: {
        group: 'crd.antrea.io',
        scope: namespaced ? 'Namespaced' : 'Cluster',
        names: {
          plural,
          singular: kind.toLowerCase(),
          kind,
          ...(shortNames === undefined ? {} : { shortNames }),
        },
        versions: [
          ...(older === undefined ? [] : [versionObject(older.name, older.schema, definition, deprecated)]),
          versionObject(versionOf(definition), schema, definition, { storage: true }),
        ],
        ...(older === undefined ? {} : { conversion: conversionBy({}) }),
      },
    }
  })
