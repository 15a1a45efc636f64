/** docs/metrics.md, from the table. Pure. */
import { METRICS, type Metric, OTHER } from './table.ts'

/** Where a metric stands in the page: the first of these its name begins with. */
const PARTS: readonly (readonly [title: string, names: RegExp])[] = [
  ['The process', /^(process_|nodejs_|antrea_nsx_(build_info|event_loop|certificate|config))/],
  [
    'Leading and health',
    /^antrea_nsx_(ready|leader|instances|lease|chart|warning|paused|pause_|agents|health)/,
  ],
  ['The link to NSX', /^antrea_nsx_(channel|nsx_|delete_guard)/],
  ['The cluster', /^antrea_nsx_(watch|store|kube)/],
  ['Policy', /^antrea_nsx_(polic|rules)/],
  ['Inventory and requests', /^antrea_nsx_(inventory|operation)/],
  ['Diagnostics', /^antrea_nsx_diagnostics/],
]

const INTRO = `# Metrics

\`GET /metrics\` on the daemon's socket, \`antrea-nsx-adapter metrics\`, and where \`serve.listen\` and \`serve.tls\` are set over TLS
(docs/operations.md): Prometheus's text, or OpenMetrics where Accept asks for it. This page is made from the table in
\`src/metrics/table.ts\`; a test holds it.

- Base units (seconds, bytes); counters end in \`_total\`, and begin anew with the process.
- No label holds the name of a policy, group, Pod or person. A value that is not listed is told as \`${OTHER}\`.
- Times are seconds since 1970 and 0 where there is none; ages and lags are seconds.
- Alert rules and a dashboard for them are in the archive: \`alerts.yaml\` and \`dashboard.json\`.
`

export function metricsPage(): string {
  const all = Object.entries(METRICS as Readonly<Record<string, Metric>>)
  const parts = PARTS.map(([title, names]) => {
    const rows = all.filter(([name]) => names.test(name)).map(rowOf)
    return `## ${title}\n\n| metric | sort | labels | says |\n|---|---|---|---|\n${rows.join('\n')}\n`
  })
  return `${INTRO}\n${parts.join('\n')}`
}

/** Of a label with more values only their number is told. */
const VALUES_SHOWN_MAX = 8

function rowOf([name, { sort, labels = {}, help, buckets }]: readonly [string, Metric]): string {
  const told = Object.entries(labels).map(([label, values]) => {
    if (values === undefined) return `\`${label}\``
    const shown = values.length > VALUES_SHOWN_MAX ? `${values.length} values` : values.join(', ')
    return `\`${label}\` (${shown})`
  })
  const bounds = buckets === undefined ? '' : ` Buckets: ${buckets.join(', ')}.`
  return `| \`${name}\` | ${sort} | ${told.join('; ')} | ${help}${bounds} |`
}
