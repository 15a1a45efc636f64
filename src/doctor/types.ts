/** A check, what it finds, and what it may look at. */
import type { LoadedConfig } from '../config/index.ts'
import type { Access, KubeClient } from '../kube/index.ts'
import type { NsxRest } from '../nsx/index.ts'
import type { Clock, HttpClient } from '../world/index.ts'

export const GROUPS = ['configuration', 'machine', 'kubernetes', 'antrea', 'nsx'] as const
export type Group = (typeof GROUPS)[number]

export interface Problem {
  /** A `warning` is worth a look; a `failed` keeps the adapter, or a part of it, from doing its work. */
  readonly severity: 'failed' | 'warning'
  /** `explain CODE` says more. */
  readonly code: string
  readonly cause: string
  /** A command, or what to change and where. */
  readonly fix: string
}

/** `skipped`: it cannot be looked at here, and why. */
export interface Finding {
  /** What was seen, in a line. */
  readonly detail: string
  readonly problems?: readonly Problem[]
  readonly skipped?: boolean
}

export interface Check {
  /** Kebab-case. */
  readonly name: string
  readonly group: Group
  /** What it is about, in a line. */
  readonly title: string
  /** Rejects with what stands in its way: an AdapterError becomes a problem with its code, `Unmet` a skipped check. */
  run(facts: Facts, signal: AbortSignal): Promise<Finding>
}

export type State = 'ok' | 'warning' | 'failed' | 'skipped'

export interface Result {
  readonly name: string
  readonly group: Group
  readonly title: string
  readonly state: State
  readonly detail: string
  readonly problems: readonly Problem[]
  readonly took_ms: number
}

/** What a check stands on is not there; the check of this name says why. */
export class Unmet extends Error {
  readonly check: string
  constructor(check: string) {
    super(`${check} failed`)
    this.name = 'Unmet'
    this.check = check
  }
}

/** Kubernetes, as the adapter itself would speak with it. */
export interface KubePeer {
  readonly access: Pick<Access, 'origin' | 'tls'>
  readonly http: HttpClient
  readonly client: KubeClient
}

export interface NsxPeer {
  /** As the configuration names it. */
  readonly origin: string
  readonly http: HttpClient
}

export interface Facts {
  readonly world: World
  /** Rejects with ConfigError and the like for `config-valid` itself, with Unmet for the others. */
  readonly rawConfig: () => LoadedConfig
  readonly config: () => LoadedConfig
  readonly kube: () => Promise<KubePeer>
  /** The same; rejects with what is wrong with the credentials, for `kubeconfig` itself. */
  readonly kubeRaw: () => Promise<KubePeer>
  readonly managers: () => readonly NsxPeer[]
  /** The public API, as who the configuration says. */
  readonly rest: () => NsxRest
}

export interface FileFacts {
  readonly kind: 'file' | 'folder' | 'socket' | 'other'
  /** The permission bits. */
  readonly mode: number
  readonly uid: number
  readonly bytes: number
}

export interface Presented {
  /** From the peer's own certificate up. */
  readonly chain: readonly PresentedCertificate[]
  /** Why the chain or the name is not trusted; undefined: it is. */
  readonly distrust?: string
  readonly protocol: string
}

export interface PresentedCertificate {
  readonly subject: string
  readonly issuer: string
  readonly names: string
  readonly sha256: string
  readonly validFromMs: number
  readonly validToMs: number
}

export interface Space {
  readonly freeBytes: number
  readonly freeFiles: number
}

/** The machine and the network. Everything has a deadline: the signal of the check. */
export interface World {
  readonly clock: Clock
  readonly env: Readonly<Record<string, string | undefined>>
  readonly uid: number
  /** Undefined where there is nothing; rejects where that cannot be seen. */
  stat(path: string): Promise<FileFacts | undefined>
  /** Throws as `readSmallText`. */
  read(path: string, what: string): string
  space(path: string): Promise<Space>
  isWritable(path: string): Promise<boolean>
  /** `ok`, or what SQLite says is wrong with the file; it is opened for reading alone. */
  examineDatabase(path: string): Promise<string>
  /** Of this process: how many files it may have open. */
  openFiles(): Promise<number | undefined>
  /** Undefined: there is no such program. */
  run(
    program: string,
    words: readonly string[],
    signal: AbortSignal,
  ): Promise<{ readonly code: number; readonly stdout: string } | undefined>
  resolve(host: string): Promise<readonly string[]>
  /** Rejects with the system's error. */
  connect(host: string, port: number, signal: AbortSignal): Promise<void>
  /** TLS without believing anything: to see what is shown. */
  handshake(
    peer: {
      readonly host: string
      readonly port: number
      readonly servername?: string
      readonly ca?: string
    },
    signal: AbortSignal,
  ): Promise<Presented>
  /** Whether a port can be listened on; its error's code where not. */
  tryListen(host: string, port: number): Promise<string | undefined>
  /** JSON of the running daemon; rejects with DAEMON_UNREACHABLE. */
  askDaemon(socketPath: string, path: string): Promise<unknown>
}
