/** `manager`: the NSX-compatible manager alone, as a site without NSX runs it. */
import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { needsPerson } from '../errors.ts'
import { LOG_LEVELS, type Logger, type LogLevel } from '../log/index.ts'
import { createPinoLogger } from '../log/pino.ts'
import { createManager, hashPassword, type ManagerUser } from '../manager/index.ts'
import { type OpenStorage, openFolder, openStorage } from '../manager/store/index.ts'
// Not by the sandbox's index: it loads a whole cluster.
import { createPrivateFolder } from '../sandbox/files.ts'
import { type Clock, type Handler, type Random, sleep } from '../world/index.ts'
import { createRealClock, createRealRandom, type RunningServer, serve } from '../world/real.ts'
import { givenIdentity, ownIdentity, type ServerIdentity } from './manager-identity.ts'
import { prepareReadyFile, writeReadyFile } from './ready-file.ts'
import { readSmallText } from './settings.ts'
import { untilSignal } from './signals.ts'
import { say, table } from './terminal.ts'
import { VERSION } from './version.ts'

interface Listen {
  readonly host: string
  readonly port: number
}

interface Options {
  readonly listen: Listen
  readonly cert?: string
  readonly key?: string
  readonly name: readonly string[]
  readonly user: string
  readonly passwordFile?: string
  readonly data?: string
  readonly restored?: boolean
  readonly publicApiOnly?: boolean
  readonly readyFile?: string
  readonly logLevel: LogLevel
}

/** What the ready file holds. */
export interface ManagerPlaces {
  readonly url: string
  readonly user: string
  /** Path of the certificate that clients trust. */
  readonly ca: string
}

export function configure(command: Command): void {
  command
    .option('--listen <address>', 'host:port, [IPv6]:port or a port alone; port 0 is a free one', listenAt, {
      host: '127.0.0.1',
      port: 8_443,
    })
    .option('--cert <file>', 'certificate chain in PEM; without it one is made and kept with the data')
    .option('--key <file>', 'its key in PEM')
    .option(
      '--name <name>',
      'another DNS name or address for the certificate that is made; may be repeated',
      (name: string, names: readonly string[]) => [...names, name],
      [],
    )
    .option('--user <name>', 'the administrator', userName, 'admin')
    .option('--password-file <file>', 'holds the password of the administrator in its first line')
    .option('--data <folder>', 'keeps the state there; without it everything is in memory')
    .option(
      '--restored',
      'the data come from a backup or a snapshot: adapters must not take them for the newest',
    )
    .option('--public-api-only', "NSX's public API alone, without the channels")
    .option('--ready-file <file>', 'write where everything is as JSON, once it answers')
    .addOption(new Option('--log-level <level>', 'lines of the log').choices(LOG_LEVELS).default('info'))
    .addHelpText(
      'after',
      '\nWithout --password-file a first password is made and printed, once; only its hash is kept.' +
        '\nThe log goes to standard error. SIGTERM and Ctrl-C end it; what was answered is on the disk.' +
        '\n\nExample:\n  antrea-nsx-adapter manager --listen 0.0.0.0:443 --name nsx.example.com --data /var/lib/antrea-nsx-manager',
    )
    .action((options: Options) => run(options, command))
}

async function run(options: Options, command: Command): Promise<void> {
  if ((options.cert === undefined) !== (options.key === undefined))
    command.error('error: --cert and --key go together')
  if (options.restored === true && options.data === undefined) command.error('error: --restored needs --data')
  const clock = createRealClock()
  const random = createRealRandom()
  const log = createPinoLogger({ level: options.logLevel, clock, to: 2 })
  if (options.readyFile !== undefined)
    prepareReadyFile(options.readyFile, (message, cause) =>
      needsPerson('MANAGER_READY_FILE', message, { cause }),
    )
  const signal = untilSignal(clock)
  const undo: (() => unknown)[] = []
  try {
    await start(options, { clock, random, log, undo })
    log.info({ signal: await signal }, 'stopping')
  } finally {
    for (const step of undo.reverse()) await step()
  }
  log.info({}, 'stopped')
}

