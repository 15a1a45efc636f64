/** Durations as Go's time.Duration writes them. */
const decimal = (value: number, digits: number): string =>
  value
    .toFixed(digits)
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '')

/** `5µs`, `1.5ms`, `2m0s`. */
export function goDuration(nanoseconds: number): string {
  if (nanoseconds === 0) return '0s'
  if (nanoseconds < 1_000) return `${nanoseconds}ns`
  if (nanoseconds < 1_000_000) return `${decimal(nanoseconds / 1_000, 3)}µs`
  if (nanoseconds < 1_000_000_000) return `${decimal(nanoseconds / 1_000_000, 6)}ms`
  const minutes = Math.floor(nanoseconds / 60_000_000_000)
  const seconds = `${decimal((nanoseconds % 60_000_000_000) / 1_000_000_000, 9)}s`
  if (minutes === 0) return seconds
  return minutes < 60 ? `${minutes}m${seconds}` : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}`
}
