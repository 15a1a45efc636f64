/** Times as Kubernetes writes them in JSON. */

/** 9999-12-31T23:59:59Z, the last second that RFC 3339 writes. */
const SECONDS_MAX = 253_402_300_799
/** 0001-01-01T00:00:00Z, Go's first. */
const SECONDS_MIN = -62_135_596_800

/** metav1.Time: whole seconds. Undefined outside of the years 1 to 9999. */
export function timeText(seconds: number): string | undefined {
  if (!(seconds >= SECONDS_MIN && seconds <= SECONDS_MAX)) return undefined
  return `${new Date(seconds * 1_000).toISOString().slice(0, 19)}Z`
}

/** metav1.MicroTime: six digits after the second. */
export function microTimeText(seconds: number, nanos: number): string | undefined {
  const micros = Math.floor(nanos / 1_000)
  if (!(micros >= 0 && micros < 1_000_000)) return undefined
  return timeText(seconds)?.replace('Z', `.${String(micros).padStart(6, '0')}Z`)
}
