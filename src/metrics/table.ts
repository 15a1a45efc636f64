/**
 * Every metric there is: name, sort, help, labels with the values they may have. Nothing that is not here can be counted, and
 * a value that is not among a label's is counted as `other`, so that no name of a policy, Pod or person becomes a series.
 * Names follow prometheus.io, "Metric and label naming"; docs/metrics.md is made from this table.
 */
import { WARNINGS } from '../health/index.ts'
import { RESOURCES } from '../kube/resources.ts'

export type MetricSort = 'counter' | 'gauge' | 'histogram'

export interface Metric {
  readonly sort: MetricSort
  readonly help: string
  /** By label; `undefined`: any short word, METRIC_SERIES_MAX of them. */
  readonly labels?: Readonly<Record<string, readonly string[] | undefined>>
  /** Upper bounds of a histogram, in its unit. */
  readonly buckets?: readonly number[]
}

const CHANNELS = ['ccp', 'mp'] as const
export const CHANNEL_STATES = [
  'standby',
  'connecting',
  'syncing',
  'watching',
  'waiting',
  'refused',
  'closed',
] as const
const RESOURCE_NAMES = Object.keys(RESOURCES)
export const CALL_RESULTS = [
  'ok',
  'not-found',
  'conflict',
  'throttled',
  'refused',
  'server-error',
  'unreachable',
  'aborted',
] as const
export const CATEGORIES = ['emergency', 'infrastructure', 'environment', 'application'] as const
const OPERATIONS = [
  'statistics',
  'traceflow',
  'support-bundle',
  'logs',
  'log-level',
  'inventory-resync',
] as const
export const INVENTORY_RESULTS = ['written', 'refused', 'failed'] as const

/** Of one call or one write, seconds. */
const CALLS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
/** Of work that takes its time. */
const WORK = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]

const counter = (help: string, labels?: Metric['labels']): Metric => ({
  sort: 'counter',
  help,
  ...(labels === undefined ? {} : { labels }),
})
const gauge = (help: string, labels?: Metric['labels']): Metric => ({
  ...counter(help, labels),
  sort: 'gauge',
})
const histogram = (help: string, buckets: readonly number[], labels?: Metric['labels']): Metric => ({
  ...counter(help, labels),
  sort: 'histogram',
  buckets,
})

