/** Who is asking (client certificate, bearer token, impersonation), and whether they may. */
import type { ServerRequest } from '../../world/index.ts'
import type { ResourceRoute } from './route.ts'
import { forbidden, unauthorized } from './status.ts'
import type { ApiServerOptions, UserInfo } from './types.ts'

const AUTHENTICATED = 'system:authenticated'

const withAuthenticated = (user: UserInfo): UserInfo =>
  user.groups.includes(AUTHENTICATED) ? user : { ...user, groups: [...user.groups, AUTHENTICATED] }

/** The user; throws 401 when the request names none that is known. */
export function authenticate(request: ServerRequest, options: ApiServerOptions): UserInfo {
  const header = request.headers['authorization']
  if (header !== undefined) {
    const token = /^bearer\s+(\S+)\s*$/i.exec(header)?.[1]
    const tokens = options.authentication?.tokens ?? {}
    const known = token !== undefined && Object.hasOwn(tokens, token) ? tokens[token] : undefined
    if (known !== undefined) return impersonate(request, withAuthenticated(known), options)
  }
  const { commonName, organizations = [], verified } = request.peer
  // In process there is no TLS to verify; on sockets `verified` is always told.
  if (commonName === undefined || commonName === '' || verified === false) throw unauthorized()
  return impersonate(request, withAuthenticated({ user: commonName, groups: organizations }), options)
}

function impersonate(request: ServerRequest, user: UserInfo, options: ApiServerOptions): UserInfo {
  const name = request.headers['impersonate-user']
  if (name === undefined || name === '') return user
  if (options.authorize !== undefined && !options.authorize(user, 'impersonate', 'users'))
    throw forbidden(
      { group: '', plural: 'users' },
      name,
      `User "${user.user}" cannot impersonate resource "users" in API group "" at the cluster scope`,
    )
  const groups = (request.headers['impersonate-group'] ?? '')
    .split(',')
    .map((group) => group.trim())
    .filter((group) => group !== '')
  return withAuthenticated({ user: name, groups })
}

/** Throws 403 in kube-apiserver's words when the user may not. */
export function authorize(
  user: UserInfo,
  verb: string,
  route: ResourceRoute,
  options: ApiServerOptions,
): void {
  const { group, plural, subresource, namespace, name } = route
  const resource = `${plural}${group === '' ? '' : `.${group}`}`
  const full = subresource === undefined ? resource : `${resource}/${subresource}`
  if (options.authorize === undefined || options.authorize(user, verb, full, namespace)) return
  // A namespace is in itself.
  const place = namespace ?? (group === '' && plural === 'namespaces' ? name : undefined)
  const where = place === undefined ? 'at the cluster scope' : `in the namespace "${place}"`
  const what = subresource === undefined ? plural : `${plural}/${subresource}`
  throw forbidden(
    { group, plural },
    name ?? '',
    `User "${user.user}" cannot ${verb} resource "${what}" in API group "${group}" ${where}`,
  )
}
