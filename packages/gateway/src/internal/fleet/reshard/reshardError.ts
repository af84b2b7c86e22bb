/** The error of a resharding. `Fleet` documents it. */
import * as Data from "effect/Data"

export class ReshardError extends Data.TaggedError("ReshardError")<{
  readonly reason:
    | "InProgress"
    | "InvalidTotal"
    | "Partial"
    | "Budget"
    | "ShardClosed"
    | "TimedOut"
    | "Interrupted"
  readonly detail: string
}> {
  override get message(): string {
    return `the fleet was not resharded and keeps its shards (${this.reason}): ${this.detail}`
  }
}
