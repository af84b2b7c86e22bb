/**
 * The order of events that are handled several at a time: those of one lane are begun one after the other. A guild is a lane, and
 * so are the events of a shard that have no guild.
 */

/** What lanes have to know of a piece of work. */
export interface Task {
  readonly lane: string
}

export class Lanes<A extends Task> {
  /** The tasks that wait behind the one that is under way, by lane. */
  private readonly deferred = new Map<string, Array<A>>()
  private readonly ready: Array<A> = []

  /** Whether the task may begin now. Otherwise it waits for its turn. */
  enter(task: A): boolean {
    const waiting = this.deferred.get(task.lane)
    if (waiting === undefined) {
      this.deferred.set(task.lane, [])
      return true
    }
    waiting.push(task)
    return false
  }

  /** A task is over: the next of its lane may begin. */
  leave(task: A): void {
    const next = this.deferred.get(task.lane)?.shift()
    if (next === undefined) {
      this.deferred.delete(task.lane)
    } else {
      this.ready.push(next)
    }
  }

  /** A deferred task whose turn it is. */
  next(): A | undefined {
    return this.ready.shift()
  }

  /** Takes out all tasks that have not begun. */
  drain(): ReadonlyArray<A> {
    const all = [...this.ready.splice(0), ...Array.from(this.deferred.values()).flat()]
    this.deferred.clear()
    return all
  }
}
