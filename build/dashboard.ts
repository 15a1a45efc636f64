/** The dashboard for Grafana, written by a script: `node build/dashboard.ts > packaging/dashboard.json`. */
interface Panel {
  readonly title: string
  readonly kind: 'stat' | 'timeseries' | 'table'
  readonly unit?: string
  readonly width: number
  readonly height: number
  readonly says: string
  readonly targets: readonly (readonly [expr: string, legend: string])[]
}

const ROWS: readonly (readonly [title: string, panels: readonly Panel[]])[] = [
  [
    'Health',
    [
      stat('Leads', 'Instances that lead: it should be one.', 'sum(antrea_nsx_leader{job="$job"})', 'leads'),
      stat('Ready', 'Instances that are ready.', 'sum(antrea_nsx_ready{job="$job"})', 'ready'),
      stat(
        'Standing by',
        'Instances that could lead and reach NSX.',
        'max(antrea_nsx_instances{job="$job",role="standby",manager="reached"})',
        'standby',
      ),
      stat(
        'Refused policies',
        'They stay as they last were.',
        'max(sum by (instance) (antrea_nsx_policies{job="$job",result="refused"}))',
        'refused',
      ),
      stat(
        'Policy behind',
        'Age of the oldest change not yet written.',
        'max(antrea_nsx_policy_lag_seconds{job="$job"})',
        'lag',
        's',
      ),
      stat(
        'Inventory behind',
        'Age of the oldest change NSX has not been told.',
        'max(antrea_nsx_inventory_lag_seconds{job="$job"})',
        'lag',
        's',
      ),
      {
        title: 'Warnings that stand',
        kind: 'table',
        width: 12,
        height: 7,
        says: '`antrea-nsx-adapter explain CODE` says what each means and what to do.',
        targets: [['antrea_nsx_warning_active{job="$job"} == 1', '{{code}}']],
      },
      series('State of the channels', 'Watching is well.', 'short', [
        ['max by (channel, state) (antrea_nsx_channel_state{job="$job"}) == 1', '{{channel}} {{state}}'],
      ]),
    ],
  ],
  [
    'Policy',
    [
      series('Policies by tier', 'In force, refused, and of which nothing is for this cluster.', 'short', [
        ['max by (category, result) (antrea_nsx_policies{job="$job"})', '{{category}} {{result}}'],
      ]),
      series('Why policies are refused', 'By the code of a reason.', 'short', [
        ['max by (code) (antrea_nsx_policies_refused{job="$job"})', '{{code}}'],
      ]),
      series('From NSX to the cluster', 'A change received until all of it is written.', 's', [
        [
          'histogram_quantile(0.5, sum by (le) (rate(antrea_nsx_policy_propagation_seconds_bucket{job="$job"}[$__rate_interval])))',
          'p50',
        ],
        [
          'histogram_quantile(0.99, sum by (le) (rate(antrea_nsx_policy_propagation_seconds_bucket{job="$job"}[$__rate_interval])))',
          'p99',
        ],
      ]),
      series('Writes', 'By kind, what was done and how it ended.', 'ops', [
        [
          'sum by (kind, do, result) (rate(antrea_nsx_policy_apply_total{job="$job"}[$__rate_interval]))',
          '{{do}} {{kind}} {{result}}',
        ],
      ]),
      series('Drift, guard and pauses', 'Objects to be put right, deletes that wait, and pauses.', 'short', [
        ['max(antrea_nsx_policy_drift{job="$job"})', 'drift'],
        ['max by (reason) (antrea_nsx_policy_deletes_held{job="$job"})', 'deletes wait for {{reason}}'],
        ['max by (channel) (antrea_nsx_paused{job="$job"})', '{{channel}} paused'],
      ]),
    ],
  ],
  [
    'Inventory and requests',
    [
      series('Objects in NSX', 'By type.', 'short', [
        ['max by (resource) (antrea_nsx_inventory_objects{job="$job"})', '{{resource}}'],
      ]),
      series('Sent to NSX', 'Objects, and how that ended.', 'ops', [
        [
          'sum by (do, result) (rate(antrea_nsx_inventory_writes_total{job="$job"}[$__rate_interval]))',
          '{{do}} {{result}}',
        ],
      ]),
      series('Time of a comparison', 'As a whole, and of what changed.', 's', [
        [
          'histogram_quantile(0.99, sum by (kind, le) (rate(antrea_nsx_inventory_report_duration_seconds_bucket{job="$job"}[$__rate_interval])))',
          'p99 {{kind}}',
        ],
      ]),
      series('Requests of NSX', 'By operation and result.', 'ops', [
        [
          'sum by (operation, result) (rate(antrea_nsx_operation_duration_seconds_count{job="$job"}[$__rate_interval]))',
          '{{operation}} {{result}}',
        ],
      ]),
      series('Agents of Antrea', 'Whether they can be relied on.', 'short', [
        ['max by (state) (antrea_nsx_agents{job="$job"})', '{{state}}'],
      ]),
    ],
  ],
  [
    'Links',
    [
      series('Requests to NSX', 'By method and result.', 'reqps', [
        [
          'sum by (method, result) (rate(antrea_nsx_nsx_requests_total{job="$job"}[$__rate_interval]))',
          '{{method}} {{result}}',
        ],
      ]),
      series('Requests to the API server', 'By verb and result.', 'reqps', [
        [
          'sum by (verb, result) (rate(antrea_nsx_kube_requests_total{job="$job"}[$__rate_interval]))',
          '{{verb}} {{result}}',
        ],
      ]),
      series('Time to answer', '99th percentile.', 's', [
        [
          'histogram_quantile(0.99, sum by (le) (rate(antrea_nsx_nsx_request_duration_seconds_bucket{job="$job"}[$__rate_interval])))',
          'NSX',
        ],
        [
          'histogram_quantile(0.99, sum by (verb, le) (rate(antrea_nsx_kube_request_duration_seconds_bucket{job="$job"}[$__rate_interval])))',
          'API server {{verb}}',
        ],
      ]),
      series('Last word of NSX', 'Seconds since; every fifteen it should say something.', 's', [
        [
          'time() - (antrea_nsx_channel_last_frame_timestamp_seconds{job="$job"} > 0)',
          '{{instance}} {{channel}}',
        ],
      ]),
      series('Events of the API server', 'By resource.', 'ops', [
        [
          'sum by (resource) (rate(antrea_nsx_watch_events_total{job="$job",type!="bookmark"}[$__rate_interval]))',
          '{{resource}}',
        ],
      ]),
      series('Lists that were made again', 'And why.', 'short', [
        [
          'sum by (resource, cause) (increase(antrea_nsx_watch_relists_total{job="$job",cause!="start"}[$__rate_interval]))',
          '{{resource}} {{cause}}',
        ],
      ]),
      series('Certificates', 'Days until they end.', 'd', [
        [
          '(antrea_nsx_certificate_expiry_timestamp_seconds{job="$job"} - time()) / 86400',
          '{{instance}} {{peer}} {{role}}',
        ],
      ]),
    ],
  ],
  [
    'Process',
    [
      series('CPU', 'Cores.', 'short', [
        ['rate(process_cpu_seconds_total{job="$job"}[$__rate_interval])', '{{instance}}'],
      ]),
      series('Memory', 'Resident, and of it the heap.', 'bytes', [
        ['process_resident_memory_bytes{job="$job"}', '{{instance}} resident'],
        ['nodejs_heap_size_used_bytes{job="$job"}', '{{instance}} heap'],
      ]),
      series('Event loop', 'How long it stood still, 99th percentile of what was over 10 ms.', 's', [
        [
          'histogram_quantile(0.99, sum by (instance, le) (rate(antrea_nsx_event_loop_stall_seconds_bucket{job="$job"}[$__rate_interval])))',
          '{{instance}}',
        ],
      ]),
      series('Diagnostics', 'Rows written and lost.', 'ops', [
        ['rate(antrea_nsx_diagnostics_rows_total{job="$job"}[$__rate_interval])', '{{instance}} written'],
        [
          'sum by (instance) (rate(antrea_nsx_diagnostics_dropped_total{job="$job"}[$__rate_interval]))',
          '{{instance}} lost',
        ],
      ]),
    ],
  ],
]

