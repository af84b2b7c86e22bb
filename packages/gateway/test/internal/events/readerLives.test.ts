/** Random operations of readers on one log, compared with a small model. */
import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import type { Entry } from "../../../src/internal/events/log/entry.js"
import { lastPosition } from "../../../src/internal/events/log/entry.js"
import type { Reader } from "../../../src/internal/events/reader.js"
import { Readers } from "../../../src/internal/events/readerRegistry.js"
import { append, handling, makeLog, makeSession, streaming } from "./fixture.js"

const capacity = 6
const names = ["A", "B", "C"] as const
const filters: ReadonlyArray<ReadonlySet<string> | undefined> = [undefined, new Set(["A"]), new Set(["A", "B"])]

/** The model of a reader, of an ended run, or of the log's backlog. */
interface Place {
  readonly wanted: ReadonlySet<string> | undefined
  readonly acknowledges: boolean
  /** Sequences in order. */
  waiting: ReadonlyArray<number>
  readonly begun: Map<number, Entry>
  isFull: boolean
}

interface Live extends Place {
  readonly reader: Reader
}

interface Left extends Place {
  readonly key: string | undefined
  /** True if all events were handled when the run ended. */
  readonly isFinished: boolean
}

const place = (wanted: Place["wanted"], acknowledges: boolean, waiting: ReadonlyArray<number>): Place => ({
  wanted,
  acknowledges,
  waiting,
  begun: new Map(),
  isFull: false
})

const wants = ({ wanted }: Pick<Place, "wanted">, t: string) => wanted === undefined || wanted.has(t)

const covers = (wanted: Place["wanted"], before: Place["wanted"]) =>
  wanted === undefined || (before !== undefined && Array.from(before).every((t) => wanted.has(t)))

/** One log and its model. Each operation is done on both, and its results are compared. */
class World {
  private readonly log = makeLog({ capacity, capacityBytes: 1_000_000 }).log
  private readonly session = makeSession()
  private readonly timers = new Set<() => void>()
  private readonly readers: Readers
  private readonly typeOf: Array<string> = [""]
  private gate = Number.POSITIVE_INFINITY
  private backlog: Place | undefined = place(undefined, true, [])
  private live: Array<Live> = []
  private left: Array<Left> = []

  constructor() {
    this.readers = new Readers({
      ending: undefined,
      drainTimeoutMillis: 1,
      keepsStreams: false,
      after: (_, call) => {
        this.timers.add(call)
        return () => this.timers.delete(call)
      },
      publish: () => {}
    })
    this.readers.addLog(this.log)
  }

  private get places(): ReadonlyArray<Place> {
    return [...this.live, ...this.left, ...(this.backlog === undefined ? [] : [this.backlog])]
  }

  append(n: number): void {
    // A paused socket still delivers the events that it has read.
    const isPaused = this.places.some(({ isFull }) => isFull)
    if (isPaused && n % 4 !== 0) {
      return
    }
    const t = names[n % names.length] ?? "A"
    append(this.log, this.session, 1, t)
    this.typeOf.push(t)
    for (const place of this.places) {
      if (wants(place, t)) {
        place.waiting = [...place.waiting, this.session.sequence]
      }
    }
  }

  open(n: number): void {
    if (this.live.length < 4) {
      this.add(filters[n % filters.length], n % 2 === 0, undefined, this.backlog)
      this.backlog = undefined
    }
  }

  read(n: number): void {
    const live = this.pick(n)
    if (live !== undefined) {
      const [first] = live.waiting
      const isReadable = first !== undefined && first <= this.gate
      assert.strictEqual(live.reader.hasNext(), isReadable)
      const item = live.reader.next()
      assert.strictEqual(item?._tag === "Dispatch" ? item.s : undefined, isReadable ? first : undefined)
      if (item?._tag === "Dispatch") {
        live.waiting = live.waiting.slice(1)
        if (live.acknowledges) {
          live.reader.current?.start(item)
          live.begun.set(item.s, item)
        }
      }
    }
  }

  finish(n: number, isDone: boolean): void {
    const live = this.pick(n)
    const entry = live && Array.from(live.begun.values())[n % Math.max(1, live.begun.size)]
    const cursor = live?.reader.cursors.get(this.log)
    if (live !== undefined && entry !== undefined && cursor !== undefined) {
      live.begun.delete(entry.s)
      if (isDone) {
        cursor.done(entry)
      } else {
        cursor.requeue([entry])
        live.waiting = [...live.waiting, entry.s].sort((a, b) => a - b)
      }
    }
  }

  /** Ends a run as the runner does, which requeues begun events first. */
  leave(n: number): void {
    const live = this.pick(n)
    if (live?.acknowledges === true) {
      live.reader.cursors.get(this.log)?.requeue(Array.from(live.begun.values()))
      live.waiting = [...live.waiting, ...live.begun.keys()].sort((a, b) => a - b)
      live.begun.clear()
      const key = n % 2 === 0 ? undefined : "key"
      this.readers.endRun(live.reader, key, "handler")
      this.live = this.live.filter((one) => one !== live)
      this.left.push({ ...live, key, isFinished: live.waiting.length === 0 })
    }
  }

