/** Content as files of a folder that only its owner may read, and the archive that is made of them. */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { needsPerson, waitFor } from '../errors.ts'
import type { ContentSink } from '../operations/index.ts'
import { TAR_END, tarHeader, tarPadding } from '../protocol/tar.ts'

export interface BundleFile {
  readonly sink: ContentSink
  /** Writes the archive, 0600, whole or not at all; its size. */
  finish(nowMs: number, signal: AbortSignal): Promise<number>
  /** Removes what is there beside the archive. */
  clean(): void
}

/** Of the adapter and the cluster: small, and what is looked at first. The others leave them a quarter of the room. */
const FIRST = /^(adapter|clusterinfo)\./
const MANIFEST = 'manifest.json'

/**
 * `file` must not exist yet, its folder must. Throws needs-person BUNDLE_FILE. A component with which all of them would be
 * more than `bytesMax` is left out, with BUNDLE_TOO_LARGE; the manifest always has room.
 */
export function createBundleFile(file: string, bytesMax = Number.POSITIVE_INFINITY): BundleFile {
  const folder = openFolder(file)
  const names: string[] = []
  let total = 0
  const roomFor = (name: string) =>
    name === MANIFEST ? Number.POSITIVE_INFINITY : FIRST.test(name) ? bytesMax : 0.75 * bytesMax
  return {
    sink: {
      held: async () => undefined,
      async take({ name, open: read }, signal, onBytes) {
        const hash = createHash('sha256')
        let bytes = 0
        let taken = 0
        const to = await open(join(folder, name), 'w', 0o600)
        try {
          for await (const chunk of read(signal)) {
            if (total + chunk.length > roomFor(name)) throw tooLarge(bytesMax)
            total += chunk.length
            taken += chunk.length
            for (let at = 0; at < chunk.length; )
              at += (await to.write(chunk, at, chunk.length - at, bytes + at)).bytesWritten
            hash.update(chunk)
            bytes += chunk.length
            onBytes(bytes)
          }
        } catch (error) {
          total -= taken
          rmSync(join(folder, name), { force: true })
          throw error
        } finally {
          await to.close()
        }
        names.push(name)
        return { sha256: hash.digest('hex'), bytes }
      },
    },
    async finish(nowMs, signal) {
      const made = join(folder, 'archive')
      const root = (file.split('/').at(-1) ?? 'bundle').replace(/\.(tar\.gz|tgz)$/, '')
      // The manifest, which comes last, is what somebody reads first. Most of the rest is compressed already.
      const archive = Readable.from(archiveOf(folder, root.slice(0, 100), [...names].reverse(), nowMs))
      await pipeline(archive, createGzip({ level: 1 }), createWriteStream(made, { mode: 0o600 }), { signal })
      await rename(made, file)
      return statSync(file).size
    },
    clean: () => rmSync(folder, { recursive: true, force: true }),
  }
}

const tooLarge = (bytesMax: number) =>
  waitFor(
    'BUNDLE_TOO_LARGE',
    `with it the bundle would be over ${bytesMax} bytes; ask for it alone with --only, for less with --since, or give more with --max-size`,
  )

function openFolder(file: string): string {
  if (statSync(file, { throwIfNoEntry: false }) !== undefined)
    throw needsPerson('BUNDLE_FILE', `${file} exists already; name another one with --output`)
  try {
    return mkdtempSync(join(dirname(resolve(file)), '.support-bundle-'))
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause)
    throw needsPerson('BUNDLE_FILE', `${file} cannot be written (${words}); name another one with --output`, {
      cause,
    })
  }
}

async function* archiveOf(
  folder: string,
  root: string,
  names: readonly string[],
  nowMs: number,
): AsyncGenerator<Uint8Array, void> {
  for (const name of names) {
    const path = join(folder, name)
    const { size } = statSync(path)
    yield tarHeader(`${root}/${name}`, size, nowMs)
    if (size > 0) yield* createReadStream(path)
    yield tarPadding(size)
  }
  yield TAR_END
}
