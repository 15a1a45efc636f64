/** The one schema of the configuration. Leaves have an environment variable and a flag each; see CONFIG_LEAVES. */
import { z } from 'zod'
import { Nsx } from './nsx.ts'
import { file, text, wholeNumber } from './parts.ts'

const TierSetting = z.strictObject({
  name: text
    .regex(
      /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/,
      'must be a Kubernetes name: lower-case letters, digits, - and .',
    )
    .max(253)
    .describe('NAME'),
  priority: z
    .preprocess(
      (value) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value),
      z.number().int('must be a whole number').min(0, 'must be at least 0').max(249, 'must be at most 249'),
    )
    .describe('NUMBER'),
})

const Tiers = z
  .strictObject({
    Emergency: TierSetting,
    Infrastructure: TierSetting,
    Environment: TierSetting,
    Application: TierSetting,
  })
  .superRefine((tiers, context) => {
    const names = Object.keys(tiers) as (keyof typeof tiers)[]
    for (const [index, name] of names.entries()) {
      const before = names[index - 1]
      if (before !== undefined && tiers[before].priority >= tiers[name].priority)
        context.addIssue({
          code: 'custom',
          path: [name, 'priority'],
          message: `must be higher than that of ${before} (${tiers[before].priority}): NSX evaluates ${before} first`,
        })
      if (names.slice(0, index).some((other) => tiers[other].name === tiers[name].name))
        context.addIssue({ code: 'custom', path: [name, 'name'], message: 'is the name of another tier' })
    }
  })

const YES_OR_NO = new Map<unknown, boolean>([
  ['true', true],
  ['false', false],
])
const seconds = (min: number, max: number) => wholeNumber('a number of seconds', min, max)

const flag = z.preprocess((value) => YES_OR_NO.get(value) ?? value, z.boolean('must be true or false'))

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|localhost|\[::1\]):/

interface Serve {
  readonly listen?: string | undefined
  readonly tls: {
    readonly cert?: string | undefined
    readonly key?: string | undefined
    readonly clientCa?: string | undefined
  }
  readonly tokenFile?: string | undefined
}

/** Elsewhere than on loopback nobody is answered who does not say who he is, and nothing goes in the clear. */
function checkServe({ listen, tls, tokenFile }: Serve, context: z.RefinementCtx): void {
  const wrong = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message })
  const { cert, key, clientCa } = tls
  const isTls = cert !== undefined && key !== undefined
  const hasGuard = clientCa !== undefined || tokenFile !== undefined
  if ((cert === undefined) !== (key === undefined))
    wrong(
      ['tls', cert === undefined ? 'cert' : 'key'],
      'is needed, too: a certificate and its key go together',
    )
  else if (listen !== undefined && !LOOPBACK.test(listen) && !(isTls && hasGuard))
    wrong(
      ['listen'],
      'is not on loopback: that takes serve.tls.cert and serve.tls.key, and serve.tls.clientCa or serve.tokenFile',
    )
  else if (isTls && !hasGuard)
    wrong(['tls', 'cert'], 'lets nobody in: it takes serve.tls.clientCa or serve.tokenFile, too')
  else if (!isTls && hasGuard)
    wrong(
      [...(clientCa === undefined ? ['tokenFile'] : ['tls', 'clientCa'])],
      'takes serve.tls.cert and serve.tls.key, too',
    )
  else if (isTls && listen === undefined) wrong(['tls', 'cert'], 'is for serve.listen, which is not set')
}

