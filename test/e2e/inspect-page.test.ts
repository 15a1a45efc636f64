/** The page with the charts in a real browser, opened through `console`, against the sandbox's adapter. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { SandboxPlaces } from '../../src/sandbox/start.ts'
import type { NowView, TransitionView } from '../../src/serve/ui/index.ts'
import { createHttpClient } from '../../src/world/real.ts'
import { findChromium, startBrowser, type Tab } from './browser.ts'
import { folder, type Program, start, until } from './process.ts'

const chromium = findChromium()
const skip =
  chromium === undefined && process.env['REAL_TIER'] !== 'required'
    ? 'no Chromium: install chromium-headless-shell, or name one with CHROMIUM'
    : false

async function startSandbox(context: TestContext): Promise<SandboxPlaces> {
  const readyFile = join(folder(context), 'ready.json')
  const program = start(context, ['sandbox', '--ready-file', readyFile])
  await until(
    'the sandbox',
    () => existsSync(readyFile),
    30_000,
    () => program.stdout() + program.stderr(),
  )
  return JSON.parse(readFileSync(readyFile, 'utf8')) as SandboxPlaces
}

async function startConsole(
  context: TestContext,
  socket: string,
): Promise<{ program: Program; address: string }> {
  const program = start(context, ['console', '--socket', socket])
  const words = () => program.stdout() + program.stderr()
  const address = await until('the address', () => /http:\S+/.exec(program.stdout())?.[0], 10_000, words)
  return { program, address }
}

async function get<T>(socketPath: string, path: string): Promise<T> {
  const client = createHttpClient({ origin: 'http://localhost', socketPath })
  const answer = await client.request({ method: 'GET', path, headersTimeoutMs: 5_000 })
  const chunks: Uint8Array[] = []
  for await (const chunk of answer.body) chunks.push(chunk)
  await client.close()
  return JSON.parse(Buffer.concat(chunks).toString()) as T
}

/** Innermost states that are lit, as the drawing has them. */
const LIT = `[...document.querySelectorAll('.box.lit:not(.outer)')].map((box) => box.dataset.path).sort()`
const leaves = (words: string) => words.split(' ').sort()
const shows = (path: string) =>
  `document.querySelector('#chart-title').textContent === ${JSON.stringify(path)} && ${LIT}.length > 0`
const choose = async (tab: Tab, path: string) => {
  await tab.goto(`#${encodeURIComponent(path)}`)
  await tab.wait(path, shows(path))
}
const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'

