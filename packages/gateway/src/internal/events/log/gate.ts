/**
 * The position up to which items may be given out. With `acknowledge: "onReceive"` and a store, an item is given out once a
 * session after it is stored, so that nothing is handled twice.
 */
export class Gate {
  /** The last position that may be given out. */
  limit = Number.POSITIVE_INFINITY
  private onBlocked: (() => void) | undefined

  /** Whether an item may be given out. Otherwise `onBlocked` is called. */
  admits(position: number): boolean {
    if (position <= this.limit) {
      return true
    }
    this.onBlocked?.()
    return false
  }

  /** Closes the gate at the current position. `onBlocked` is called when a reader asks for an item behind it. */
  close(position: number, onBlocked: () => void): void {
    this.limit = position
    this.onBlocked = onBlocked
  }

  /** Opens a gate that was closed up to a position; infinity opens it until the next call. */
  openUpTo(position: number): void {
    if (this.onBlocked !== undefined) {
      this.limit = position
    }
  }
}
