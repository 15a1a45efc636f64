/**
 * A list in JSON, item by item as it comes: what is held is one item, and the list's own fields. Told from the text: where
 * strings and brackets begin and end is all that is looked at; JSON.parse judges each piece.
 */
import type { ByteSource } from './bytes.ts'

/** What is wrong with the bytes, in words that end a sentence. */
export class JsonListError extends Error {}

export interface JsonListHandlers {
  readonly item: (bytes: Uint8Array) => void
  /** Of one item, and of everything beside the items. */
  readonly bytesMax: number
  readonly tooLong: () => Error
}

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a]
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d]
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

/**
 * Reads to the end of the answer; gives back the bytes of the list without its items (`"items":[]`). Throws
 * JsonListError, and what `tooLong` makes.
 */
export async function readJsonList(source: ByteSource, handlers: JsonListHandlers): Promise<Uint8Array> {
  const rest: Uint8Array[] = []
  let restBytes = 0
  const scan = createScan()
  /** Of what the source holds, what has been looked at. */
  let looked = 0
  while (true) {
    if (looked === source.held) {
      if (looked > handlers.bytesMax || restBytes > handlers.bytesMax) throw handlers.tooLong()
      if (!(await source.fill(looked + 1))) break
    }
    const found = scan.next(source.bytes, source.at + looked, source.end)
    looked = found.at - source.at
    if (found.type === 'more') continue
    const piece = source.bytes.subarray(source.at, found.at)
    if (found.type === 'item') handlers.item(piece)
    else if (found.type === 'rest') {
      rest.push(Buffer.from(piece))
      restBytes += piece.length
    }
    source.at = found.at
    looked = 0
  }
  if (scan.isWithinItems) throw new JsonListError('a list that is cut short')
  return Buffer.concat([...rest, source.bytes.subarray(source.at, source.end)])
}

interface Found {
  /** `rest` up to here is the list's own, `item` is one item, `between` is neither; `more` has come to the end. */
  readonly type: 'more' | 'rest' | 'item' | 'between'
  readonly at: number
}

function createScan() {
  const state = { depth: 0, inText: false, escaped: false, inItems: false, wantsItem: true }
  /** The text read last, at the list's own depth, and whether a colon came after it. */
  let [key, isAfterColon] = ['', false]
  let keyBytes: number[] = []

  const text = (byte: number): void => {
    if (state.escaped) state.escaped = false
    else if (byte === BACKSLASH) state.escaped = true
    else if (byte === QUOTE) {
      state.inText = false
      key = String.fromCharCode(...keyBytes)
      return
    }
    if (!state.inItems && state.depth === 1 && keyBytes.length < ITEMS.length + 1) keyBytes.push(byte)
  }
  const outside = (byte: number): boolean => {
    if (byte === OPEN_LIST && state.depth === 1 && isAfterColon && key === ITEMS) {
      state.inItems = true
      state.wantsItem = true
      state.depth = 2
      return true
    }
    if (byte === OPEN_LIST || byte === OPEN_OBJECT) state.depth += 1
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) state.depth -= 1
    if (!isSpace(byte)) isAfterColon = byte === COLON
    return false
  }
  return {
    get isWithinItems() {
      return state.inItems
    },
    next(bytes: Uint8Array, from: number, end: number): Found {
      for (let at = from; at < end; at += 1) {
        const byte = bytes[at] as number
        if (state.inText) text(byte)
        else if (byte === QUOTE) {
          if (state.inItems && state.depth === 2) throw new JsonListError('an item that is no object')
          state.inText = true
          keyBytes = []
        } else if (!state.inItems) {
          if (outside(byte)) return { type: 'rest', at: at + 1 }
        } else if (state.depth > 2) {
          if (byte === OPEN_LIST || byte === OPEN_OBJECT) state.depth += 1
          else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
            state.depth -= 1
            if (state.depth === 2) return { type: 'item', at: at + 1 }
          }
        } else if (byte === CLOSE_LIST) {
          state.inItems = false
          state.depth = 1
          // The bracket goes to the list's own fields: what came before it, blank space at most, does too.
        } else if (byte === OPEN_OBJECT && state.wantsItem) {
          state.wantsItem = false
          state.depth = 3
        } else if (byte === COMMA && !state.wantsItem) {
          state.wantsItem = true
          return { type: 'between', at: at + 1 }
        } else if (!isSpace(byte)) throw new JsonListError('an item that is no object')
      }
      return { type: 'more', at: end }
    },
  }
}

const ITEMS = 'items'
