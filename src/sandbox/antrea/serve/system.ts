/** system.antrea.io/v1beta1: the controller's own info, live, and its support bundle. */
import type { ServerRequest, ServerResponse } from '../../../world/index.ts'
import type { AggregatedResource } from '../../apiserver/types.ts'
import { type Bundle, SYSTEM } from './bundle.ts'
import { json, noSuchPath, notAllowed, notFound } from './replies.ts'

export const SYSTEM_RESOURCES: readonly AggregatedResource[] = [
  {
    name: 'controllerinfos',
    singularName: 'controllerinfo',
    kind: 'AntreaControllerInfo',
    namespaced: false,
    verbs: ['get', 'list'],
  },
  {
    name: 'supportbundles',
    singularName: 'supportbundle',
    kind: 'SupportBundle',
    namespaced: false,
    verbs: ['create', 'delete', 'get'],
  },
  {
    name: 'supportbundles/download',
    singularName: '',
    kind: 'SupportBundle',
    namespaced: false,
    verbs: ['get'],
  },
]

export interface SystemDeps {
  /** AntreaControllerInfo as it is now, without kind. */
  readonly info: () => Readonly<Record<string, unknown>> & { readonly metadata: { readonly name: string } }
  readonly bundle: Bundle
}

export const createSystem =
  ({ info, bundle }: SystemDeps) =>
  async (request: ServerRequest, [resource, ...parts]: readonly string[]): Promise<ServerResponse> => {
    if (resource === 'supportbundles') return bundle.serve(request, parts)
    const [name, ...rest] = parts
    if (resource !== 'controllerinfos' || rest.length > 0) return noSuchPath()
    if (request.method !== 'GET') return notAllowed()
    const now = info()
    if (name === undefined)
      return json(200, { kind: 'AntreaControllerInfoList', apiVersion: SYSTEM, metadata: {}, items: [now] })
    return name === now.metadata.name
      ? json(200, { kind: 'AntreaControllerInfo', apiVersion: SYSTEM, ...now })
      : notFound('controllerinfos', 'system.antrea.io', name)
  }
