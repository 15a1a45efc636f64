/** The Go program of this folder as a process: one command a line in, one JSON answer a line out. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { goBuild } from '../real/harness/go-build.ts'
import { tierOf } from '../real/harness/tier.ts'

const tier = tierOf(
  'client-go',
  goBuild({
    folder: import.meta.dirname,
    cache: 'clientgo',
    programs: { clientgo: '.' },
    flags: ['-trimpath', '-ldflags', '-s -w'],
    subject: 'the client-go program',
    usual: '2 minutes',
  }),
)

/** Goes into the options of each test: `false`, or why it is skipped. REAL_TIER=required skips nothing. */
export const { skip } = tier

const ANSWER_LIMIT_MS = 60_000

export interface Program {
  readonly pid: number
  /** The next line it says, whatever that answers. */
  next<T>(limitMs?: number): Promise<T>
  /** Sends a command and reads the next line. Rejects with the `error` the line may hold. */
  ask<T>(command: string): Promise<T>
  send(command: string): void
  /** Ends its standard input, at which it ends. */
  stop(): Promise<void>
  kill(): Promise<void>
}

/** Starts one part of the program. It cannot outlive this process: its standard input ends with it. */
export async function startProgram(
  part: 'informers' | 'write' | 'elect',
  kubeconfig: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Program> {
  const { clientgo } = await tier.programs()
  const child = spawn(clientgo, [part, kubeconfig, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = `${complaints}${text}`.slice(-4_000)
  })
  child.stdin.on('error', () => {})
  const answers = lines(child, () => complaints)
  const next = async <T>(limitMs = ANSWER_LIMIT_MS) => JSON.parse(await answers.next(limitMs)) as T
  const send = (command: string) => void child.stdin.write(`${command}\n`)
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const end = async (signal: () => void) => {
    signal()
    const force = setTimeout(() => child.kill('SIGKILL'), 5_000)
    await exited
    clearTimeout(force)
  }
  return {
    pid: child.pid ?? -1,
    next,
    send,
    async ask<T>(command: string) {
      send(command)
      const answer = await next<T & { readonly error?: string }>()
      if (typeof answer === 'object' && answer !== null && typeof answer.error === 'string')
        throw new Error(`${command}: ${answer.error}`)
      return answer
    },
    stop: () => end(() => child.stdin.end()),
    kill: () => end(() => child.kill('SIGKILL')),
  }
}

interface Waiting {
  resolve(line: string): void
  reject(error: Error): void
}

function lines(child: ChildProcess, complaints: () => string) {
  const unread: string[] = []
  const waiting: Waiting[] = []
  let isOver = false
  const over = () => new Error(`the client-go program has ended:\n${complaints()}`)
  if (child.stdout === null) throw new Error('the program has no output')
  createInterface({ input: child.stdout }).on('line', (line) => {
    const first = waiting.shift()
    if (first === undefined) unread.push(line)
    else first.resolve(line)
  })
  child.once('close', () => {
    isOver = true
    for (const one of waiting.splice(0)) one.reject(over())
  })
  return {
    next: (limitMs: number) =>
      new Promise<string>((resolve, reject) => {
        const line = unread.shift()
        if (line !== undefined) return resolve(line)
        if (isOver) return reject(over())
        const one: Waiting = {
          resolve(text) {
            clearTimeout(timer)
            resolve(text)
          },
          reject(error) {
            clearTimeout(timer)
            reject(error)
          },
        }
        const timer = setTimeout(() => {
          waiting.splice(waiting.indexOf(one), 1)
          reject(new Error(`the client-go program said nothing for ${limitMs} ms:\n${complaints()}`))
        }, limitMs)
        waiting.push(one)
        return undefined
      }),
  }
}
