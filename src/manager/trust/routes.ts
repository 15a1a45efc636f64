/** NSX's trust-management calls: certificates and principal identities. */
import {
  badRequest,
  type Call,
  EMPTY,
  type JsonObject,
  json,
  listPage,
  ok,
  type Route,
  readJson,
} from '../rest/index.ts'
import type { Trust } from './store.ts'

const BASE = '/api/v1/trust-management'

export function trustRoutes(trust: Trust): readonly Route[] {
  return [...certificateRoutes(trust), ...identityRoutes(trust)]
}

const read = (pattern: string, body: (call: Call) => JsonObject | unknown): Route => ({
  method: 'GET',
  pattern: BASE + pattern,
  access: 'read',
  run: (call) => ok(body(call)),
})

const userOf = ({ principal }: Call): string => principal?.name ?? ''

const page = (objects: readonly JsonObject[], query: URLSearchParams): unknown =>
  listPage(objects, query, {
    defaultSort: 'display_name',
    valueOf: (object, field) => object[field],
    keyOf: (object) => String(object['id']),
    render: (object) => object,
  })

/** Reads give the certificates' details only when asked. */
const withDetails = (object: JsonObject, query: URLSearchParams): JsonObject => {
  if (query.get('details') === 'true') return object
  const { details: _, ...rest } = object
  return rest
}

function certificateRoutes(trust: Trust): readonly Route[] {
  return [
    read('/certificates', ({ query }) =>
      page(
        trust.certificates().map((one) => withDetails(one, query)),
        query,
      ),
    ),
    read('/certificates/:id', ({ params: { id = '' }, query }) => {
      const one = trust.certificate(id)
      return query.get('action') === 'validate' ? verdictOn(one) : withDetails(one, query)
    }),
    {
      method: 'POST',
      pattern: `${BASE}/certificates`,
      access: 'admin',
      async run(call) {
        if (call.query.get('action') !== 'import') throw badRequest('The action of this call must be import.')
        const made = trust.importCertificate(await readJson(call.request), userOf(call))
        return json(201, { results: [made], result_count: 1 })
      },
    },
    {
      method: 'DELETE',
      pattern: `${BASE}/certificates/:id`,
      access: 'admin',
      run({ params: { id = '' } }) {
        trust.deleteCertificate(id)
        return EMPTY
      },
    },
  ]
}

function verdictOn({ details }: JsonObject): JsonObject {
  const isValid = (details as readonly JsonObject[]).every((one) => one['is_valid'] === true)
  return isValid
    ? { status: 'OK' }
    : { status: 'REJECTED', error_message: 'The certificate is not valid now.' }
}

function identityRoutes(trust: Trust): readonly Route[] {
  const register = (pattern: string): Route => ({
    method: 'POST',
    pattern: BASE + pattern,
    access: 'admin',
    async run(call) {
      const body = await readJson(call.request)
      const action = call.query.get('action')
      if (action === 'update_certificate' && pattern === '/principal-identities')
        return ok(trust.updateCertificate(body, userOf(call)))
      if (action !== null) throw badRequest('The action of this call must be update_certificate.')
      return json(201, trust.register(body, userOf(call)))
    },
  })
  return [
    read('/principal-identities', ({ query }) => page(trust.identities(), query)),
    read('/principal-identities/:id', ({ params: { id = '' } }) => trust.identity(id)),
    register('/principal-identities'),
    register('/principal-identities/with-certificate'),
    {
      method: 'DELETE',
      pattern: `${BASE}/principal-identities/:id`,
      access: 'admin',
      run({ params: { id = '' } }) {
        trust.deleteIdentity(id)
        return EMPTY
      },
    },
  ]
}
