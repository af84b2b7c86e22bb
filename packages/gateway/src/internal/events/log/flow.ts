/** Pauses a connection's socket while a cursor has as many items as it may, and resumes it when none has. */

/** What is paused: the socket of the current connection. */
export interface Source {
  readonly pause: () => void
  readonly resume: () => void
}

/** One holder of items, such as a cursor. */
export interface Holder {
  readonly name: string
}

export class Flow<A extends Holder> {
  private readonly full = new Set<A>()
  private source: Source | undefined
  private readonly onPaused: () => void
  private readonly onResumed: () => void

  /** `onPaused` is called when the first holder becomes full, `onResumed` when none is full any more. */
  constructor(onPaused: () => void, onResumed: () => void) {
    this.onPaused = onPaused
    this.onResumed = onResumed
  }

  get isPaused(): boolean {
    return this.full.size > 0
  }

  /** The holders on whose behalf the socket is paused. */
  get holders(): ReadonlyArray<A> {
    return Array.from(this.full)
  }

  /** Sets the socket to pause, none between two connections. */
  setSource(source: Source | undefined): void {
    this.source = source
    if (this.isPaused) {
      source?.pause()
    }
  }

  add(holder: A): void {
    this.full.add(holder)
    if (this.full.size === 1) {
      this.source?.pause()
      this.onPaused()
    }
  }

  remove(holder: A): void {
    if (this.full.delete(holder) && this.full.size === 0) {
      this.source?.resume()
      this.onResumed()
    }
  }
}
