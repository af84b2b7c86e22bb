/** Errors of the runners of a cluster. @since 0.1.0 */
import * as Data from "effect/Data"

/** No runner had the shard of a command: it moves, or its runner has died. @since 0.1.0 @category errors */
export class ShardUnavailableError extends Data.TaggedError("ShardUnavailableError")<{
  readonly shard: number
  readonly total: number
}> {
  override get message(): string {
    return `shard ${this.shard} of ${this.total} is on no runner at the moment; try again, and see the cluster's status if it stays away`
  }
}

/** The database that the runners share did not carry out a statement. @since 0.1.0 @category errors */
export class ClusterDatabaseError extends Data.TaggedError("ClusterDatabaseError")<{ readonly cause: unknown }> {
  override get message(): string {
    const why = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return `the cluster's database did not answer (${why}); see whether it is up and can be reached from here`
  }
}

/** The number of shards cannot be changed now: a change of it has begun. @since 0.1.0 @category errors */
export class ReshardUnderWayError extends Data.TaggedError("ReshardUnderWayError")<{
  readonly from: number
  readonly to: number
}> {
  override get message(): string {
    return `the bot is being resharded from ${this.from} to ${this.to} shards; wait until the cluster's status shows that it is done`
  }
}

/** The fleet belongs to another bot: this one would take its shards and sessions. @since 0.1.0 @category errors */
export class ForeignFleetError extends Data.TaggedError("ForeignFleetError")<{
  readonly fleet: string
  /** The id of the bot that the fleet belongs to. */
  readonly owner: string
  readonly bot: string
}> {
  override get message(): string {
    return `the fleet "${this.fleet}" belongs to bot ${this.owner}, and this token is of bot ${this.bot}; choose another name for the fleet, or use the other token`
  }
}

/** No runner has ever used this name for a fleet. @since 0.1.0 @category errors */
export class UnknownFleetError extends Data.TaggedError("UnknownFleetError")<{
  readonly fleet: string
  readonly known: ReadonlyArray<string>
}> {
  override get message(): string {
    return `there is no fleet "${this.fleet}" in this database; ${
      this.known.length === 0 ? "it has none" : `it has ${this.known.join(", ")}`
    }`
  }
}

/** The tables in the database are of another version of Vesper, or missing. @since 0.1.0 @category errors */
export class SchemaVersionError extends Data.TaggedError("SchemaVersionError")<{
  /** 0 if there are no tables. */
  readonly found: number
  readonly known: number
}> {
  override get message(): string {
    const versions = `the cluster's database has schema ${this.found}, and this version of Vesper knows ${this.known}`
    return this.found === 0
      ? "the cluster's database has no tables of Vesper; see whether it is the right one: the first runner creates them"
      : this.found > this.known
      ? `${versions}; update this program`
      : `${versions}; a runner of this version updates it, or use the version of the runners`
  }
}

/** A reason for which a runner or a command is refused by a fleet. @since 0.1.0 @category errors */
export type ClusterError = ClusterDatabaseError | ForeignFleetError | SchemaVersionError

/** A reason for which a resharding is refused. @since 0.1.0 @category errors */
export type ReshardError = ClusterDatabaseError | SchemaVersionError | ReshardUnderWayError | UnknownFleetError
