/** Timers in the order of their times, then of their creation, in a binary heap. */
export interface TimerQueue {
  readonly now: () => number
  readonly size: () => number
  /** Registers a timer that calls `wake` at a time; returns its cancellation. */
  readonly add: (at: number, wake: () => void) => () => void
  /** The time of the next timer. */
  readonly nextAt: () => number | undefined
  /** Advances the time, never back, and calls every timer that is due. */
  readonly advanceTo: (at: number) => void
}

interface Timer {
  readonly at: number
  readonly order: number
  wake: (() => void) | undefined
}

const isBefore = (a: Timer, b: Timer) => a.at < b.at || (a.at === b.at && a.order < b.order)

export const make = (start: number): TimerQueue => {
  const heap: Array<Timer> = []
  let now = start
  let order = 0
  let live = 0

  const at = (index: number): Timer => {
    const timer = heap[index]
    if (timer === undefined) {
      throw new Error("index outside of the heap")
    }
    return timer
  }

  const swap = (a: number, b: number) => {
    const timer = at(a)
    heap[a] = at(b)
    heap[b] = timer
  }

  const rise = (from: number) => {
    for (let index = from; index > 0;) {
      const parent = (index - 1) >> 1
      if (!isBefore(at(index), at(parent))) {
        return
      }
      swap(index, parent)
      index = parent
    }
  }

  const sink = () => {
    for (let index = 0;;) {
      const [left, right] = [2 * index + 1, 2 * index + 2]
      let first = index
      if (left < heap.length && isBefore(at(left), at(first))) {
        first = left
      }
      if (right < heap.length && isBefore(at(right), at(first))) {
        first = right
      }
      if (first === index) {
        return
      }
      swap(index, first)
      index = first
    }
  }

  const removeFirst = (): Timer => {
    const first = at(0)
    swap(0, heap.length - 1)
    heap.pop()
    sink()
    return first
  }

  // A cancelled timer stays in the heap until its time, because a search for it would cost more.
  const dropCancelled = () => {
    while (heap[0] !== undefined && heap[0].wake === undefined) {
      removeFirst()
    }
  }

  return {
    now: () => now,
    size: () => live,
    add: (time, wake) => {
      const timer: Timer = { at: time, order: order++, wake }
      heap.push(timer)
      live++
      rise(heap.length - 1)
      return () => {
        if (timer.wake !== undefined) {
          timer.wake = undefined
          live--
        }
      }
    },
    nextAt: () => {
      dropCancelled()
      return heap[0]?.at
    },
    advanceTo: (time) => {
      now = Math.max(now, time)
      for (dropCancelled(); heap[0] !== undefined && heap[0].at <= now; dropCancelled()) {
        const { wake } = removeFirst()
        live--
        wake?.()
      }
    }
  }
}
