/** The alert rules and the dashboard of the archive name only what there is, and can be read. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'
import { dashboard } from '../../../build/dashboard.ts'
import { CODES } from '../../../src/ccp/index.ts'
import { CODES as OTHER_CODES } from '../../../src/cli/codes/index.ts'
import { WARNINGS } from '../../../src/health/index.ts'
import { METRICS, type Metric } from '../../../src/metrics/index.ts'
import { type Expression, parsePromql } from './promql.ts'

const file = (name: string) => readFileSync(new URL(`../../../packaging/${name}`, import.meta.url), 'utf8')

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook: string }
}
const { groups } = parse(file('alerts.yaml')) as { groups: { name: string; rules: Rule[] }[] }
const RULES = groups.flatMap(({ rules }) => rules)

const METRIC = METRICS as Readonly<Record<string, Metric>>
/** What a scrape adds. */
const SCRAPED = ['job', 'instance']

/** The metric behind a series' name, and the labels it may have. */
function labelsOf(name: string): Readonly<Record<string, readonly string[] | undefined>> {
  if (name === 'up') return {}
  const histogram = /^(.*)_(bucket|sum|count)$/.exec(name)
  const metric = METRIC[name] ?? (histogram === null ? undefined : METRIC[histogram[1] ?? ''])
  assert.ok(metric !== undefined, `${name} is not in the table`)
  if (METRIC[name] === undefined) assert.equal(metric.sort, 'histogram', `${name} is of no histogram`)
  else
    assert.notEqual(metric.sort, 'histogram', `${name} is a histogram: its _bucket, _sum or _count is meant`)
  return { ...metric.labels, ...(histogram?.[2] === 'bucket' ? { le: undefined } : {}) }
}

function check(expression: Expression, where: string): void {
  for (const { metric, matchers, isRange } of expression.selectors) {
    const labels = labelsOf(metric)
    if (isRange) assert.ok(METRIC[metric]?.sort !== 'gauge', `${where}: a rate of the gauge ${metric}`)
    for (const { label, op, value } of matchers) {
      if (SCRAPED.includes(label)) continue
      assert.ok(label in labels, `${where}: ${metric} has no label ${label}`)
      const values = labels[label]
      const named = op.endsWith('~') ? value.split('|') : [value]
      if (values !== undefined)
        for (const one of named)
          assert.ok(values.includes(one), `${where}: ${metric}{${label}} is never ${one}`)
    }
  }
  for (const { labels, metrics } of expression.groups)
    for (const label of labels) {
      if (SCRAPED.includes(label)) continue
      assert.ok(
        metrics.some((metric) => label in labelsOf(metric)),
        `${where}: nothing below has the label ${label}`,
      )
    }
}

test('the reader takes what Prometheus takes, and refuses what it refuses', () => {
  for (const good of [
    'a',
    'a{b="c",d=~"e|f"} > 1.5e9',
    'sum by (x, le) (rate(a_total[5m])) / 2 - time()',
    'histogram_quantile(0.99, sum by (le) (rate(a_bucket[10m]))) > 1',
    'a > 1 and on (job) b{c="d"} == 1',
    '(a - time()) / 86400 < 30 * 86400',
  ])
    parsePromql(good)
  for (const bad of [
    '',
    'a{b=c}',
    'a{b="c"',
    'sum by (x (a)',
    'rate(a)',
    'rate(a[5])',
    'a[5m] > 1',
    'a >',
    'a b',
    'sum(1)',
    'histogram_quantile(sum(a))',
    'ratee(a[5m])',
    'a and 1',
    '1 + 1',
    'a & b',
    'sum(a[5m])',
  ])
    assert.throws(() => parsePromql(bad), bad)
})

