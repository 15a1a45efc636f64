/**
 * The two text formats: Prometheus (prometheus.io, "Exposition formats", 0.0.4) and OpenMetrics 1.0. prom-client's own writer
 * of the second renames its counters for good, so one registry could not serve both. Pure.
 */
import type { Family, Labels } from './registry.ts'

export type TextFormat = 'prometheus' | 'openmetrics'

export const CONTENT_TYPES: Readonly<Record<TextFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
}

/** What an Accept header asks for; Prometheus's own where it does not say. */
export function formatOf(accept: string | undefined): TextFormat {
  const wanted = (accept ?? '')
    .split(',')
    .map((part) => {
      const [type = '', ...parameters] = part.split(';').map((word) => word.trim())
      const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2)
      return { type: type.toLowerCase(), weight: weight === undefined ? 1 : Number(weight) }
    })
    .filter(({ weight }) => weight > 0)
  const best = (type: RegExp) =>
    Math.max(0, ...wanted.filter((one) => type.test(one.type)).map((one) => one.weight))
  const open = best(/^application\/openmetrics-text$/)
  return open > 0 && open >= best(/^text\/plain$/) ? 'openmetrics' : 'prometheus'
}

export function writeText(families: readonly Family[], format: TextFormat): string {
  const lines = families.flatMap((family) => linesOf(family, format))
  if (format === 'openmetrics') lines.push('# EOF')
  return `${lines.join('\n')}\n`
}

function linesOf({ name, sort, help, samples }: Family, format: TextFormat): string[] {
  // In OpenMetrics the family of a counter has no suffix, and its samples do.
  const family = format === 'openmetrics' && sort === 'counter' ? name.replace(/_total$/, '') : name
  return [
    `# HELP ${family} ${escapeHelp(help)}`,
    `# TYPE ${family} ${sort}`,
    ...samples.map(({ name: sample, labels, value }) => `${sample}${labelText(labels)} ${numberText(value)}`),
  ]
}

const labelText = (labels: Labels): string => {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escapeValue(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const escapeHelp = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
const escapeValue = (text: string) => escapeHelp(text).replaceAll('"', '\\"')

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  if (value === Number.NEGATIVE_INFINITY) return '-Inf'
  return String(value)
}