interface World {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** How what was started ends; the last one first. */
  readonly undo: (() => unknown)[]
}

/** Resolves when it answers. */
async function start(options: Options, { clock, random, log, undo }: World): Promise<void> {
  const storage = openState(options, { clock, random, log, undo })
  const identity = await identityOf(options, clock, undo)
  const { user, made } = await administrator(options, storage, random, log)
  const manager = createManager({
    clock,
    random,
    log,
    users: [user],
    ...(storage === undefined ? {} : { storage }),
    ...(options.data === undefined ? {} : { contentFolder: join(resolve(options.data), 'content') }),
    ...(options.data === undefined ? {} : { contentFolder: join(resolve(options.data), 'content') }),
    ...(options.publicApiOnly === true ? { publicApiOnly: true } : {}),
  })
  undo.push(() => manager.close())
  const open = countOpen(manager.handler, clock)
  const server = await listenOn(options.listen, open.handler, identity, log)
  undo.push(async () => {
    await open.drained()
    // Streams hear `bye` while their sockets are there.
    manager.close()
    await sleep(clock, DRAIN_LOOK_MS)
    await server.close()
  })
  // What is said here is on the disk first: a password that was printed must be right after a kill, too.
  await storage?.settled()
  const url = `https://${hostInUrl(options.listen.host)}:${server.port}`
  const places: ManagerPlaces = { url, user: user.name, ca: resolve(identity.ca) }
  warnOfExpiry(identity, clock, log, undo)
  log.info({ version: VERSION, ...places, data: options.data ?? 'in memory' }, 'the manager answers')
  say(placesText(places, made, options))
  if (options.readyFile !== undefined) writeReadyFile(options.readyFile, places)
}

function openState(
  { data, restored }: Options,
  { clock, random, log, undo }: World,
): OpenStorage | undefined {
  if (data === undefined) return undefined
  const storage = openStorage({
    folder: openFolder(resolve(data)),
    clock,
    log,
    token: random.uuid(),
    defer: (work) => void setImmediate(work),
    ...(restored === true ? { restored } : {}),
  })
  undo.push(() => storage.close())
  return storage
}

async function identityOf(
  { cert, key, data, listen, name }: Options,
  clock: Clock,
  undo: World['undo'],
): Promise<ServerIdentity> {
  if (cert !== undefined && key !== undefined) return givenIdentity(cert, key)
  if (data !== undefined) return ownIdentity(join(resolve(data), 'pki'), listen.host, name, clock)
  const folder = createPrivateFolder()
  undo.push(() => folder.remove())
  return ownIdentity(folder.path, listen.host, name, clock)
}

const PASSWORD_CHARS_MAX = 1_024

/** The one who may log in; `made` is a password that was made now, to be printed. */
async function administrator(
  { user: name, passwordFile }: Options,
  storage: OpenStorage | undefined,
  random: Random,
  log: Logger,
): Promise<{ readonly user: ManagerUser; readonly made?: string }> {
  const known = new Map(storage?.kept('user') ?? []).get(name)
  if (passwordFile === undefined && typeof known === 'string') return { user: { name, passwordHash: known } }
  const made = passwordFile === undefined ? madePassword(random) : undefined
  const password = made ?? passwordFrom(passwordFile ?? '', log)
  const salt = Buffer.from(`${random.uuid()}${random.uuid()}`.replaceAll('-', ''), 'hex')
  const passwordHash = await hashPassword(password, salt)
  storage?.keep('user', name, passwordHash)
  return { user: { name, passwordHash }, ...(made === undefined ? {} : { made }) }
}

/** 122 random bits, with a capital, a digit and a sign for clients that ask for them. */
const madePassword = (random: Random): string =>
  `Nsx-${Buffer.from(random.uuid().replaceAll('-', ''), 'hex').toString('base64url')}`

