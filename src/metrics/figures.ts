/** What is true at the moment of a scrape: the status and what else is only looked at. */
import type { Clock } from '../world/index.ts'
import type { Silence } from './http.ts'
import type { Scrape } from './registry.ts'
import { CATEGORIES, CHANNEL_STATES } from './table.ts'
import type { ChannelState } from './transitions.ts'

const CHANNELS = ['ccp', 'mp'] as const
type Channel = (typeof CHANNELS)[number]

/** The part of the status that is counted. */
export interface CountedStatus {
  readonly role: string
  readonly ready: boolean
  readonly warnings: readonly { readonly code: string; readonly severity: string; readonly detail: string }[]
  readonly instances: readonly {
    readonly role: string
    readonly manager: string
    readonly self: boolean
    readonly seenMs: number | undefined
  }[]
  readonly stores: Readonly<
    Record<string, { readonly objects: number; readonly synced: boolean; readonly live: boolean }>
  >
  readonly pauses: Readonly<Partial<Record<Channel, { readonly until: number }>>>
  readonly agents: { readonly known: number; readonly troubled: readonly string[] }
  readonly progress: Readonly<
    Record<
      Channel,
      { readonly lastFullSync: number | undefined; readonly lagMs: number; readonly guarded: boolean }
    >
  > & { readonly mp: { readonly lastHealthReport: number | undefined } }
  readonly policies: {
    readonly categories: Readonly<
      Record<string, { readonly accepted: number; readonly refused: number; readonly empty: number }>
    >
    readonly rules: { readonly accepted: number; readonly rejected: number }
    readonly refusedBy: Readonly<Record<string, number>>
    readonly drift: number
    readonly deletesHeld: { readonly guard: number; readonly approval: number }
  }
}

export interface ProcessFigures {
  readonly cpuSeconds: number
  readonly residentBytes: number
  readonly heapBytes: number
  readonly externalBytes: number
  /** Seconds since 1970. */
  readonly startSeconds: number
  readonly openFiles: number | undefined
  readonly openFilesMax: number | undefined
}

export interface CertificateEnd {
  readonly peer: 'nsx' | 'kubernetes' | 'serve'
  readonly role: 'client' | 'server' | 'ca'
  /** Milliseconds since 1970. */
  readonly notAfter: number
}

export interface DiagnosticsFigures {
  readonly written: number
  readonly failures: number
  readonly dropped: number
  readonly waiting: number
}

export interface Build {
  readonly version: string
  readonly commit?: string
  readonly node?: string
}

/** What is looked at. */
export interface Looked {
  readonly build: Build
  readonly clock: Clock
  status(): CountedStatus
  channelState(channel: Channel): ChannelState | undefined
  readonly kube: Silence
  readonly nsx: Silence
  /** By resource: how many events of each sort. */
  watchEvents(): ReadonlyMap<string, Readonly<Record<string, number>>>
  /** By type, in NSX. */
  inventory(): ReadonlyMap<string, number>
  diagnostics(): DiagnosticsFigures
  readonly lost: LostRows
  process?(): ProcessFigures
  certificates?(): readonly CertificateEnd[]
  reload?(): { readonly isSuccessful: boolean; readonly lastSuccess: number }
}

const one = (is: boolean): number => (is ? 1 : 0)
const seconds = (ms: number | undefined): number => (ms ?? 0) / 1_000

/** The warnings are told all, those that do not stand as 0: an alert then ends when one is over. */
export function lookAt(
  looked: Looked,
  warnings: Readonly<Record<string, { readonly severity: string }>>,
  scrape: Scrape,
): void {
  const status = looked.status()
  const { version, commit = 'unknown', node = 'unknown' } = looked.build
  scrape.set('antrea_nsx_build_info', { version, commit, node }, 1)
  scrape.set('antrea_nsx_ready', {}, one(status.ready))
  scrape.set('antrea_nsx_leader', {}, one(status.role === 'leading'))
  const standing = new Set(status.warnings.map(({ code }) => code))
  for (const [code, { severity }] of Object.entries(warnings))
    scrape.set('antrea_nsx_warning_active', { code, severity }, one(standing.has(code)))
  lookAtInstances(status, scrape)
  for (const channel of CHANNELS) lookAtChannel(looked, status, channel, scrape)
  const { lastHealthReport } = status.progress.mp
  scrape.set('antrea_nsx_health_report_timestamp_seconds', {}, seconds(lastHealthReport))
  scrape.set('antrea_nsx_policy_lag_seconds', {}, seconds(status.progress.ccp.lagMs))
  scrape.set('antrea_nsx_inventory_lag_seconds', {}, seconds(status.progress.mp.lagMs))
  lookAtCluster(looked, status, scrape)
  lookAtPolicies(status.policies, scrape)
  for (const [resource, count] of looked.inventory())
    scrape.set('antrea_nsx_inventory_objects', { resource }, count)
  lookAtDiagnostics(looked, status, scrape)
  lookAtProcess(looked, scrape)
}

function lookAtInstances({ instances, agents }: CountedStatus, scrape: Scrape): void {
  for (const role of ['leading', 'standby'])
    for (const manager of ['reached', 'unreached', 'unknown']) {
      const seen = instances.filter((one) => one.self || one.seenMs !== undefined)
      const count = seen.filter((one) => one.role === role && one.manager === manager).length
      scrape.set('antrea_nsx_instances', { role, manager }, count)
    }
  const troubled = agents.troubled.length
  scrape.set('antrea_nsx_agents', { state: 'troubled' }, troubled)
  scrape.set('antrea_nsx_agents', { state: 'healthy' }, Math.max(agents.known - troubled, 0))
}

