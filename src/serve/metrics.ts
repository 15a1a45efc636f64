/** GET /metrics: in Prometheus's text, in OpenMetrics' where Accept says so, and as JSON for `antrea-nsx-adapter metrics`. */
import { CONTENT_TYPES, type Family, formatOf, writeText } from '../metrics/index.ts'
import type { ServerRequest, ServerResponse } from '../world/index.ts'
import { json } from './answers.ts'

export interface MeasuredSource {
  collect(): Promise<readonly Family[]>
}

export async function showMetrics(
  { collect }: MeasuredSource,
  { query, headers }: ServerRequest,
): Promise<ServerResponse> {
  const families = await collect()
  if (query.get('format') === 'json') return json(200, families)
  const format = formatOf(headers['accept'])
  return {
    status: 200,
    headers: { 'content-type': CONTENT_TYPES[format], 'cache-control': 'no-store' },
    body: writeText(families, format),
  }
}
