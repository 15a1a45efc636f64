/** Where the record of a registration is kept: in the cluster's Secret, or, without a cluster at hand, in this machine's folder. */
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { AdapterError } from '../../errors.ts'
import type { IdentitySecret } from '../../kube/onboarding/index.ts'
import { keptOf, type RecordStore, recordOf } from '../../nsx/registration/index.ts'
import { writeOwned } from '../owned-files.ts'
import { readSmallText } from '../settings.ts'

/** The Secret is what counts; a record in the folder, of a registration before, is taken over into it. */
export function secretStore(secret: IdentitySecret, folder: RecordStore, signal: AbortSignal): RecordStore {
  return {
    where: secret.where,
    async load() {
      const kept = await secret.read(signal)
      return kept === undefined ? folder.load() : recordOf(kept, secret.where)
    },
    async save(record) {
      await secret.write(keptOf(record), signal)
      await folder.remove()
    },
    async remove() {
      await secret.remove(signal)
      await folder.remove()
    },
  }
}

/** All of it in one file, 0600, so that it is whole or not there; certificate and key for the daemon are copies. */
const FILE = 'registration.json'

const Texts = z.record(z.string().max(64), z.string().max(1_048_576))

export function folderStore(folder: string): RecordStore {
  const path = join(folder, FILE)
  return {
    where: path,
    async load() {
      if (!existsSync(path)) return undefined
      let texts: unknown
      try {
        texts = JSON.parse(readSmallText(path, 'the registration'))
      } catch (cause) {
        if (cause instanceof AdapterError) throw cause
      }
      const read = Texts.safeParse(texts)
      return recordOf(read.success ? read.data : {}, path)
    },
    save: async (record) => writeOwned(path, `${JSON.stringify(keptOf(record), null, 2)}\n`),
    remove: async () => rmSync(path, { force: true }),
  }
}
