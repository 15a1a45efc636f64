/** What an API server needs before Antrea can run on it: CustomResourceDefinitions, and for a real one the routes. */
import { retry } from '../../errors.ts'
import type { HttpClient } from '../../world/index.ts'
import type { Webhook } from './admission/index.ts'
import { call, expect, messageOf } from './api.ts'
import { conversionBy, customResourceDefinitions, servedAt } from './crds/index.ts'
import { watchLines } from './follow.ts'
import type { RouteOptions } from './index.ts'
import { type Profile, profileNamed } from './profiles.ts'

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
/** Each round waits for a second on the server's side. */
const ROUNDS_MAX = 60

export async function createCrds(http: HttpClient, { definitions }: Profile): Promise<void> {
  for (const definition of customResourceDefinitions(definitions)) await put(http, CRDS, definition)
  await eventually(http, 'CustomResourceDefinitions of Antrea', async () => {
    for (const definition of definitions) {
      const answer = await call(http, 'GET', `${servedAt(definition)}?limit=1`)
      if (answer.status !== 200) return `${definition.plural}: ${answer.status} ${messageOf(answer.body)}`
    }
    return undefined
  })
}

interface Named {
  readonly metadata: { readonly name: string }
}

/** Creates the object, or replaces one that is there. */
async function put(http: HttpClient, collection: string, object: Named): Promise<void> {
  const created = await expect(http, 'POST', collection, { body: object, also: [409] })
  if (created.status !== 409) return
  const path = `${collection}/${encodeURIComponent(object.metadata.name)}`
  for (let tries = 0; ; tries += 1) {
    const known = (await expect(http, 'GET', path)).body as { metadata: Readonly<Record<string, unknown>> }
    const { resourceVersion, uid } = known.metadata
    const body = { ...object, metadata: { ...object.metadata, resourceVersion, uid } }
    // Controllers of the API server write the status of what is put here.
    const replaced = await expect(http, 'PUT', path, { body, also: tries < 5 ? [409] : [] })
    if (replaced.status !== 409) return
  }
}

/** `missing` says what is not there yet. Throws STANDIN_NOT_SERVED when it has not come within about a minute. */
async function eventually(
  http: HttpClient,
  what: string,
  missing: () => Promise<string | undefined>,
): Promise<void> {
  let why: string | undefined
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    why = await missing()
    if (why === undefined) return
    await passSecond(http)
  }
  throw retry('STANDIN_NOT_SERVED', `${what} are not served: ${why}; look at the API server's log`)
}

/** A watch that the server ends after a second: waiting without a clock of one's own. Ends early when something changes. */
async function passSecond(http: HttpClient): Promise<void> {
  const signal = new AbortController().signal
  const latest = (await expect(http, 'GET', `${CRDS}?limit=1`)).body as {
    metadata: { resourceVersion: string }
  }
  const query = `watch=true&timeoutSeconds=1&resourceVersion=${encodeURIComponent(latest.metadata.resourceVersion)}`
  for await (const _ of watchLines(http, `${CRDS}?${query}`, signal)) return
}

const NAMESPACE = 'kube-system'
const LABELS = { app: 'antrea', 'served-by': 'antrea-controller' }
const API_SERVICES = [
  ['controlplane.antrea.io', 'v1beta2'],
  ['system.antrea.io', 'v1beta1'],
  ['stats.antrea.io', 'v1alpha1'],
] as const

export async function createRoutes(http: HttpClient, options: RouteOptions): Promise<void> {
  const profile = profileNamed(options.profile)
  const caBundle = Buffer.from(options.caPem).toString('base64')
  const service = { name: 'antrea', namespace: NAMESPACE, port: options.port }
  await eventually(http, 'the namespace kube-system and its Services', async () => {
    const answer = await call(http, 'GET', `/api/v1/namespaces/${NAMESPACE}`)
    return answer.status === 200 ? undefined : `${answer.status} ${messageOf(answer.body)}`
  })
  // An ExternalName that is an address: no resolver, no endpoints, and TLS still checks the Service's name.
  await put(http, `/api/v1/namespaces/${NAMESPACE}/services`, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'antrea', labels: { app: 'antrea' } },
    spec: { type: 'ExternalName', externalName: '127.0.0.1' },
  } as Named)
  const registrations = '/apis/apiregistration.k8s.io/v1/apiservices'
  for (const [group, version] of API_SERVICES)
    await put(http, registrations, {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: `${version}.${group}`, labels: LABELS },
      spec: { group, version, groupPriorityMinimum: 100, versionPriority: 100, service, caBundle },
    } as Named)
  for (const [kind, plural, name, isMutating] of [
    ['MutatingWebhookConfiguration', 'mutatingwebhookconfigurations', 'crdmutator.antrea.io', true],
    ['ValidatingWebhookConfiguration', 'validatingwebhookconfigurations', 'crdvalidator.antrea.io', false],
  ] as const)
    await put(http, `/apis/admissionregistration.k8s.io/v1/${plural}`, {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind,
      metadata: { name, labels: LABELS },
      webhooks: profile.webhooks
        .filter(({ mutating }) => mutating === isMutating)
        .map((hook) => registration(hook, { ...service, path: hook.path }, caBundle)),
    } as Named)
  for (const { plural } of profile.definitions.filter(({ older }) => older !== undefined))
    await expect(http, 'PATCH', `${CRDS}/${plural}.crd.antrea.io`, {
      body: { spec: { conversion: conversionBy({ port: options.port }, caBundle) } },
      type: 'merge',
    })
  await eventually(http, "Antrea's aggregated APIs", async () => {
    for (const [group, version] of API_SERVICES) {
      const { body } = await expect(http, 'GET', `${registrations}/${version}.${group}`)
      const why = unavailable(body)
      if (why !== undefined) return `${group}: ${why}`
    }
    return undefined
  })
}

const registration = (hook: Webhook, service: object, caBundle: string) => ({
  name: hook.name,
  clientConfig: { service, caBundle },
  rules: [
    {
      operations: hook.operations,
      apiGroups: ['crd.antrea.io'],
      apiVersions: [hook.version],
      resources: [hook.resource],
      scope: hook.scope,
    },
  ],
  admissionReviewVersions: ['v1'],
  sideEffects: 'None',
  timeoutSeconds: 5,
})

interface ApiService {
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string
      readonly status: string
      readonly message?: string
    }[]
  }
}

function unavailable(body: unknown): string | undefined {
  const condition = (body as ApiService).status?.conditions?.find(({ type }) => type === 'Available')
  if (condition?.status === 'True') return undefined
  return condition?.message ?? 'not looked at yet'
}