function passwordFrom(file: string, log: Logger): string {
  const [password = ''] = readSmallText(file, '--password-file').split(/\r?\n/)
  if (password === '' || password.length > PASSWORD_CHARS_MAX)
    throw needsPerson(
      'MANAGER_PASSWORD_FILE',
      `${file} must hold a password of up to ${PASSWORD_CHARS_MAX} characters in its first line`,
    )
  if ((statSync(file).mode & 0o007) !== 0)
    log.warn({ file }, 'everybody on this machine can read the password file; take the rights of others away')
  return password
}

/** How many calls are being answered, so that a stop waits for them. Streams are not: they were told `bye`. */
function countOpen(handler: Handler, clock: Clock): { readonly handler: Handler; drained(): Promise<void> } {
  let open = 0
  return {
    async handler(request) {
      open += 1
      try {
        return await handler(request)
      } finally {
        open -= 1
      }
    },
    async drained() {
      const endMs = clock.monotonicMs() + DRAIN_MS
      while (open > 0 && clock.monotonicMs() < endMs) await sleep(clock, DRAIN_LOOK_MS)
    },
  }
}

const DRAIN_MS = 2_000
const DRAIN_LOOK_MS = 20

async function listenOn(
  { host, port }: Listen,
  handler: Handler,
  { cert, key }: ServerIdentity,
  log: Logger,
): Promise<RunningServer> {
  try {
    // Clients are known by the fingerprints that were registered; no authority vouches for them.
    return await serve({ handler, host, port, tls: { cert, key, requestCert: true }, log })
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause)
    throw needsPerson(
      'MANAGER_CANNOT_LISTEN',
      `the manager cannot listen on ${hostInUrl(host)}:${port} (${words}); choose another --listen`,
      { cause },
    )
  }
}

const EXPIRY_LOOK_MS = 86_400_000
const EXPIRY_WARN_MS = 30 * EXPIRY_LOOK_MS

function warnOfExpiry({ notAfterMs }: ServerIdentity, clock: Clock, log: Logger, undo: World['undo']): void {
  const look = () => {
    const left = notAfterMs - clock.now()
    if (left < EXPIRY_WARN_MS)
      log.warn(
        { expires: new Date(notAfterMs).toISOString() },
        'the certificate of the manager expires soon; one that was made here is renewed by a restart',
      )
    timer = clock.setTimeout(look, EXPIRY_LOOK_MS)
  }
  let timer: ReturnType<Clock['setTimeout']> | undefined
  look()
  undo.push(() => clock.clearTimeout(timer))
}

const hostInUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host)

const placesText = (
  { url, user, ca }: ManagerPlaces,
  made: string | undefined,
  { data, publicApiOnly }: Options,
): string =>
  [
    table([
      ['manager', url],
      ['  user', user],
      ...(made === undefined ? [] : [['  password', `${made}  (made now; it is not shown again)`]]),
      ['  CA', ca],
      ['data', data === undefined ? 'in memory: they end with this process' : resolve(data)],
      ...(publicApiOnly === true ? [['channels', 'none: the public API alone']] : []),
    ]),
    '',
    'Try, in another terminal:',
    `  curl --cacert ${ca} -u ${user} ${url}/api/v1/node/version`,
    '',
  ].join('\n')

function listenAt(text: string): Listen {
  const [, bracketed, host = bracketed, port] = /^(?:\[([^\]]+)\]:|([^:[\]]+):)?(\d{1,5})$/.exec(text) ?? []
  const number = Number(port)
  if (port === undefined || number > 65_535)
    throw new InvalidArgumentError('It must be host:port, [IPv6]:port or a port from 0 to 65535.')
  return { host: host ?? '127.0.0.1', port: number }
}

function userName(text: string): string {
  if (!/^[\w.@-]{1,255}$/.test(text))
    throw new InvalidArgumentError('It must be letters, digits and ._@- (no colon: basic authentication).')
  return text
}
