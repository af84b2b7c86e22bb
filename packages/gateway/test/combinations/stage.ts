/** The state of a running cell: its readers, their records, and violations so far. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Session from "../../src/Session.js"
import type * as Bot from "./bot.js"
import { type Cell, isCluster } from "./cells.js"
import * as Lives from "./lives.js"
import { HandlerFailure, type Notes, type Part, type Work } from "./readers.js"
import { Ledger, type Received, receivedOf, Record } from "./record.js"

export interface Reader {
  readonly part: Part
  readonly record: Record
  readonly notes: Notes
}

export class Stage {
  readonly ledger = new Ledger()
  readonly problems: Array<string> = []
  readonly readers: ReadonlyArray<Reader>
  /** The highest sequence of each session that was stored. */
  private readonly stored = new Map<string, number>()
  readonly cell: Cell
  readonly load: Lives.Load

  constructor(cell: Cell) {
    this.cell = cell
    this.load = Lives.loadOf(cell.life)
    this.readers = cell.kind.parts.map((part) => ({
      part,
      record: new Record(
        part.name,
        part.wants,
        cell.mode.acknowledge === "onHandled" && (part.promise === "handlers" || part.promise === "isolated"),
        part.isOrdered
      ),
      notes: { dropped: Effect.succeed(0), hasOverflowed: false }
    }))
  }

  private get records(): ReadonlyArray<Record> {
    return this.readers.map(({ record }) => record)
  }

  /** Checks that a session is not after an unhandled event. */
  checkSession({ id, sequence }: Session.Session, where: string): void {
    const first = this.ledger.firstUnfinished(id, this.records)
    if (sequence >= first) {
      this.problems.push(`the session ${where} is at ${sequence}, and ${first} is not handled`)
    }
  }

  onSave(session: Session.Session): void {
    this.stored.set(session.id, session.sequence)
    this.checkSession(session, "in the store")
  }

  /** Checks that an event that is acknowledged on receipt is stored before it is handled. */
  checkStored({ n }: Received): void {
    const places = Array.from(this.ledger.sent.find((sent) => sent.n === n)?.places ?? [])
    const { mode: { acknowledge, hasStore }, target } = this.cell
    // A cluster writes its sessions to a database, without a notification.
    const isSeen = hasStore && !isCluster(target)
    if (acknowledge === "onReceive" && isSeen && !places.some(([id, s]) => (this.stored.get(id) ?? 0) >= s)) {
      this.problems.push(`${n} is handled before a session after it is stored`)
    }
  }

  workOf({ part, record }: Reader, process: Bot.Process): Work {
    const { isFailing, isSlow, millis } = this.load
    return (event) => {
      const received = receivedOf(event)
      if (received === undefined || !process.isAlive) {
        return Effect.void
      }
      const { n } = received
      this.checkStored(received)
      const isFirst = record.begin(received) === 0
      const end = (isDone: boolean) => {
        if (process.isAlive) {
          record.leave(received)
          if (isDone) {
            record.finish(n)
          }
        }
      }
      const isFailure = isFailing && isFirst && n % 5 === 2
      if (!isSlow && !isFailure && n % 3 === 1) {
        end(true)
        return Effect.void
      }
      const result = isFailure ? Effect.fail(new HandlerFailure({ n })) : Effect.void
      return Effect.delay(result, millis).pipe(
        Effect.onExit((exit) =>
          Effect.sync(() => end(Exit.isSuccess(exit) || (part.promise === "isolated" && isFailure)))
        )
      )
    }
  }
}
