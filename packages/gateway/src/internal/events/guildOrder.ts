/**
 * Orders events that are handled several at a time: the events of one guild are handled one after the other, and so are the events of
 * a shard that have no guild.
 */

/** Work with the key within which it is ordered. */
export interface Ordered {
  readonly orderKey: string
}

/** Tasks that wait for another task with the same key. */
export class GuildOrder<A extends Ordered> {
  /** The tasks behind the running one, by key. A key is present while one of its tasks runs. */
  private readonly waiting = new Map<string, Array<A>>()
  private readonly ready: Array<A> = []

  /** Returns true if the task may begin now. Otherwise it waits until `next` returns it. */
  tryBegin(task: A): boolean {
    const waiting = this.waiting.get(task.orderKey)
    if (waiting === undefined) {
      this.waiting.set(task.orderKey, [])
      return true
    }
    waiting.push(task)
    return false
  }

  /** Ends a task, so that the next one with its key may begin. */
  complete(task: A): void {
    const next = this.waiting.get(task.orderKey)?.shift()
    if (next === undefined) {
      this.waiting.delete(task.orderKey)
    } else {
      this.ready.push(next)
    }
  }

  /** Takes a task that has waited and may begin now. */
  next(): A | undefined {
    return this.ready.shift()
  }

  /** Removes and returns all tasks that have not begun. */
  drain(): ReadonlyArray<A> {
    const all = [...this.ready.splice(0), ...Array.from(this.waiting.values()).flat()]
    this.waiting.clear()
    return all
  }
}
