/** Pauses a connection's socket while a cursor is full, and resumes it when no cursor is. */

interface PausableSocket {
  readonly pause: () => void
  readonly resume: () => void
}

/** The full cursors of a log, and the socket that they pause. */
export class Backpressure<A> {
  private readonly full = new Set<A>()
  private socket: PausableSocket | undefined
  private readonly onPaused: () => void
  private readonly onResumed: () => void

  /** `onPaused` is called when the first holder becomes full, `onResumed` when the last full one has room. */
  constructor(onPaused: () => void, onResumed: () => void) {
    this.onPaused = onPaused
    this.onResumed = onResumed
  }

  get isPaused(): boolean {
    return this.full.size > 0
  }

  get holders(): ReadonlyArray<A> {
    return Array.from(this.full)
  }

  /** Sets the socket to pause, undefined between two connections. */
  setSocket(socket: PausableSocket | undefined): void {
    this.socket = socket
    if (this.isPaused) {
      socket?.pause()
    }
  }

  add(holder: A): void {
    this.full.add(holder)
    if (this.full.size === 1) {
      this.socket?.pause()
      this.onPaused()
    }
  }

  remove(holder: A): void {
    if (this.full.delete(holder) && this.full.size === 0) {
      this.socket?.resume()
      this.onResumed()
    }
  }
}
