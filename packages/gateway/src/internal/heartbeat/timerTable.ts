/**
 * The times at which timers are due. A timer with slack joins the row of another timer, so that both are called together;
 * timers of the same interval stay together from then on.
 */
export interface TimerTable<A> {
  /**
   * Adds a timer for `at`, or to the latest row that is not before `at - slack`. Returns a function that removes it.
   */
  readonly add: (timer: A, at: number, slack: number) => () => void
  /** The earliest time, or infinity without any timer. */
  readonly nextAt: () => number
  /** Removes and returns the timers that are due up to `until`, the earliest first. */
  readonly take: (until: number) => ReadonlyArray<A>
}

/** Timers that are called together. */
interface Row<A> {
  readonly at: number
  readonly timers: Set<A>
}

export const make = <A>(): TimerTable<A> => {
  // Sorted by time. A fleet has about forty rows, as many as an interval has slacks, so an array is fast enough.
  const rows: Array<Row<A>> = []

  /** The number of rows up to `at`. */
  const countUpTo = (at: number): number => {
    let [low, high] = [0, rows.length]
    while (low < high) {
      const middle = (low + high) >> 1
      const row = rows[middle]
      if (row !== undefined && row.at <= at) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }

  /** Returns the row for a timer, and adds one if necessary. */
  const rowFor = (at: number, slack: number): Row<A> => {
    const count = countUpTo(at)
    const before = rows[count - 1]
    if (before !== undefined && before.at >= at - slack) {
      return before
    }
    const row = { at, timers: new Set<A>() }
    rows.splice(count, 0, row)
    return row
  }

  const remove = (timer: A, row: Row<A>) => {
    row.timers.delete(timer)
    const index = countUpTo(row.at) - 1
    // A row that was taken is no longer in the table.
    if (row.timers.size === 0 && rows[index] === row) {
      rows.splice(index, 1)
    }
  }

  return {
    add: (timer, at, slack) => {
      const row = rowFor(at, slack)
      row.timers.add(timer)
      return () => remove(timer, row)
    },
    nextAt: () => rows[0]?.at ?? Number.POSITIVE_INFINITY,
    take: (until) => rows.splice(0, countUpTo(until)).flatMap(({ timers }) => Array.from(timers))
  }
}
