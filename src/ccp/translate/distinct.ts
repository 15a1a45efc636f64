/** What a group's content is collected in: each value once, for next to nothing where there is one. */
import { type Block, NOT_PLAIN, plainV4 } from './addresses.ts'

/** Values, each once, sorted by a text that tells them apart. Most groups have one or none, which takes no text. */
export class Distinct<T> {
  private readonly found: T[] = []
  private readonly textOf: (value: T) => string

  constructor(textOf: (value: T) => string) {
    this.textOf = textOf
  }

  add(value: T): void {
    this.found.push(value)
  }

  sorted(): readonly T[] {
    if (this.found.length < 2) return this.found
    const byText = new Map(this.found.map((value) => [this.textOf(value), value]))
    return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value)
  }
}

/** Blocks in the order in which they came, each once. Single IPv4 addresses are told apart by number. */
export class Blocks {
  readonly list: Block[] = []
  private readonly plain = new Set<number>()
  private readonly others = new Set<string>()

  add(block: Block): void {
    const { family, cidr } = block
    const address = family === 4 && cidr.endsWith('/32') ? plainV4(cidr.slice(0, -3)) : NOT_PLAIN
    if (address !== NOT_PLAIN) this.addPlain(address, block)
    else if (!this.others.has(cidr)) {
      this.others.add(cidr)
      this.list.push(block)
    }
  }

  addPlain(address: number, block: Block): void {
    const { size } = this.plain
    this.plain.add(address)
    if (this.plain.size > size) this.list.push(block)
  }
}
