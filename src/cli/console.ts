/** `console`: the page with the live charts, for a browser on this machine, for as long as the command runs. */
import { spawn } from 'node:child_process'
import { type Command, InvalidArgumentError } from 'commander'
import { waitFor } from '../errors.ts'
import { createConsole } from '../serve/index.ts'
import {
  createHttpClient,
  createRealClock,
  createRealRandom,
  type RunningServer,
  serve,
} from '../world/real.ts'
import { addSocketOption, ask } from './endpoint.ts'
import { untilSignal } from './signals.ts'
import { say } from './terminal.ts'

export function configure(command: Command): void {
  addSocketOption(command)
  command
    .option('--port <port>', 'of the page, on loopback; a free one without it', port, 0)
    .option('--open', 'open the address in the browser of this desktop (xdg-open)')
    .addHelpText(
      'after',
      '\nThe address lets one browser in, once. It listens on 127.0.0.1 alone, only shows, and ends at Ctrl-C.' +
        '\nFrom elsewhere: ssh -L PORT:127.0.0.1:PORT NODE, with --port PORT here.' +
        '\n\nExamples:\n  antrea-nsx-adapter console\n  antrea-nsx-adapter console --port 8088 --open',
    )
    .action(run)
}

interface Options {
  readonly socket: string
  readonly port: number
  readonly open?: boolean
}

async function run({ socket, port: wanted, open }: Options): Promise<void> {
  const clock = createRealClock()
  // A daemon that does not answer is told now, not in the browser.
  await ask(socket, 'GET', '/inspect/now')
  const upstream = createHttpClient({ origin: 'http://localhost', socketPath: socket })
  let server: RunningServer | undefined
  const { handler, path } = createConsole({
    upstream,
    clock,
    random: createRealRandom(),
    port: () => server?.port ?? 0,
  })
  try {
    server = await serve({ handler, host: '127.0.0.1', port: wanted }).catch((cause: unknown) => {
      const words = cause instanceof Error ? cause.message : String(cause)
      throw waitFor('CONSOLE_CANNOT_LISTEN', `127.0.0.1:${wanted}: ${words}; choose another --port`, {
        cause,
      })
    })
    const address = `http://127.0.0.1:${server.port}${path}`
    say(`Open ${address}`)
    say('It lets one browser in, once. Ctrl-C ends it.')
    if (open === true) openBrowser(address)
    await untilSignal(clock)
  } finally {
    await server?.close()
    await upstream.close()
  }
}

/** Without a desktop there is nothing to open it; the address is printed in any case. */
function openBrowser(address: string): void {
  const child = spawn('xdg-open', [address], { stdio: 'ignore', detached: true })
  child.on('error', (error) => {
    process.stderr.write(
      `antrea-nsx-adapter: no browser was opened (${error.message}): open the address yourself\n`,
    )
  })
  child.unref()
}

function port(text: string): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number > 65_535)
    throw new InvalidArgumentError('It must be a port from 0 to 65535; 0 is a free one.')
  return number
}
