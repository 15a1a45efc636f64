/** The calls below `/infra/antrea/traceflows/{id}` that are not plain intent; those that are go to the policy store's own. */

import type { PolicyObject, PolicyRoutes, PolicyStore } from '../policy/index.ts'
import { type Call, notFound, ok, type Route } from '../rest/index.ts'
import type { TraceflowRuns } from './runs.ts'

const ONE = '/infra/antrea/traceflows/:traceflow'

/** Below /policy/api/v1 (and /api/v1). */
export function traceflowRoutes(
  store: PolicyStore,
  runs: TraceflowRuns,
  policy: () => PolicyRoutes,
): readonly Route[] {
  const find = ({ params }: Call): PolicyObject => {
    const path = `/infra/antrea/traceflows/${params['traceflow']}`
    const config = store.get(path)
    if (config === undefined) throw notFound(path)
    return config
  }
  return [
    ...(['GET', 'PUT', 'PATCH', 'DELETE'] as const).map(
      (method): Route => ({
        method,
        pattern: ONE,
        access: method === 'GET' ? 'read' : 'admin',
        mutating: method !== 'GET',
        run: (call) => {
          const segments = ['infra', 'antrea', 'traceflows', call.params['traceflow'] ?? '']
          const route = policy().find(method, segments)
          if (route === undefined) throw notFound(`/${segments.join('/')}`)
          return route.run(call)
        },
      }),
    ),
    {
      method: 'POST',
      pattern: ONE,
      access: 'admin',
      mutating: true,
      run: (call) => {
        const config = find(call)
        runs.retrace(config, call.principal?.name ?? '')
        return ok(config.body)
      },
    },
    {
      method: 'GET',
      pattern: `${ONE}/status`,
      access: 'read',
      run: (call) => ok(runs.status(find(call).path)),
    },
    {
      method: 'GET',
      pattern: `${ONE}/observations`,
      access: 'read',
      run: (call) => {
        const results = runs.observations(find(call).path)
        return ok({ results, result_count: results.length })
      },
    },
  ]
}