  adopt(n: number): void {
    const key = n % 2 === 0 ? undefined : "key"
    const wanted = filters[n % filters.length]
    const expected = this.left.find((left) => left.key === key && covers(wanted, left.wanted))
    const from = this.readers.adopt(key, "handler", wanted)
    assert.strictEqual(from === undefined, expected === undefined)
    if (expected !== undefined) {
      this.left = this.left.filter((left) => left !== expected)
      this.add(wanted, true, from, expected)
    }
  }

  close(n: number): void {
    const live = this.pick(n)
    if (live !== undefined) {
      this.readers.close(live.reader)
      this.live = this.live.filter((one) => one !== live)
    }
  }

  /** Advances time by `drainTimeout`. */
  expire(): void {
    Array.from(this.timers).forEach((call) => call())
    this.timers.clear()
    this.left = []
  }

  closeGate(): void {
    if (this.gate === Number.POSITIVE_INFINITY) {
      this.log.gate.close(lastPosition(), () => {})
      this.gate = this.session.sequence
    }
  }

  openGate(isForGood: boolean): void {
    if (this.gate < Number.POSITIVE_INFINITY) {
      this.log.openGateUpTo(isForGood ? Number.POSITIVE_INFINITY : lastPosition())
      this.gate = isForGood ? Number.POSITIVE_INFINITY : this.session.sequence
    }
  }

  /** The invariants that hold after each operation. */
  check(): void {
    for (const place of this.places) {
      const { length } = place.waiting
      place.isFull = place.isFull ? length > capacity / 2 : length >= capacity
    }
    // An ended run without unhandled events does not pause the socket for an active reader.
    this.left = this.left.filter(({ isFinished, isFull }) => !isFinished || !isFull || this.live.length === 0)
    const { backpressure } = this.log
    assert.strictEqual(backpressure.isPaused, this.places.some(({ isFull }) => isFull), "paused")
    assert.strictEqual(backpressure.holders.length, this.places.filter(({ isFull }) => isFull).length, "holders")
    for (const { reader, waiting } of this.live) {
      assert.strictEqual(reader.buffered, waiting.filter((s) => s <= this.gate).length, "buffered")
    }
    const unfinished = this.places.filter(({ acknowledges }) => acknowledges)
      .flatMap(({ begun, waiting }) => [...begun.keys(), ...waiting])
    const acknowledged = Math.min(this.session.sequence, ...unfinished.map((s) => s - 1))
    assert.strictEqual(this.log.acknowledgedIn(this.session), acknowledged, "acknowledged")
    assert.strictEqual(this.log.cursors.size, this.places.length, "cursors")
  }

  /** Ends all readers, and checks that no cursor remains. */
  end(): void {
    this.openGate(true)
    this.check()
    while (this.live.length > 0) {
      this.close(0)
    }
    this.expire()
    this.check()
    assert.strictEqual(this.timers.size, 0)
    if (this.backlog === undefined) {
      assert.strictEqual(this.log.acknowledgedIn(this.session), this.session.sequence)
      assert.isFalse(this.log.backpressure.isPaused)
    }
  }

  private add(wanted: Place["wanted"], acknowledges: boolean, from: Reader | undefined, source: Place | undefined) {
    const options = { ...(acknowledges ? handling : streaming), wanted }
    const waiting = (source?.waiting ?? []).filter((s) => wants({ wanted }, this.typeOf[s] ?? ""))
    this.live.push({ ...place(wanted, acknowledges, waiting), reader: this.readers.open(options, from) })
  }

  private pick(n: number): Live | undefined {
    return this.live[n % Math.max(1, this.live.length)]
  }
}

const operations = {
  append: [12, (world: World, n: number) => world.append(n)],
  open: [2, (world: World, n: number) => world.open(n)],
  read: [10, (world: World, n: number) => world.read(n)],
  done: [5, (world: World, n: number) => world.finish(n, true)],
  giveBack: [2, (world: World, n: number) => world.finish(n, false)],
  leave: [1, (world: World, n: number) => world.leave(n)],
  adopt: [1, (world: World, n: number) => world.adopt(n)],
  close: [1, (world: World, n: number) => world.close(n)],
  expire: [1, (world: World) => world.expire()],
  closeGate: [1, (world: World) => world.closeGate()],
  openGate: [2, (world: World, n: number) => world.openGate(n % 3 === 0)]
} as const

type Operation = keyof typeof operations

const anyOperation = FastCheck.tuple(
  FastCheck.oneof(
    ...Object.entries(operations).map(([name, [weight]]) => ({
      weight,
      // `Object.entries` widens the keys.
      arbitrary: FastCheck.constant(name as Operation)
    }))
  ),
  FastCheck.nat(1_000)
)

describe("random operations of readers", () => {
  it(
    "read each event that they want once, hold the socket and the session for as long as they must, and leave nothing",
    () => {
      FastCheck.assert(
        FastCheck.property(FastCheck.array(anyOperation, { maxLength: 120, size: "max" }), (steps) => {
          const world = new World()
          for (const [name, n] of steps) {
            operations[name][1](world, n)
            world.check()
          }
          world.end()
        }),
        { seed: 17, numRuns: 400 }
      )
    },
    60_000
  )
})
