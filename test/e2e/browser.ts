/**
 * A real headless Chromium, driven by the DevTools protocol over its pipe: no port, no package, nothing fetched. It keeps
 * what went wrong by itself: errors of the console, what the page's policy refused, requests to anywhere else.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex, Readable, Writable } from 'node:stream'
import { pause, until } from './process.ts'

const NAMES = [
  process.env['CHROMIUM'],
  'chromium-headless-shell',
  'chromium',
  'chromium-browser',
  'google-chrome',
]

/** The browser's program; undefined where there is none. */
export function findChromium(): string | undefined {
  return NAMES.find(
    (name) => name !== undefined && name !== '' && spawnSync(name, ['--version']).status === 0,
  )
}

type Fields = Readonly<Record<string, unknown>>

export interface Browser {
  /** A tab with a session of its own, of nothing that another tab has. */
  open(url: string, size?: { width: number; height: number }): Promise<Tab>
  close(): Promise<void>
}

export interface Tab {
  /** Runs an expression in the page and gives its value; promises are waited for. Rejects with what it throws. */
  run<T>(expression: string): Promise<T>
  /** Waits until an expression is true-ish; fails with what the page shows then. */
  wait<T>(what: string, expression: string, limitMs?: number): Promise<T>
  /** Everything in the page that is shown as text. */
  text(): Promise<string>
  /** Presses keys one after another: a name as `Tab`, `Shift+Tab`, or characters. */
  press(...keys: readonly string[]): Promise<void>
  /** Types into what has the focus. */
  type(text: string): Promise<void>
  /** Clicks the middle of the first element of this selector, as a mouse does. */
  click(selector: string): Promise<void>
  goto(hash: string): Promise<void>
  /** Media features, as `prefers-color-scheme: dark`. */
  media(features: Readonly<Record<string, string>>): Promise<void>
  resize(width: number, height: number): Promise<void>
  picture(file: string, whole?: boolean): Promise<void>
  reload(): Promise<void>
  /** Whether requests get no answer at all. */
  offline(is: boolean): Promise<void>
  /** What went wrong so far: console errors, exceptions, refusals of the policy. */
  readonly troubles: string[]
  /** Addresses of all requests. */
  readonly requests: string[]
}

/** Starts it. The caller closes it. */
export async function startBrowser(program: string): Promise<Browser> {
  const folder = mkdtempSync(join(tmpdir(), 'antrea-nsx-browser-'))
  const child = spawn(
    program,
    [
      '--headless',
      '--no-sandbox',
      '--remote-debugging-pipe',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--force-color-profile=srgb',
      `--user-data-dir=${folder}`,
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
  )
  const wire = createWire(child)
  return {
    async open(url, size = { width: 1_280, height: 860 }) {
      const { browserContextId } = await wire.send('Target.createBrowserContext')
      const { targetId } = await wire.send('Target.createTarget', { url: 'about:blank', browserContextId })
      const { sessionId } = await wire.send('Target.attachToTarget', { targetId, flatten: true })
      return openTab(wire, String(sessionId), url, size)
    },
    async close() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      if (child.exitCode === null) child.kill('SIGTERM')
      const force = setTimeout(() => child.kill('SIGKILL'), 3_000)
      if (child.exitCode === null && child.signalCode === null) await ended
      clearTimeout(force)
      for (const stream of child.stdio) stream?.destroy()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

interface Wire {
  send(method: string, params?: Fields, sessionId?: string): Promise<Fields>
  on(sessionId: string, listener: (method: string, params: Fields) => void): void
}

const ANSWER_MS = 20_000

/** Messages are JSON with a zero byte after each, in on descriptor 3 and out on 4. */
function createWire(child: ChildProcess): Wire {
  const [, , , input, output] = child.stdio as unknown as [null, null, null, Writable & Duplex, Readable]
  const waiting = new Map<number, { resolve: (value: Fields) => void; reject: (error: Error) => void }>()
  const listeners = new Map<string, (method: string, params: Fields) => void>()
  let last = 0
  let rest = ''
  output.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\0')
    rest = parts.pop() ?? ''
    for (const part of parts) hear(JSON.parse(part) as Fields)
  })
  input.on('error', () => {})
  output.on('error', () => {})
  child.once('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error('the browser has ended'))
    waiting.clear()
  })
  const hear = ({ id, result, error, method, params, sessionId }: Fields) => {
    if (typeof id !== 'number') return listeners.get(String(sessionId))?.(String(method), params as Fields)
    const asked = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) asked?.resolve(result as Fields)
    else asked?.reject(new Error(`the browser refuses: ${JSON.stringify(error)}`))
  }
  return {
    on: (sessionId, listener) => void listeners.set(sessionId, listener),
    send: (method, params = {}, sessionId) =>
      new Promise((resolve, reject) => {
        last += 1
        const timer = setTimeout(() => reject(new Error(`no answer to ${method}`)), ANSWER_MS)
        waiting.set(last, {
          resolve(value) {
            clearTimeout(timer)
            resolve(value)
          },
          reject(error) {
            clearTimeout(timer)
            reject(error)
          },
        })
        const session = sessionId === undefined ? {} : { sessionId }
        input.write(`${JSON.stringify({ id: last, method, params, ...session })}\0`)
      }),
  }
}