function lookAtChannel(looked: Looked, status: CountedStatus, channel: Channel, scrape: Scrape): void {
  const state = looked.channelState(channel) ?? 'standby'
  for (const known of CHANNEL_STATES)
    scrape.set('antrea_nsx_channel_state', { channel, state: known }, one(known === state))
  const { lastFullSync, guarded } = status.progress[channel]
  const heard = looked.nsx.heardMs.get(channel)
  scrape.set('antrea_nsx_channel_last_frame_timestamp_seconds', { channel }, seconds(heard))
  scrape.set('antrea_nsx_channel_last_full_sync_timestamp_seconds', { channel }, seconds(lastFullSync))
  scrape.set('antrea_nsx_delete_guard_active', { channel }, one(guarded))
  const until = status.pauses[channel]?.until
  scrape.set('antrea_nsx_paused', { channel }, one(until !== undefined))
  scrape.set('antrea_nsx_pause_end_timestamp_seconds', { channel }, seconds(until))
}

function lookAtCluster(looked: Looked, { stores }: CountedStatus, scrape: Scrape): void {
  for (const [resource, { objects, synced, live }] of Object.entries(stores)) {
    scrape.set('antrea_nsx_store_objects', { resource }, objects)
    scrape.set('antrea_nsx_store_live', { resource }, one(synced && live))
    const heardMs = looked.kube.heardMs.get(resource)
    if (heardMs !== undefined)
      scrape.set(
        'antrea_nsx_watch_silence_seconds',
        { resource },
        seconds(looked.clock.monotonicMs() - heardMs),
      )
  }
  for (const [resource, counts] of looked.watchEvents())
    for (const [type, count] of Object.entries(counts))
      scrape.total('antrea_nsx_watch_events_total', { resource, type: type.toLowerCase() }, count)
}

function lookAtPolicies(policies: CountedStatus['policies'], scrape: Scrape): void {
  const none = { accepted: 0, refused: 0, empty: 0 }
  const categories = new Map(
    Object.entries(policies.categories).map(([category, counts]) => [category.toLowerCase(), counts]),
  )
  for (const category of new Set([...CATEGORIES, ...categories.keys()]))
    for (const result of ['accepted', 'refused', 'empty'] as const)
      scrape.set('antrea_nsx_policies', { category, result }, (categories.get(category) ?? none)[result])
  for (const result of ['accepted', 'rejected'] as const)
    scrape.set('antrea_nsx_rules', { result }, policies.rules[result])
  for (const [code, count] of Object.entries(policies.refusedBy))
    scrape.set('antrea_nsx_policies_refused', { code }, count)
  scrape.set('antrea_nsx_policy_drift', {}, policies.drift)
  for (const reason of ['guard', 'approval'] as const)
    scrape.set('antrea_nsx_policy_deletes_held', { reason }, policies.deletesHeld[reason])
}

function lookAtDiagnostics({ diagnostics, lost }: Looked, { warnings }: CountedStatus, scrape: Scrape): void {
  const { written, failures, dropped, waiting } = diagnostics()
  const problem = warnings.find(({ code }) => code === 'DIAGNOSTICS_LOST')
  scrape.set('antrea_nsx_diagnostics_up', {}, one(problem === undefined))
  scrape.total('antrea_nsx_diagnostics_rows_total', {}, written)
  scrape.total('antrea_nsx_diagnostics_failures_total', {}, failures)
  scrape.set('antrea_nsx_diagnostics_rows_waiting', {}, waiting)
  lost.note(dropped, problem?.detail)
  for (const [reason, count] of lost.byReason())
    scrape.total('antrea_nsx_diagnostics_dropped_total', { reason }, count)
}

export interface LostRows {
  /** So many in all; `problem`: what stands in the way of writing at this moment. */
  note(dropped: number, problem: string | undefined): void
  byReason(): ReadonlyMap<string, number>
}

/** SQLite's and the operating system's words for a disk that is full. */
const FULL = /SQLITE_FULL|ENOSPC|database or disk is full|no space left/i

/** What was lost since the last look, by what stood in the way then. */
export function createLostRows(): LostRows {
  const counts = new Map([
    ['disk-full', 0],
    ['limit', 0],
    ['error', 0],
  ])
  let seen = 0
  return {
    byReason: () => counts,
    note(dropped, problem) {
      const reason = problem === undefined ? 'limit' : FULL.test(problem) ? 'disk-full' : 'error'
      counts.set(reason, (counts.get(reason) ?? 0) + Math.max(dropped - seen, 0))
      seen = dropped
    },
  }
}

function lookAtProcess(looked: Looked, scrape: Scrape): void {
  for (const { peer, role, notAfter } of looked.certificates?.() ?? [])
    scrape.set('antrea_nsx_certificate_expiry_timestamp_seconds', { peer, role }, seconds(notAfter))
  const reload = looked.reload?.()
  if (reload !== undefined) {
    scrape.set('antrea_nsx_config_last_reload_successful', {}, one(reload.isSuccessful))
    scrape.set('antrea_nsx_config_last_reload_success_timestamp_seconds', {}, seconds(reload.lastSuccess))
  }
  const figures = looked.process?.()
  if (figures === undefined) return
  scrape.total('process_cpu_seconds_total', {}, figures.cpuSeconds)
  scrape.set('process_resident_memory_bytes', {}, figures.residentBytes)
  scrape.set('process_start_time_seconds', {}, figures.startSeconds)
  scrape.set('nodejs_heap_size_used_bytes', {}, figures.heapBytes)
  scrape.set('nodejs_external_memory_bytes', {}, figures.externalBytes)
  if (figures.openFiles !== undefined) scrape.set('process_open_fds', {}, figures.openFiles)
  if (figures.openFilesMax !== undefined) scrape.set('process_max_fds', {}, figures.openFilesMax)
}
