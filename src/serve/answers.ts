/** Answers of the status endpoint. Pure. */
import type { ServerResponse } from '../world/index.ts'

export const text = (status: number, body: string): ServerResponse => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
  body,
})
export const json = (status: number, body: unknown): ServerResponse => ({
  status,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  body: `${JSON.stringify(body)}\n`,
})
export const fail = (status: number, code: string, message: string): ServerResponse =>
  json(status, { code, message })