test('each alert names metrics, labels and values that there are, and says what to do', () => {
  assert.equal(new Set(RULES.map(({ alert }) => alert)).size, RULES.length)
  for (const { alert, expr, labels, annotations, ...rest } of RULES) {
    assert.match(alert, /^AntreaNsxAdapter[A-Z]\w+$/)
    check(parsePromql(expr), alert)
    assert.ok(['critical', 'warning', 'info'].includes(labels.severity), alert)
    assert.match(rest.for ?? '1m', /^\d+[mh]$/, alert)
    assert.deepEqual(Object.keys(annotations).sort(), ['description', 'runbook', 'summary'], alert)
    assert.match(annotations.description, /\.$/, alert)
    assert.match(
      annotations.runbook,
      /antrea-nsx-adapter explain [A-Z{]/,
      `${alert}: the runbook says which code to look up`,
    )
    for (const [code] of annotations.runbook.matchAll(/\b[A-Z][A-Z]+(?:_[A-Z]+)*\b/g))
      assert.ok(['PID', 'CPU'].includes(code) || isExplained(code), `${alert}: ${code} is not explained`)
    const { selectors } = parsePromql(expr)
    const known = new Set(selectors.flatMap(({ metric }) => Object.keys(labelsOf(metric))))
    for (const text of Object.values(annotations))
      for (const [, label = ''] of text.matchAll(/\$labels\.(\w+)/g))
        assert.ok(SCRAPED.includes(label) || known.has(label), `${alert}: {{ $labels.${label} }}`)
  }
})

const isExplained = (code: string): boolean => code in WARNINGS || code in CODES || code in OTHER_CODES

test('what operators asked to be told is told', () => {
  const exprs = RULES.map(({ expr }) => expr).join('\n')
  for (const subject of [
    'up{',
    'antrea_nsx_ready',
    'antrea_nsx_channel_last_frame_timestamp_seconds',
    'antrea_nsx_policies_refused',
    'antrea_nsx_certificate_expiry_timestamp_seconds',
    'antrea_nsx_delete_guard_active',
    'DRIFT_FIGHT',
    'antrea_nsx_policy_lag_seconds',
    'antrea_nsx_inventory_lag_seconds',
    'antrea_nsx_diagnostics_up',
  ])
    assert.ok(exprs.includes(subject), subject)
  const told = new Set(exprs.match(/[A-Z]+(_[A-Z]+)+/g))
  const elsewhere = 'antrea_nsx_ready'
  for (const [code, warning] of Object.entries(
    WARNINGS as Readonly<Record<string, { severity: string; blocksReady?: boolean }>>,
  ))
    if (warning.severity === 'error' && warning.blocksReady !== true)
      assert.ok(
        told.has(code) || ['CCP_PROTOCOL', 'CCP_APPROVAL', 'CCP_WRITES', 'HELD_DRIFT'].includes(code),
        `no alert for ${code}`,
      )
  assert.ok(exprs.includes(elsewhere))
})

test('the dashboard is what its script makes, and its panels name what there is', () => {
  assert.deepEqual(
    JSON.parse(file('dashboard.json')),
    JSON.parse(JSON.stringify(dashboard())),
    'run: node build/dashboard.ts > packaging/dashboard.json',
  )
  const { panels } = dashboard() as {
    panels: {
      id: number
      type: string
      title: string
      gridPos: { x: number; y: number; w: number; h: number }
      targets?: { expr: string; legendFormat: string }[]
    }[]
  }
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
  for (const { title, targets = [], gridPos } of panels) {
    assert.ok(gridPos.x + gridPos.w <= 24, title)
    for (const { expr, legendFormat } of targets) {
      const expression = parsePromql(expr.replaceAll('[$__rate_interval]', '[5m]'))
      check(expression, title)
      for (const { metric, matchers } of expression.selectors)
        assert.ok(
          matchers.some(({ label, value }) => label === 'job' && value === '$job'),
          `${title}: ${metric} of every job`,
        )
      const known = new Set(
        expression.selectors.flatMap(({ metric }) => [...SCRAPED, ...Object.keys(labelsOf(metric))]),
      )
      for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
        assert.ok(known.has(label), `${title}: {{${label}}}`)
    }
  }
  const cells = new Set<string>()
  for (const {
    title,
    gridPos: { x, y, w, h },
  } of panels)
    for (let column = x; column < x + w; column += 1)
      for (let line = y; line < y + h; line += 1) {
        assert.ok(!cells.has(`${column} ${line}`), `${title} lies on another panel`)
        cells.add(`${column} ${line}`)
      }
})
