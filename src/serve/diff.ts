/** GET /diff?channel=ccp|mp: the plan that the next comparison would carry out, a JSON object a line. Nothing is written. */
import { asAdapterError, waitFor } from '../errors.ts'
import { DIFF_STEPS_DEFAULT, DIFF_STEPS_MAX } from '../limits.ts'
import { type Clock, type ServerRequest, type ServerResponse, sleep } from '../world/index.ts'
import { fail } from './answers.ts'
import { ccpLines } from './diff-ccp.ts'
import { inventoryLines } from './diff-inventory.ts'
import type { DiffLine, Page } from './diff-lines.ts'
import type { Looking, Turns } from './sight.ts'

/** Lines sent in one piece. */
const LINES_A_PIECE = 50

/** 503 with a code where there is no plan; the plan is made before the first byte. */
export async function showDiff(
  looking: Looking,
  turns: Turns,
  { query, signal }: ServerRequest,
): Promise<ServerResponse> {
  const channel = query.get('channel') ?? 'ccp'
  if (channel !== 'ccp' && channel !== 'mp') return fail(400, 'SERVE_BAD_QUERY', 'channel must be ccp or mp')
  const page = pageOf(query)
  if (typeof page === 'string') return fail(400, 'SERVE_BAD_QUERY', page)
  try {
    const lines = await turns.run(signal, (over) => diffLines(looking, channel, page, over))
    return {
      status: 200,
      headers: { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' },
      body: inPieces(lines, looking.clock),
    }
  } catch (error) {
    const { code, message } = asAdapterError(error)
    return fail(code === 'SERVE_BUSY' ? 429 : 503, code, message)
  }
}

/** The plan is made at once, its lines as they are taken. Rejects with why there is none. */
export async function diffLines(
  { sight, around }: Pick<Looking, 'sight' | 'around'>,
  channel: 'ccp' | 'mp',
  page: Page,
  signal: AbortSignal,
): Promise<Generator<DiffLine>> {
  const { ccp, inventory } = sight()
  if (ccp === undefined || inventory === undefined)
    throw waitFor('CHANNEL_NOT_STARTED', 'the channels are not started yet; ask again in a moment')
  if (channel === 'ccp') return ccpLines(await ccp.preview(signal), ccp, around(), page)
  return inventoryLines(await inventory.preview(signal), around(), page)
}

function pageOf(query: URLSearchParams): Page | string {
  const offset = query.get('offset') ?? '0'
  const limit = query.get('limit') ?? String(DIFF_STEPS_DEFAULT)
  if (!/^\d{1,9}$/.test(offset)) return 'offset must be a whole number from 0'
  if (!/^\d{1,9}$/.test(limit) || Number(limit) > DIFF_STEPS_MAX)
    return `limit must be a whole number from 0 to ${DIFF_STEPS_MAX}`
  return { offset: Number(offset), limit: Number(limit) }
}

/** After each piece everything else has its turn: a plan may have 100,000 steps. */
async function* inPieces(lines: Iterable<DiffLine>, clock: Clock): AsyncGenerator<string> {
  let piece: string[] = []
  for (const line of lines) {
    piece.push(`${JSON.stringify(line)}\n`)
    if (piece.length < LINES_A_PIECE) continue
    yield piece.join('')
    piece = []
    await sleep(clock, 0)
  }
  if (piece.length > 0) yield piece.join('')
}
