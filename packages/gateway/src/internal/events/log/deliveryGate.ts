/**
 * Delays the delivery of items. With `acknowledge: "onReceive"` and a store, an item is delivered after a session that includes it
 * was stored, so that no event is handled twice.
 */
export class DeliveryGate {
  /** The last position that may be delivered. */
  limit = Number.POSITIVE_INFINITY
  private onBlocked: (() => void) | undefined

  /** True if items wait for a store. */
  get isUsed(): boolean {
    return this.onBlocked !== undefined
  }

  /** Returns true if the item at the position may be delivered. Otherwise it calls `onBlocked`. */
  admits(position: number): boolean {
    if (position <= this.limit) {
      return true
    }
    this.onBlocked?.()
    return false
  }

  /** Closes the gate behind the position. `onBlocked` is called when a reader asks for a later item. */
  close(position: number, onBlocked: () => void): void {
    this.limit = position
    this.onBlocked = onBlocked
  }

  /** Opens a closed gate up to the position. Infinity opens it until the next call. */
  openUpTo(position: number): void {
    if (this.onBlocked !== undefined) {
      this.limit = position
    }
  }
}