export const METRICS = {
  antrea_nsx_build_info: gauge('Always 1; what runs.', {
    version: undefined,
    commit: undefined,
    node: undefined,
  }),
  antrea_nsx_ready: gauge('1 when ready, as /readyz says.'),
  antrea_nsx_leader: gauge('1 when this instance leads.'),
  antrea_nsx_instances: gauge('Instances of this cluster that were seen lately, this one counted.', {
    role: ['leading', 'standby'],
    manager: ['reached', 'unreached', 'unknown'],
  }),
  antrea_nsx_lease_transitions_total: counter('How often this instance began or ceased to lead.'),
  antrea_nsx_chart_transitions_total: counter(
    'Transitions of the statecharts; while they move, the process makes progress.',
    {
      chart: [
        'adapter',
        'lease',
        'instances',
        'watches',
        'watch',
        'discovery',
        'outage',
        'turnstile',
        'ccp',
        'mp',
        'operation',
      ],
    },
  ),
  antrea_nsx_warning_active: gauge('1 for each warning of `status` that stands.', {
    code: Object.keys(WARNINGS),
    severity: ['error', 'warning', 'info'],
  }),
  antrea_nsx_paused: gauge('1 while a person wants nothing written by this channel.', { channel: CHANNELS }),
  antrea_nsx_pause_end_timestamp_seconds: gauge(
    'When the pause of this channel ends by itself; 0 without one.',
    {
      channel: CHANNELS,
    },
  ),

  antrea_nsx_channel_state: gauge('1 for the state that the link of a channel to NSX is in.', {
    channel: CHANNELS,
    state: CHANNEL_STATES,
  }),
  antrea_nsx_channel_connects_total: counter('Attempts to open a session with NSX.', {
    channel: CHANNELS,
    result: ['success', 'failure'],
  }),
  antrea_nsx_channel_last_frame_timestamp_seconds: gauge(
    'When NSX last said something on the stream of a channel; 0 before.',
    { channel: CHANNELS },
  ),
  antrea_nsx_channel_last_full_sync_timestamp_seconds: gauge(
    'When the last full sync of a channel was done in this process; 0 before.',
    { channel: CHANNELS },
  ),
  antrea_nsx_health_report_timestamp_seconds: gauge(
    'When NSX last took a report of the health of the cluster; 0 before.',
  ),
  antrea_nsx_delete_guard_active: gauge('1 while many deletes wait for a second look.', {
    channel: CHANNELS,
  }),

  antrea_nsx_watch_events_total: counter('Events of the API server, by resource.', {
    resource: RESOURCE_NAMES,
    type: ['added', 'modified', 'deleted', 'bookmark'],
  }),
  antrea_nsx_watch_relists_total: counter('Complete lists of a resource, and why.', {
    resource: RESOURCE_NAMES,
    cause: ['start', 'expired', 'silent', 'error'],
  }),
  antrea_nsx_watch_silence_seconds: gauge('How long the watch of a resource has said nothing.', {
    resource: RESOURCE_NAMES,
  }),
  antrea_nsx_store_objects: gauge('Objects of a resource in the copy of the cluster.', {
    resource: RESOURCE_NAMES,
  }),
  antrea_nsx_store_live: gauge('1 while the copy of a resource is complete and kept up to date.', {
    resource: RESOURCE_NAMES,
  }),
  antrea_nsx_kube_requests_total: counter('Requests to the API server.', {
    verb: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'],
    result: CALL_RESULTS,
  }),
  antrea_nsx_kube_request_duration_seconds: histogram(
    'Time until the API server answered a request.',
    CALLS,
    { verb: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'] },
  ),
  antrea_nsx_nsx_requests_total: counter('Requests to NSX.', {
    method: ['get', 'head', 'post', 'put', 'patch', 'delete'],
    result: CALL_RESULTS,
  }),
  antrea_nsx_nsx_request_duration_seconds: histogram('Time until NSX answered a request.', CALLS, {
    method: ['get', 'head', 'post', 'put', 'patch', 'delete'],
  }),

  antrea_nsx_policies: gauge('Security policies of NSX for this cluster, by category.', {
    category: CATEGORIES,
    result: ['accepted', 'refused', 'empty'],
  }),
  antrea_nsx_policies_refused: gauge('Policies refused for this reason; one with several counts at each.', {
    code: undefined,
  }),
  antrea_nsx_rules: gauge('Rules of these policies; those of a refused policy are all rejected.', {
    result: ['accepted', 'rejected'],
  }),
  antrea_nsx_policy_apply_total: counter('Writes of policy to the cluster.', {
    kind: ['ClusterNetworkPolicy', 'ClusterGroup', 'Tier'],
    do: ['create', 'update', 'delete'],
    result: INVENTORY_RESULTS,
  }),
  antrea_nsx_policy_propagation_seconds: histogram(
    'From a change that NSX sent until all of it was written to the cluster.',
    CALLS,
  ),
  antrea_nsx_policy_lag_seconds: gauge('Age of the oldest change of policy not yet written; 0 without one.'),
  antrea_nsx_policy_drift: gauge('Objects of ours in the cluster that are not as they should be.'),
  antrea_nsx_policy_deletes_held: gauge('Deletes of policies that wait.', { reason: ['guard', 'approval'] }),

  antrea_nsx_inventory_objects: gauge('Objects of this cluster in the inventory of NSX, by type.', {
    resource: undefined,
  }),
  antrea_nsx_inventory_writes_total: counter('Objects sent to the inventory of NSX.', {
    do: ['create', 'update', 'delete'],
    result: INVENTORY_RESULTS,
  }),
  antrea_nsx_inventory_report_duration_seconds: histogram(
    'Bringing the inventory of NSX up to the cluster: compared as a whole, or what changed.',
    WORK,
    { kind: ['full', 'delta'] },
  ),
  antrea_nsx_inventory_lag_seconds: gauge(
    'Age of the oldest change that NSX has not been told; 0 without one.',
  ),
  antrea_nsx_agents: gauge('Agents of Antrea that report themselves.', { state: ['healthy', 'troubled'] }),

  antrea_nsx_operation_duration_seconds: histogram(
    'Requests of NSX, from their acceptance to their answer.',
    WORK,
    {
      operation: OPERATIONS,
      result: ['done', 'failed', 'cancelled', 'timed-out'],
    },
  ),

  antrea_nsx_diagnostics_up: gauge('1 while diagnostics can be kept; they are optional.'),
  antrea_nsx_diagnostics_rows_total: counter('Rows of diagnostics that were written.'),
  antrea_nsx_diagnostics_failures_total: counter('Failed attempts to write diagnostics.'),
  antrea_nsx_diagnostics_dropped_total: counter('Rows of diagnostics that were lost.', {
    reason: ['disk-full', 'limit', 'error'],
  }),
  antrea_nsx_diagnostics_rows_waiting: gauge('Rows of diagnostics that wait to be written.'),

  antrea_nsx_event_loop_stall_seconds: histogram(
    'Times in which the process could do nothing else, from 10 ms.',
    [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10],
  ),
  antrea_nsx_certificate_expiry_timestamp_seconds: gauge('When a certificate ends.', {
    peer: ['nsx', 'kubernetes', 'serve'],
    role: ['client', 'server', 'ca'],
  }),
  antrea_nsx_config_last_reload_successful: gauge(
    '1 when the configuration was right when it was last read.',
  ),
  antrea_nsx_config_last_reload_success_timestamp_seconds: gauge('When a right configuration was last read.'),

  process_cpu_seconds_total: counter('User and system CPU time spent in seconds.'),
  process_resident_memory_bytes: gauge('Resident memory size in bytes.'),
  process_start_time_seconds: gauge('Start time of the process since unix epoch in seconds.'),
  process_open_fds: gauge('Number of open file descriptors.'),
  process_max_fds: gauge('Maximum number of open file descriptors.'),
  nodejs_heap_size_used_bytes: gauge('Process heap size used from Node.js in bytes.'),
  nodejs_external_memory_bytes: gauge('Node.js external memory size in bytes.'),
} as const satisfies Record<string, Metric>

export type MetricName = keyof typeof METRICS

/** The values of a label, with `other` beside them. */
export const OTHER = 'other'