/** Keys by name: code, virtual key code, and the text they make. */
const KEYS: Readonly<Record<string, readonly [number, string?]>> = {
  Tab: [9],
  Enter: [13, '\r'],
  Escape: [27],
  ArrowDown: [40],
  ArrowLeft: [37],
  ArrowRight: [39],
  ArrowUp: [38],
  End: [35],
  Home: [36],
  PageDown: [34],
  PageUp: [33],
  Space: [32, ' '],
  Backspace: [8],
}

async function openTab(
  wire: Wire,
  session: string,
  url: string,
  size: { width: number; height: number },
): Promise<Tab> {
  const troubles: string[] = []
  const requests: string[] = []
  const send = (method: string, params?: Fields) => wire.send(method, params, session)
  wire.on(session, (method, params) => {
    const trouble = troubleOf(method, params)
    if (trouble !== undefined) troubles.push(trouble)
    if (method === 'Network.requestWillBeSent')
      requests.push(String((params['request'] as { url: string }).url))
    // A client certificate or a dialog is asked for by no page of ours.
    if (method === 'Page.javascriptDialogOpening') {
      troubles.push(`dialog: ${String(params['message'])}`)
      void send('Page.handleJavaScriptDialog', { accept: false })
    }
  })
  for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await send(`${domain}.enable`)
  await send('Security.setIgnoreCertificateErrors', { ignore: true })
  const run = async <T>(expression: string): Promise<T> => {
    const { result, exceptionDetails } = await send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
      userGesture: true,
    })
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails).slice(0, 2_000))
    return (result as { value: T }).value
  }
  const text = () => run<string>('document.body?.innerText ?? ""')
  const resize = async (width: number, height: number) =>
    void (await send('Emulation.setDeviceMetricsOverride', {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: false,
    }))
  const key = async (name: string) => {
    const [shift, base = name] = name.startsWith('Shift+') ? [8, name.slice(6)] : [0, name]
    const [code, made] = KEYS[base] ?? [base.toUpperCase().charCodeAt(0), base]
    const event = {
      key: base === 'Space' ? ' ' : base,
      code: base,
      windowsVirtualKeyCode: code,
      modifiers: shift,
    }
    await send('Input.dispatchKeyEvent', {
      type: 'keyDown',
      ...event,
      ...(made === undefined ? {} : { text: made }),
    })
    await send('Input.dispatchKeyEvent', { type: 'keyUp', ...event })
  }
  await resize(size.width, size.height)
  await send('Page.navigate', { url })
  return {
    run,
    text,
    resize,
    troubles,
    requests,
    async wait<T>(what: string, expression: string, limitMs = 15_000) {
      let seen = ''
      const look = async () => {
        const value = await run<T>(expression).catch(() => undefined)
        if (value) return value
        seen = await text().catch(() => 'no page')
        return undefined
      }
      return until(what, look, limitMs, () => `${seen.slice(0, 3_000)}\n${troubles.join('\n')}`) as Promise<T>
    },
    async press(...keys) {
      for (const name of keys) await key(name)
    },
    type: async (words) => void (await send('Input.insertText', { text: words })),
    async click(selector) {
      const place = await run<{ x: number; y: number } | null>(
        `(() => { const e = document.querySelector(${JSON.stringify(selector)}); if (!e) return null; e.scrollIntoView({ block: 'center' }); const r = e.getBoundingClientRect(); return { x: r.x + r.width / 2, y: r.y + r.height / 2 } })()`,
      )
      if (place === null) throw new Error(`nothing to click: ${selector}\n${await text()}`)
      for (const type of ['mousePressed', 'mouseReleased'])
        await send('Input.dispatchMouseEvent', { type, ...place, button: 'left', clickCount: 1 })
    },
    goto: async (hash) => {
      await run(`void (location.hash = ${JSON.stringify(hash)})`)
    },
    media: async (features) =>
      void (await send('Emulation.setEmulatedMedia', {
        features: Object.entries(features).map(([name, value]) => ({ name, value })),
      })),
    async picture(file, whole = false) {
      // What has just changed is laid out and painted.
      await pause(120)
      const { data } = await send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: whole })
      writeFileSync(file, Buffer.from(String(data), 'base64'))
    },
    reload: async () => void (await send('Page.reload')),
    offline: async (offline) =>
      void (await send('Network.emulateNetworkConditions', {
        offline,
        latency: 0,
        downloadThroughput: -1,
        uploadThroughput: -1,
      })),
  }
}

/** In words; undefined for what is no trouble. A status that a call is refused with is the page's own matter. */
function troubleOf(method: string, params: Fields): string | undefined {
  if (method === 'Runtime.exceptionThrown')
    return `exception: ${JSON.stringify(params['exceptionDetails']).slice(0, 1_000)}`
  if (
    method === 'Runtime.consoleAPICalled' &&
    ['error', 'warning', 'assert'].includes(String(params['type']))
  )
    return `console: ${JSON.stringify(params['args']).slice(0, 1_000)}`
  if (method !== 'Log.entryAdded') return undefined
  const entry = params['entry'] as { source: string; level: string; text: string; url?: string }
  if (entry.level !== 'error' && entry.source !== 'security') return undefined
  return entry.source === 'network' ? undefined : `${entry.source}: ${entry.text} ${entry.url ?? ''}`
}
