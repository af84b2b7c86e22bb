/** A queue of items in the order of their positions, cheap at both ends. */
import type { Item } from "./entry.js"

/** Minimum number of taken items before the array is copied without them. */
const minTaken = 64

export class ItemQueue {
  private items: Array<Item | undefined> = []
  private head = 0

  get size(): number {
    return this.items.length - this.head
  }

  peek(): Item | undefined {
    return this.items[this.head]
  }

  push(item: Item): void {
    this.items.push(item)
  }

  shift(): Item | undefined {
    const item = this.items[this.head]
    if (item === undefined) {
      return undefined
    }
    // Released at once, because an item can hold a hundred kilobytes of text.
    this.items[this.head] = undefined
    this.head++
    if (this.head === this.items.length) {
      this.items.length = 0
      this.head = 0
    } else if (this.head >= minTaken && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head)
      this.head = 0
    }
    return item
  }

  countAfter(position: number): number {
    let at = this.items.length
    while (at > this.head && (this.items[at - 1]?.position ?? 0) > position) {
      at--
    }
    return this.items.length - at
  }

  insert(returned: ReadonlyArray<Item>): void {
    this.items = [...returned, ...this.toArray()].sort((a, b) => a.position - b.position)
    this.head = 0
  }

  clear(): ReadonlyArray<Item> {
    const all = this.toArray()
    this.items = []
    this.head = 0
    return all
  }

  toArray(): ReadonlyArray<Item> {
    return this.items.slice(this.head).filter((item) => item !== undefined)
  }
}
