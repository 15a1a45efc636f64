import type { ApiServer, ApiServerOptions } from './types.ts'

export function createApiServer(_options: ApiServerOptions): ApiServer {
  throw new Error('being written')
}