test('the charts, live, in a browser', { skip }, async (context) => {
  assert.ok(chromium, 'a Chromium is needed here: install chromium-headless-shell')
  const { adapter } = await startSandbox(context)
  const { socket } = adapter
  const { program, address } = await startConsole(context, socket)
  const origin = new URL(address).origin
  const browser = await startBrowser(chromium)
  context.after(() => browser.close())
  const tab = await browser.open(address)
  await tab.wait('the charts', `document.querySelectorAll('.box').length > 0`)
  await tab.wait('live', `document.querySelector('#link').textContent === 'live'`)

  await context.test(
    'the address does not let a second browser in, and the token is nowhere in the first',
    async () => {
      const other = await browser.open(address)
      await other.wait('the refusal', `document.body.innerText.includes('CONSOLE_TOKEN_USED')`)
      await other.run(`location.assign('/inspect')`)
      await other.wait('the refusal', `document.body.innerText.includes('CONSOLE_NOT_OPENED')`)
      assert.equal(await tab.run('location.href'), `${origin}/inspect`)
      assert.equal(await tab.run('document.cookie'), '', 'scripts do not see the cookie')
      assert.equal(await tab.run('document.referrer.includes("token")'), false)
    },
  )

  await context.test('what is lit is what the adapter says, for every chart that lives', async () => {
    const told = await get<NowView>(socket, '/inspect/now')
    const names = told.actors.map(({ path }) => path)
    const listed = `[...document.querySelectorAll('#actors li')].map((item) => item.dataset.key).sort()`
    assert.deepEqual(await tab.run(listed), [...names].sort())
    for (const path of [
      'adapter',
      'adapter/ccp',
      'adapter/mp',
      'adapter/lease',
      'adapter/watches',
      'adapter/watches/watch.pods',
      'outage',
    ]) {
      await choose(tab, path)
      const same = async () => {
        const now = await get<NowView>(socket, '/inspect/now')
        const words = now.actors.find((actor) => actor.path === path)?.words ?? ''
        return JSON.stringify(await tab.run(LIT)) === JSON.stringify(leaves(words))
      }
      await until(`${path} lit as it is`, same, 10_000)
    }
  })

  await context.test('a transition comes, is lit and its way shown', async () => {
    await choose(tab, 'adapter/lease')
    await tab.run(`window.seen = []; new MutationObserver(() => {
      const ways = [...document.querySelectorAll('.edge.flash')].map((edge) => edge.dataset.from + '>' + edge.dataset.to)
      for (const way of ways) if (!window.seen.includes(way)) window.seen.push(way)
    }).observe(document.querySelector('#panels'), { subtree: true, attributes: true, attributeFilter: ['class'] })`)
    const renews = 'leading.term.renewal.holding>leading.term.renewal.renewing'
    await tab.wait(
      'the way',
      `window.seen.includes('${renews}') && window.seen.includes('leading.term.renewal.renewing>leading.term')`,
    )
    await tab.wait('its line', `document.querySelector('#log').innerText.includes('renew done')`)
  })

  await context.test('by keys alone: to the time line, back in time, and to now', async () => {
    await choose(tab, 'adapter')
    await tab.run(`document.body.focus(); document.activeElement.blur()`)
    await tab.press('Tab')
    assert.equal(await tab.run('document.activeElement.className'), 'skip')
    for (let at = 0; at < 12 && (await tab.run('document.activeElement.id')) !== 'slider'; at += 1)
      await tab.press('Tab')
    assert.equal(await tab.run('document.activeElement.id'), 'slider')
    await tab.press('Home')
    await tab.wait('the past', `document.querySelector('#link').textContent.startsWith('as of ')`)
    const rows = (await get<{ transitions: TransitionView[] }>(socket, '/inspect/transitions')).transitions
    const own = rows.filter(({ machine }) => machine === 'adapter')
    for (const row of own) {
      await tab.press('ArrowRight')
      await tab.wait(row.to, `JSON.stringify(${LIT}) === ${JSON.stringify(JSON.stringify(leaves(row.to)))}`)
      const words = await tab.run<string>(`document.querySelector('#slider').getAttribute('aria-valuetext')`)
      assert.ok(words.includes(row.event === 'xstate.init' ? 'started' : row.event), words)
    }
    assert.ok(own.length >= 3, 'it was started, stood by, and leads')
    await tab.press('ArrowLeft', 'ArrowLeft')
    await tab.wait('the older state', `${LIT}.includes('role.starting')`)
    assert.equal(await tab.run(`document.querySelector('#lane-ccp .lane-state').textContent`), 'standby')
    await tab.press('End')
    await tab.wait(
      'now',
      `document.querySelector('#link').textContent === 'live' && ${LIT}.includes('role.leading')`,
    )
    assert.equal(await tab.run('document.activeElement.id'), 'slider')
    assert.equal(await tab.run(`document.querySelector('#slider').getAttribute('role')`), 'slider')
    await tab.press('Tab')
    const focused = 'document.activeElement.closest("#actors li")?.dataset.key'
    const first = await tab.run<string>(focused)
    await tab.press('Tab')
    const second = await tab.run<string>(focused)
    assert.ok(first !== undefined && second !== undefined && first !== second)
    await tab.press('Enter')
    await tab.wait('chosen', shows(second))
    await tab.run('new Promise((resolve) => setTimeout(resolve, 1_500))')
    assert.equal(await tab.run(focused), second, 'the focus stays while the list changes')
  })

  await context.test('lanes and warnings tell what the status tells', async () => {
    const { status, lanes } = await get<NowView>(socket, '/inspect/now')
    assert.ok(lanes.every(({ syncedAt }) => syncedAt !== undefined))
    for (const channel of ['ccp', 'mp']) {
      const lane = `document.querySelector('#lane-${channel}').innerText`
      await tab.wait(
        channel,
        `${lane}.includes('watching') && /last full sync\\s+\\d+ (s|min)/.test(${lane}) && /\\d \\/ min/.test(${lane})`,
      )
    }
    assert.ok(status.warnings.length > 0)
    for (const { code } of status.warnings)
      await tab.wait(code, `document.querySelector('#warnings').innerText.includes('${code}')`)
    await choose(tab, 'adapter/lease')
    await tab.click('#log-all')
    await tab.wait('those of others', `document.querySelector('#log').innerText.includes('instances')`)
    await tab.click('#log-all')
    await tab.wait('its own', `!document.querySelector('#log').innerText.includes('instances')`)
  })

  await context.test('light and dark, wide and narrow, with less motion: nothing sticks out', async () => {
    const ground = 'getComputedStyle(document.body).backgroundColor'
    const light = await tab.run(ground)
    for (const scheme of ['light', 'dark']) {
      await tab.media({ 'prefers-color-scheme': scheme, 'prefers-reduced-motion': 'reduce' })
      for (const [width, height] of [
        [1_440, 900],
        [768, 1_024],
        [360, 640],
      ] as const) {
        await tab.resize(width, height)
        for (const path of ['adapter', 'adapter/watches/watch.pods']) {
          await choose(tab, path)
          assert.ok((await tab.run<number>(overflow)) <= 0, `${width} ${scheme} ${path}`)
        }
        if (process.env['PICTURES'] !== undefined)
          await tab.picture(join(process.env['PICTURES'], `inspect-${scheme}-${width}.png`), true)
      }
    }
    assert.notEqual(await tab.run(ground), light)
    assert.equal(
      await tab.run(`getComputedStyle(document.querySelector('.edge path')).transitionDuration`),
      '0s',
    )
    await tab.resize(1_280, 860)
  })

  await context.test(
    'another name and another page get nothing; a page of elsewhere cannot read',
    async () => {
      const port = new URL(address).port
      const client = createHttpClient({ origin, headers: () => ({ host: `evil.example:${port}` }) })
      const answer = await client.request({ method: 'GET', path: '/inspect', headersTimeoutMs: 5_000 })
      assert.equal(answer.status, 403)
      for await (const _ of answer.body);
      await client.close()
      const stranger = await browser.open(`http://localhost:${new URL(adapter.url).port}/livez`)
      await stranger.wait('a page', `document.body.innerText.includes('ok')`)
      assert.equal(
        await stranger.run(
          `fetch('${origin}/inspect/now', { credentials: 'include' }).then(() => 'read', () => 'refused')`,
        ),
        'refused',
      )
    },
  )

  await context.test('nothing was asked of elsewhere, and the policy was kept', async () => {
    assert.deepEqual(tab.troubles, [])
    assert.deepEqual(
      tab.requests.filter((one) => !one.startsWith(`${origin}/`)),
      [],
    )
    assert.equal(
      await tab.run(`fetch('data:text/plain,x').then(() => 'allowed', () => 'refused')`),
      'refused',
      'the policy is in force',
    )
  })

  await context.test('with the command it is gone, and the page says so', async () => {
    assert.ok((await program.stop()) < 3_000)
    await tab.wait(
      'the word',
      `document.querySelector('#link').textContent.startsWith('not connected')`,
      10_000,
    )
    assert.ok(await tab.run(`document.querySelectorAll('.box.lit').length > 0`), 'what was last known stays')
  })
})
