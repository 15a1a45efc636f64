/** How values of options are read. What is wrong is told by InvalidArgumentError, beside the option's name. */
import { InvalidArgumentError } from 'commander'
import { secondsOf } from '../operations/index.ts'

/** Of an option that may be there several times. */
export const collect = (value: string, before: readonly string[] = []): string[] => [...before, value]

/** Seconds of `90s`, `10m`, `2h`, `7d`. */
export function seconds(text: string): number {
  const found = secondsOf(text)
  if (found === undefined) throw new InvalidArgumentError('It must be a duration as 90s, 10m, 2h, 7d.')
  return found
}
