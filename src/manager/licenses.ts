/** Licences, for clients that ask: keys are kept as they are given, and everything served here is licensed. */
import { MANAGER_LICENSES_MAX } from '../limits.ts'
import { badRequest, EMPTY, type JsonObject, ok, type Route, readJson } from './rest/index.ts'
import { IN_MEMORY, keptValue, type Storage } from './storage.ts'

/** What clients of container clusters look for before they start (its names are those that they ask for). */
const FEATURES = ['CONTAINER', 'DFW']

export function licenseRoutes(storage: Storage = IN_MEMORY): readonly Route[] {
  const keys = keptValue<readonly string[]>(storage, 'licenses', [])
  const shown = (license_key: string): JsonObject => ({
    license_key,
    description: 'kept and not judged',
    is_eval: false,
    is_expired: false,
    is_unlimited: true,
  })
  const pattern = '/api/v1/licenses'
  return [
    {
      method: 'GET',
      pattern,
      access: 'admin',
      run: () => ok({ results: keys.get().map(shown), result_count: keys.get().length }),
    },
    {
      method: 'GET',
      pattern: `${pattern}/licensed-features`,
      access: 'read',
      run: () =>
        ok({
          results: FEATURES.map((feature_name) => ({ feature_name, is_licensed: true })),
          result_count: FEATURES.length,
        }),
    },
    {
      method: 'POST',
      pattern,
      access: 'admin',
      async run({ request, query }) {
        const { license_key: key } = await readJson(request)
        if (typeof key !== 'string' || !/^[A-Za-z0-9-]{1,255}$/.test(key))
          throw badRequest(
            'Field level validation errors: {property license_key: must be letters, digits and -}',
          )
        if (query.get('action') === 'delete') {
          keys.set(keys.get().filter((held) => held !== key))
          return EMPTY
        }
        if (keys.get().length >= MANAGER_LICENSES_MAX)
          throw badRequest(`At most ${MANAGER_LICENSES_MAX} keys may be kept.`)
        if (!keys.get().includes(key)) keys.set([...keys.get(), key])
        return ok(shown(key))
      },
    },
  ]
}
