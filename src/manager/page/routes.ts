/** Serves the page at `/`, its files at `/page/…`. */
import { answerFile, assemblePage, type Page } from '../../page/index.ts'
import { notFound, type Route } from '../rest/index.ts'
import { readPageFiles } from './files.ts'

/** The files are read at the first request: most managers of tests are never looked at. */
export function pageRoutes(): readonly Route[] {
  let page: Page | undefined
  const current = (): Page => {
    page ??= assemblePage(readPageFiles(), { at: '/page', shared: true })
    return page
  }
  return (['GET', 'HEAD'] as const).flatMap((method): Route[] => [
    {
      method,
      pattern: '',
      access: 'public',
      run: ({ request }) => answerFile(request, current().document),
    },
    {
      method,
      pattern: '/page/:version/:file',
      access: 'public',
      run({ request }) {
        const file = current().files.get(request.path)
        if (file === undefined) throw notFound(request.path)
        return answerFile(request, file)
      },
    },
  ])
}
