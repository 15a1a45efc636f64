/** The page with the charts with 10,000 transitions kept, with bursts, with words that are an attack, and with a daemon that goes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ActorView,
  type LiveLine,
  type NowView,
  pageAnswer,
  type TransitionView,
} from '../../src/serve/ui/index.ts'
import type { Handler, ServerResponse } from '../../src/world/index.ts'
import { serve } from '../../src/world/real.ts'
import { findChromium, startBrowser } from './browser.ts'

const chromium = findChromium()
const skip =
  chromium === undefined && process.env['REAL_TIER'] !== 'required'
    ? 'no Chromium: install chromium-headless-shell, or name one with CHROMIUM'
    : false

const ROWS = 10_000
const HOSTILE = '<img src=x onerror="window.taken=1"><script>window.taken=2</script>'
const HOLDING = 'leading.term.renewal.holding leading.term.clocks.even'
const RENEWING = 'leading.term.renewal.renewing leading.term.clocks.even'
const START = Date.now() - 3 * 3_600_000

/** A lease that is renewed all the time, and a channel that breaks now and then. */
const rows: TransitionView[] = Array.from({ length: ROWS }, (_, at) => {
  const isLease = at % 5 !== 0
  const [from, to] = at % 2 === 0 ? [HOLDING, RENEWING] : [RENEWING, HOLDING]
  const [was, is] = at % 10 === 0 ? ['link.waiting', 'link.connecting'] : ['link.connecting', 'link.waiting']
  return {
    at: START + at * 1_000,
    machine: isLease ? 'adapter/lease' : 'adapter/ccp',
    from: isLease ? from : `${was} enforcement.idle`,
    to: isLease ? to : `${is} enforcement.idle`,
    event: isLease ? 'xstate.done.actor.0.lease.leading.term.renewal.renewing' : 'RENEWED',
  }
})

/** As much again, of three hours before. */
const OLDER = rows.map((row) => ({ ...row, at: row.at - ROWS * 1_000 }))

const actor = (path: string, chart: string, words: string): ActorView => ({
  path,
  chart,
  words,
  since: START,
  states: words.split(' ').map((state) => ({ path: state, since: START })),
  startedAt: START,
  events: 1,
  timers: [{ name: 'backoff', state: 'link.waiting', at: Date.now() + 60_000 }],
  context: { error: HOSTILE },
})

const now = (): NowView => ({
  kind: 'now',
  at: Date.now(),
  actors: [
    actor('adapter', 'adapter', 'role.leading lease.running'),
    actor('adapter/ccp', 'ccp', 'link.refused enforcement.idle'),
    actor('adapter/lease', 'lease', HOLDING),
    actor('adapter/mp', 'mp', 'link.waiting inventory.idle'),
    actor(`adapter/${HOSTILE}`, HOSTILE, HOSTILE.replaceAll(' ', '.')),
  ],
  lanes: [
    {
      channel: 'ccp',
      frames: 1,
      changes: 2,
      written: 3,
      lagMs: 60_000,
      guarded: true,
      session: { at: START, state: 'ended', code: HOSTILE },
    },
    { channel: 'mp', frames: 1, changes: 2, written: 3, syncedAt: START, lagMs: 0, guarded: false },
  ],
  status: {
    ready: false,
    reasons: [HOSTILE],
    role: 'leading',
    instance: HOSTILE,
    cluster: { id: 'c', name: HOSTILE },
    version: '0',
    warnings: [
      { code: 'HOSTILE', title: HOSTILE, detail: HOSTILE, text: HOSTILE, severity: 'error', since: START },
    ],
  },
})

interface Told {
  lines: LiveLine[]
  isPastLost?: boolean
  isUp: boolean
}