function stat(title: string, says: string, expr: string, legend: string, unit = 'short'): Panel {
  return { title, kind: 'stat', unit, width: 4, height: 4, says, targets: [[expr, legend]] }
}

function series(title: string, says: string, unit: string, targets: Panel['targets']): Panel {
  return { title, kind: 'timeseries', unit, width: 12, height: 7, says, targets }
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: it is Grafana that fills it in
const SOURCE = { type: 'prometheus', uid: '${source}' }
const COLUMNS = 24

/** Grafana's dashboard model, schemaVersion 39 (Grafana 10 and later take it). */
export function dashboard(): object {
  const panels: object[] = []
  let id = 0
  let y = 0
  for (const [title, row] of ROWS) {
    panels.push({
      id: ++id,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: COLUMNS, h: 1 },
      panels: [],
    })
    y += 1
    let x = 0
    let height = 0
    for (const panel of row) {
      if (x + panel.width > COLUMNS || (height > 0 && panel.height !== height)) {
        x = 0
        y += height
        height = 0
      }
      panels.push(panelOf(++id, panel, x, y))
      x += panel.width
      height = panel.height
    }
    y += height
  }
  return {
    title: 'antrea-nsx-adapter',
    uid: 'antrea-nsx-adapter',
    tags: ['antrea', 'nsx'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    timezone: 'browser',
    templating: { list: [SOURCE_VARIABLE, JOB_VARIABLE] },
    annotations: { list: [] },
    links: [],
    panels,
  }
}

const SOURCE_VARIABLE = {
  name: 'source',
  label: 'Data source',
  type: 'datasource',
  query: 'prometheus',
  current: {},
  hide: 0,
}
const JOB_VARIABLE = {
  name: 'job',
  label: 'Job',
  type: 'query',
  datasource: SOURCE,
  query: { query: 'label_values(antrea_nsx_build_info, job)', refId: 'job' },
  refresh: 1,
  current: {},
  hide: 0,
}

const REFS = 'ABCDEFGH'

function panelOf(
  id: number,
  { title, kind, unit = 'short', width, height, says, targets }: Panel,
  x: number,
  y: number,
): object {
  return {
    id,
    type: kind,
    title,
    description: says,
    datasource: SOURCE,
    gridPos: { x, y, w: width, h: height },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    options: kind === 'stat' ? { reduceOptions: { calcs: ['lastNotNull'] } } : {},
    targets: targets.map(([expr, legendFormat], index) => ({
      refId: REFS[index],
      datasource: SOURCE,
      expr,
      legendFormat,
      ...(kind === 'table' ? { instant: true, format: 'table' } : {}),
    })),
  }
}

if (import.meta.main) process.stdout.write(`${JSON.stringify(dashboard(), null, 2)}\n`)
