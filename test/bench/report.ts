/** Figures as rows, and the part of docs/benchmarks.md between its markers that this script owns. */
import { readFile, writeFile } from 'node:fs/promises'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'

export interface Row {
  readonly what: string
  readonly samples: number
  readonly p50: number
  readonly p99: number
  readonly max: number
  readonly goal: string
}

/** Nearest-rank percentiles of milliseconds. */
export function rowOf(what: string, samplesMs: readonly number[], goal: string): Row {
  const sorted = [...samplesMs].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
  return { what, samples: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1), goal }
}

export function table(rows: readonly Row[]): string {
  const ms = (value: number) =>
    Number.isNaN(value) ? '–' : `${value < 100 ? value.toFixed(1) : value.toFixed(0)} ms`
  return [
    '| what | samples | median | p99 | max | goal |',
    '|---|---|---|---|---|---|',
    ...rows.map(
      ({ what, samples, p50, p99, max, goal }) =>
        `| ${what} | ${samples} | ${ms(p50)} | ${ms(p99)} | ${ms(max)} | ${goal} |`,
    ),
  ].join('\n')
}

const file = join(import.meta.dirname, '../../docs/benchmarks.md')

/** Replaces what stands between `<!-- NAME -->` and `<!-- /NAME -->`. */
export async function writeSection(name: string, text: string): Promise<void> {
  const document = await readFile(file, 'utf8')
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const from = document.indexOf(start)
  const to = document.indexOf(end)
  if (from === -1 || to === -1) throw new Error(`docs/benchmarks.md has no section ${name}`)
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.version}, load average ${loadavg()[1]?.toFixed(1)}, ${new Date().toISOString().slice(0, 10)}`
  await writeFile(
    file,
    `${document.slice(0, from + start.length)}\n${machine}\n\n${text}\n${document.slice(to)}`,
  )
}
