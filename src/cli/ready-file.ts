/** The file that says to other programs that a server of ours is ready, and where. */
import { accessSync, constants, rmSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { AdapterError } from '../errors.ts'
import { writeAtomically } from '../sandbox/files.ts'

/** Before the start: one of an earlier run says nothing about this one. Throws what `refusal` makes where it cannot be written. */
export function prepareReadyFile(
  file: string,
  refusal: (message: string, cause: unknown) => AdapterError,
): void {
  try {
    rmSync(file, { force: true })
    accessSync(dirname(resolve(file)), constants.W_OK)
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause)
    throw refusal(`${file} cannot be written (${words}); choose another path`, cause)
  }
}

/** Once all of it can be used: whole or not there. */
export const writeReadyFile = (file: string, places: object): void =>
  writeAtomically(file, `${JSON.stringify(places, null, 2)}\n`)
