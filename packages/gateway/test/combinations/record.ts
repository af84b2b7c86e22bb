/** The model of a cell: the numbered events, their sessions, and the events that each reader began and finished. */
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as ShardId from "@vesper/model/ShardId"
import * as Predicate from "effect/Predicate"

/** A numbered event. */
export interface Sent {
  readonly n: number
  readonly guild: string
  readonly t: string
  /** The sequence of the event in each session that has it. */
  readonly places: ReadonlyMap<string, number>
}

/** A numbered event as a reader receives it. */
export interface Received {
  readonly n: number
  readonly guild: string
}

export const receivedOf = (event: Dispatch.Dispatch): Received | undefined => {
  const body: unknown = event.d
  return Predicate.isRecord(body) && typeof body["n"] === "number"
    ? { n: body["n"], guild: String(body["guild_id"]) }
    : undefined
}

/** The events that one reader began and finished. */
export class Record {
  readonly name: string
  readonly wants: (t: string) => boolean
  /** True if the session to resume from has to stay before an unfinished event. */
  readonly holds: boolean
  readonly isOrdered: boolean
  hasOverflowed = false
  readonly problems: Array<string> = []
  private readonly begun = new Map<number, number>()
  private readonly finished = new Map<number, number>()
  private readonly last = new Map<string, number>()
  private readonly running = new Map<string, number>()

  constructor(name: string, wants: (t: string) => boolean, holds: boolean, isOrdered: boolean) {
    this.name = name
    this.wants = wants
    this.holds = holds
    this.isOrdered = isOrdered
  }

  /** Begins an event. Returns the number of times that it was begun before. */
  begin({ guild, n }: Received): number {
    const last = this.last.get(guild) ?? 0
    const running = this.running.get(guild) ?? 0
    if (this.isOrdered && n < last) {
      this.problems.push(`${this.name}: ${n} begins after ${last} of its guild`)
    }
    if (this.isOrdered && running > 0) {
      this.problems.push(`${this.name}: ${n} begins while another of its guild is under way`)
    }
    this.last.set(guild, n)
    this.running.set(guild, running + 1)
    const before = this.attempts(n)
    this.begun.set(n, before + 1)
    return before
  }

  finish(n: number): void {
    this.finished.set(n, (this.finished.get(n) ?? 0) + 1)
  }

  leave({ guild }: Received): void {
    this.running.set(guild, (this.running.get(guild) ?? 0) - 1)
  }

  /** Replaces the readers by those of a new process, which begin after the session's sequence. */
  restart(): void {
    this.last.clear()
    this.running.clear()
  }

  attempts(n: number): number {
    return this.begun.get(n) ?? 0
  }

  completions(n: number): number {
    return this.finished.get(n) ?? 0
  }
}

/** All events of a cell, in the order in which they were sent. */
export class Ledger {
  readonly sent: Array<Sent> = []

  /** Records a sent event, with its sequence in each session of its guild. */
  add(event: Omit<Sent, "places">, sessions: ReadonlyArray<GatewaySimulator.SessionInfo>): void {
    const places = sessions
      .filter(({ shard, total }) => ShardId.shardOf(event.guild, total) === shard)
      .map(({ id, sequence }) => [id, sequence] as const)
    this.sent.push({ ...event, places: new Map(places) })
  }

  wantedBy(record: Record): ReadonlyArray<Sent> {
    return this.sent.filter(({ t }) => record.wants(t))
  }

  /** Returns the lowest sequence of the session that an acknowledging reader has not finished, infinity if all are. */
  firstUnfinished(session: string, records: ReadonlyArray<Record>): number {
    let first = Number.POSITIVE_INFINITY
    for (const record of records) {
      for (const { n, places, t } of record.holds ? this.sent : []) {
        if (record.wants(t) && record.completions(n) === 0) {
          first = Math.min(first, places.get(session) ?? Number.POSITIVE_INFINITY)
        }
      }
    }
    return first
  }
}
