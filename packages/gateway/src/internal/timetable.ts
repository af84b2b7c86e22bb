/**
 * Who is to be woken when. Members that can be woken a little earlier are entered together, so that one wake serves them
 * all; and what is due at the same time once stays so, for as long as it goes on at the same interval.
 */
export interface Timetable<A> {
  /**
   * Enters a member for `at`, or with others who have an earlier time, but none before `at - slack`. Gives what takes it
   * out again.
   */
  readonly enter: (member: A, at: number, slack: number) => () => void
  /** The earliest time; infinity if nobody is entered. */
  readonly nextAt: () => number
  /** Takes out all who have a time up to `until`, the earliest first. */
  readonly take: (until: number) => ReadonlyArray<A>
}

/** Those who are woken together. */
interface Row<A> {
  readonly at: number
  readonly members: Set<A>
}

export const make = <A>(): Timetable<A> => {
  // In the order of their times. A fleet has as many as its interval has slacks, some forty, so an array does.
  const rows: Array<Row<A>> = []

  /** How many of the rows have a time up to `at`. */
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

  /** The row to be entered in for `at`. */
  const rowFor = (at: number, slack: number): Row<A> => {
    const count = countUpTo(at)
    const before = rows[count - 1]
    if (before !== undefined && before.at >= at - slack) {
      return before
    }
    const row = { at, members: new Set<A>() }
    rows.splice(count, 0, row)
    return row
  }

  const leave = (member: A, row: Row<A>) => {
    row.members.delete(member)
    const index = countUpTo(row.at) - 1
    // One that was taken is not among them any more.
    if (row.members.size === 0 && rows[index] === row) {
      rows.splice(index, 1)
    }
  }

  return {
    enter: (member, at, slack) => {
      const row = rowFor(at, slack)
      row.members.add(member)
      return () => leave(member, row)
    },
    nextAt: () => rows[0]?.at ?? Number.POSITIVE_INFINITY,
    take: (until) => rows.splice(0, countUpTo(until)).flatMap(({ members }) => Array.from(members))
  }
}