export const ConfigSchema = z.strictObject({
  cluster: z.strictObject({
    id: text.max(255).describe('node_id of the cluster-control-plane in NSX'),
    name: text.max(255).describe('NAME in NSX; the CN of nsx.cert'),
  }),
  nsx: Nsx,
  kube: z
    .strictObject({
      kubeconfig: file.optional().describe('FILE; the service account of the Pod without it'),
      context: text.optional().describe('NAME of a context in the kubeconfig; its current one without it'),
      renewToken: flag
        .default(false)
        .describe(
          "true or false: the kubeconfig's token file holds a bound token of the adapter's service account, which it renews itself",
        ),
    })
    .prefault({}),
  instance: text
    .max(63)
    .optional()
    .describe('NAME of this process among those of the cluster; host name and a random part without it'),
  lease: z
    .strictObject({
      namespace: text.default('antrea-nsx-adapter').describe('NAME'),
      name: text.default('antrea-nsx-adapter').describe('NAME'),
    })
    .prefault({}),
  identity: z
    .strictObject({
      secret: text
        .max(253)
        .optional()
        .describe(
          'NAME of the Secret in lease.namespace with the certificate for NSX, of which nsx.cert and nsx.key are copies; the files alone without it',
        ),
    })
    .prefault({}),
  mode: z
    .enum(['enforce', 'observe'], 'must be enforce or observe')
    .default('enforce')
    .describe('MODE: enforce, or observe, which writes no policy and says what it would write'),
  tiers: Tiers.optional(),
  ccp: z
    .strictObject({
      fqdnProfiles: flag
        .default(false)
        .describe('true or false: context profiles of domain names become egress rules by name'),
      memberPollSeconds: seconds(10, 3_600)
        .optional()
        .describe(
          'SECONDS from 10: ask NSX for the members of groups outside the cluster; not at all without it',
        ),
    })
    .prefault({}),
  agents: z
    .strictObject({
      tokenFile: file
        .optional()
        .describe(
          "FILE with a bearer token that the antrea-agents' own API takes: for flows, bundles, log levels; not asked without it",
        ),
    })
    .prefault({}),
  diagnostics: z
    .strictObject({
      file: file.optional().describe('FILE of the SQLite database; nothing is kept without it'),
    })
    .prefault({}),
  serve: z
    .strictObject({
      socket: file.default('/run/antrea-nsx-adapter/adapter.sock').describe('PATH of the unix socket'),
      listen: text
        .regex(
          /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):\d{1,5}$/,
          'must be an address and a port, for example 127.0.0.1:8765',
        )
        .optional()
        .describe('HOST:PORT beside the socket; on loopback, or with serve.tls for health and metrics alone'),
      tls: z
        .strictObject({
          cert: file.optional().describe('FILE with the certificate that serve.listen shows, in PEM'),
          key: file.optional().describe("FILE with that certificate's key in PEM"),
          clientCa: file.optional().describe('FILE with the CA whose client certificates are let in, in PEM'),
        })
        .prefault({}),
      tokenFile: file
        .optional()
        .describe('FILE with a bearer token that is let in, beside serve.tls.clientCa'),
    })
    .superRefine(checkServe)
    .prefault({}),
  log: z
    .strictObject({
      level: z
        .enum(['debug', 'info', 'warn', 'error'], 'must be debug, info, warn or error')
        .default('info')
        .describe('LEVEL'),
    })
    .prefault({}),
})

export type Config = z.infer<typeof ConfigSchema>

export interface ConfigLeaf {
  readonly path: readonly string[]
  readonly description: string
}

interface Walkable {
  readonly shape?: Readonly<Record<string, Walkable>>
  readonly description?: string | undefined
  readonly _zod?: { readonly def: { readonly innerType?: Walkable } }
}

/** Every setting with one value, in the schema's order. */
export const CONFIG_LEAVES: readonly ConfigLeaf[] = leavesOf(ConfigSchema as unknown as Walkable, [])

function leavesOf(schema: Walkable, path: readonly string[]): ConfigLeaf[] {
  if (schema.shape !== undefined)
    return Object.entries(schema.shape).flatMap(([name, inner]) => leavesOf(inner, [...path, name]))
  const inner = schema._zod?.def.innerType
  if (inner !== undefined) {
    const leaves = leavesOf(inner, path)
    const own = schema.description
    return own === undefined ? leaves : leaves.map((leaf) => ({ ...leaf, description: own }))
  }
  return [{ path, description: schema.description ?? 'VALUE' }]
}

/** What a path leads to; undefined where something on the way is none. */
export const valueAt = (values: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (at, segment) =>
      typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[segment] : undefined,
    values,
  )
