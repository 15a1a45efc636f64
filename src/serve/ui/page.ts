/** Serves the page at /inspect, its files below it. */
import { answerFile, assemblePage, type Page } from '../../page/index.ts'
import type { ServerRequest, ServerResponse } from '../../world/index.ts'
import { readUiFiles } from './files.ts'

let page: Page | undefined

/** The document at /inspect and what it names; undefined for every other path. */
export function pageAnswer(request: ServerRequest): ServerResponse | undefined {
  page ??= assemblePage(readUiFiles(), { at: '/inspect/page', shared: false })
  const file = request.path === '/inspect' ? page.document : page.files.get(request.path)
  return file === undefined ? undefined : answerFile(request, file)
}
