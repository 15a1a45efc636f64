/** Signals as a promise. */
const SIGNALS = ['SIGTERM', 'SIGINT'] as const

/** Resolves at the first SIGTERM or SIGINT; the second one ends the process at once. */
export function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let seen = false
    for (const name of SIGNALS)
      process.on(name, (signal) => {
        if (seen) process.exit(1)
        seen = true
        resolve(signal)
      })
  })
}
