/** What clients ask of an NSX node at start: its version, its health, how it patches. */
import { badRequest, type Call, EMPTY, ok, type Principal, type Route, readJson } from './rest/index.ts'
import { IN_MEMORY, keptValue, type Storage } from './storage.ts'

/** As NSX 9.1.1 spells it: five numbers. Clients parse the first three. */
const NSX_VERSION = '9.1.1.0.0'

export interface NodeRoutes {
  readonly routes: readonly Route[]
  /** NSX's enable_partial_patch. */
  readonly partialPatch: () => boolean
}

export function nodeRoutes(storage: Storage = IN_MEMORY): NodeRoutes {
  const partialPatch = keptValue(storage, 'partial-patch', false)
  const version = { node_version: NSX_VERSION, product_version: NSX_VERSION }
  const read = (pattern: string, access: Route['access'], body: (call: Call) => unknown): Route => ({
    method: 'GET',
    pattern,
    access,
    run: (call) => ok(body(call)),
  })
  const partial = () => ({ enable_partial_patch: String(partialPatch.get()) })
  const configPattern = '/policy/api/v1/system-config/nsx-partial-patch-config'
  return {
    partialPatch: partialPatch.get,
    routes: [
      read('/api/v1/node/version', 'read', () => version),
      read('/api/v1/node', 'read', () => ({
        ...version,
        hostname: 'nsx-manager',
        kernel_version: 'antrea-nsx-adapter',
        export_type: 'UNRESTRICTED',
      })),
      read('/api/v1/reverse-proxy/node/health', 'public', () => ({
        // Reads go on when the disk takes no writes: for that nobody has to turn to another manager.
        healthy: true,
        components_health: storage.trouble ?? '',
      })),
      ...['/api/v1', '/policy/api/v1'].map((root) =>
        read(`${root}/aaa/user-info`, 'read', ({ principal }) => ({
          user_name: principal?.name ?? '',
          roles: rolesOf(principal).map((role) => ({ role })),
        })),
      ),
      read(configPattern, 'read', partial),
      {
        method: 'PATCH',
        pattern: configPattern,
        access: 'admin',
        async run({ request }) {
          const { enable_partial_patch: enable } = await readJson(request)
          if (!['true', 'false'].includes(String(enable)))
            throw badRequest('enable_partial_patch must be "true" or "false".')
          partialPatch.set(String(enable) === 'true')
          return EMPTY
        },
      },
    ],
  }
}

const rolesOf = (principal: Principal | undefined): readonly string[] => {
  if (principal?.kind === 'reader') return principal.roles
  return [principal?.kind === 'user' ? 'enterprise_admin' : 'ccp_internal_operator']
}