function handlerOf(told: Told): Handler {
  const json = (body: unknown): ServerResponse => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  async function* live(signal: AbortSignal) {
    let sent = told.lines.length
    let beat = 0
    while (told.isUp && !signal.aborted) {
      const fresh = told.lines.slice(sent).map((line) => `${JSON.stringify(line)}\n`)
      sent = told.lines.length
      const moment = beat % 20 === 0 ? `${JSON.stringify(now())}\n` : ''
      if (moment !== '' || fresh.length > 0) yield fresh.join('') + moment
      beat += 1
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  return async (request) => {
    if (!told.isUp) return { status: 502, body: JSON.stringify({ message: 'the daemon is gone' }) }
    if (request.path === '/inspect/live') return { status: 200, body: live(request.signal) }
    if (told.isPastLost === true && request.path === '/inspect/transitions')
      return { status: 503, body: JSON.stringify({ message: 'disk full' }) }
    if (request.path === '/inspect/span') return json({ oldest: OLDER[0]?.at, transitions: 2 * ROWS })
    const until = Number(request.query.get('until') ?? Number.POSITIVE_INFINITY)
    if (request.path === '/inspect/transitions')
      return json({ transitions: [...OLDER, ...rows].filter(({ at }) => at <= until).slice(-ROWS) })
    if (request.path === '/inspect/at') return json({ at: 0, transitions: [], warnings: [] })
    return pageAnswer(request) ?? { status: 404 }
  }
}

const LIT = `[...document.querySelectorAll('.box.lit:not(.outer)')].map((box) => box.dataset.path).join(' ')`
/** On an idle machine a key takes some 5 to 15 ms; a busy one is given much more. */
const KEY_LIMIT_MS = 750

test('the charts with a long past', { skip }, async (context) => {
  assert.ok(chromium, 'a Chromium is needed here: install chromium-headless-shell')
  const told: Told = { lines: [], isUp: true }
  const server = await serve({ handler: handlerOf(told) })
  context.after(() => server.close())
  const browser = await startBrowser(chromium)
  context.after(() => browser.close())
  const beganMs = performance.now()
  const tab = await browser.open(`http://127.0.0.1:${server.port}/inspect#adapter%2Flease`)
  const moment = `document.querySelector('#moment').textContent`
  await tab.wait('all of it', `${moment}.includes('10,000 transitions')`)
  context.diagnostic(`10,000 transitions are there after ${Math.round(performance.now() - beganMs)} ms`)

  await context.test('what is broken comes first, then what waits', async () => {
    const order = `[...document.querySelectorAll('#actors li')].map((item) => item.dataset.key).slice(0, 3).join(' ')`
    await tab.wait('the order', `${order} === 'adapter/ccp adapter/mp adapter'`)
  })

  await context.test('keys go through the past without waiting', async () => {
    await tab.run(`document.querySelector('#slider').focus()`)
    await tab.press('Home')
    await tab.wait('the oldest', `document.querySelector('#link').textContent.startsWith('as of ')`)
    const key = (name: string) =>
      `(async () => { const from = performance.now(); for (let at = 0; at < 20; at += 1) {
         document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: '${name}', bubbles: true }))
         await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))) }
         return (performance.now() - from) / 20 })()`
    for (const name of ['ArrowRight', 'PageUp', 'ArrowLeft', 'PageDown']) {
      const ms = await tab.run<number>(key(name))
      context.diagnostic(`${name}: ${ms.toFixed(1)} ms`)
      assert.ok(ms < KEY_LIMIT_MS, `${name}: ${ms} ms`)
    }
    await tab.press('Home', 'ArrowRight', 'ArrowRight')
    await tab.wait(
      'its state',
      `${LIT} === ${JSON.stringify(rows[2]?.to.split(' ').reverse().join(' '))} || ${LIT} === ${JSON.stringify(rows[2]?.to)}`,
    )
    await tab.run(`document.querySelector('#time button:nth-of-type(3)').click()`)
    await tab.press('End')
    await tab.wait('now', `document.querySelector('#link').textContent === 'live'`)
  })

  await context.test('a click on the time line shows that moment', async () => {
    await tab.click('#slider')
    await tab.wait('the past', `document.querySelector('#link').textContent.startsWith('as of ')`)
    const shown = await tab.run<number>(
      `Number(document.querySelector('#slider').getAttribute('aria-valuenow'))`,
    )
    const middle = await tab.run<number>(
      `(() => { const s = document.querySelector('#slider'); return (Number(s.getAttribute('aria-valuemin')) + Number(s.getAttribute('aria-valuemax'))) / 2 })()`,
    )
    assert.ok(Math.abs(shown - middle) < 600_000, 'all of the past is on the line')
    await tab.press('Escape')
    await tab.wait('now', `document.querySelector('#link').textContent === 'live'`)
  })

  await context.test(
    'what is kept beyond that is gone to by time, or step by step, and left again',
    async () => {
      const ago = (ms: number) =>
        `Math.abs(Number(document.querySelector('#slider').getAttribute('aria-valuenow')) - (Date.now() - ${ms})) < 5_000`
      await tab.run(`document.querySelector('#go-to').focus()`)
      await tab.type('soon')
      await tab.press('Enter')
      assert.equal(await tab.run(`document.querySelector('#go-to').getAttribute('aria-invalid')`), 'true')
      await tab.run(`document.querySelector('#go-to').select()`)
      await tab.type('5h ago')
      await tab.press('Enter')
      await tab.wait(
        'five hours ago',
        `document.querySelector('#link').textContent.startsWith('as of ') && ${ago(5 * 3_600_000)}`,
      )
      assert.equal(await tab.run(`document.querySelector('#go-to').getAttribute('aria-invalid')`), 'false')
      await tab.click('#to-now')
      await tab.wait(
        'now',
        `document.querySelector('#link').textContent === 'live' && ${moment}.includes('10,000 transitions')`,
      )
      await tab.wait('there is more', `!document.querySelector('#older').disabled`)
      await tab.click('#older')
      await tab.wait(
        'the newest of the older ones',
        `document.querySelector('#link').textContent.startsWith('as of ') && Number(document.querySelector('#slider').getAttribute('aria-valuenow')) < ${START}`,
      )
      assert.equal(
        await tab.run(`document.querySelector('#older').disabled`),
        true,
        'before these nothing is kept',
      )
      await tab.run(`document.querySelector('#slider').focus()`)
      await tab.press('Escape')
      await tab.wait('now', `document.querySelector('#link').textContent === 'live'`)
    },
  )

  await context.test('a burst is taken in, and the past stays bounded', async () => {
    const burst = rows
      .slice(0, 3_000)
      .map((row, at): LiveLine => ({ ...row, kind: 'transition', at: Date.now() + at / 10 }))
    await tab.run(
      `window.longest = 0; (function count(last) { requestAnimationFrame((now) => { window.longest = Math.max(window.longest, now - last); count(now) }) })(performance.now())`,
    )
    const newest = `document.querySelector('#log li').dataset.key`
    const before = Number(await tab.run(newest))
    told.lines.push(...burst)
    await tab.wait('the last of it', `Number(${newest}) >= ${before} + 2_990`)
    const kept = Number((await tab.run<string>(moment)).replace(/[^\d]*([\d,]+) tr.*/, '$1').replace(',', ''))
    assert.ok(kept >= ROWS && kept <= ROWS + 250, `${kept} are kept`)
    const longest = await tab.run<number>('window.longest')
    context.diagnostic(`longest pause while 3,000 came at once: ${Math.round(longest)} ms`)
    assert.ok(longest < 5_000, 'it is drawn meanwhile')
    assert.ok((await tab.run<number>('document.querySelectorAll("*").length')) < 4_000, 'few elements')
  })

  await context.test('words from outside are text and nothing else', async () => {
    await tab.run(`document.querySelector('#actors li:last-child button').click()`)
    for (const key of await tab.run<number[]>(
      `[...document.querySelectorAll('#actors li button')].map((_, at) => at)`,
    )) {
      await tab.run(`document.querySelectorAll('#actors li button')[${key}].click()`)
      await tab.run('new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 30)))')
    }
    assert.equal(await tab.run('window.taken'), undefined)
    assert.equal(await tab.run(`document.querySelectorAll('main img, main script').length`), 0)
    assert.ok(await tab.run(`document.querySelector('#warnings').textContent.includes('<img src=x')`))
    assert.ok(
      (await tab.run<number>(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      )) <= 0,
    )
  })

  await context.test('a daemon that goes is told of, and found again', async () => {
    told.isUp = false
    await tab.wait('the word', `document.querySelector('#link').textContent.startsWith('not connected: ')`)
    told.isUp = true
    await tab.wait('live again', `document.querySelector('#link').textContent === 'live'`)
    await tab.wait('its past', `${moment}.includes('10,000 transitions')`)
  })

  await context.test('a past that cannot be read is told, and what comes is shown', async () => {
    told.isPastLost = true
    const other = await browser.open(`http://127.0.0.1:${server.port}/inspect#%E0%A4%A`)
    await other.wait('the word', `${moment}.includes('cannot be read: disk full')`)
    await other.wait('the states', `document.querySelectorAll('.box.lit').length > 0`)
    assert.deepEqual(other.troubles, [])
  })
  assert.deepEqual(tab.troubles, [])
})
