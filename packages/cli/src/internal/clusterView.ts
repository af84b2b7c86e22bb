/** A cluster's status, as text and as JSON. */
import type * as ClusterStatus from "@vesper/cluster/ClusterStatus"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import { counted } from "./describe.js"

/** Shards in a row as `3-7`: a runner may have hundreds. */
export const ranges = (ids: ReadonlyArray<number>): string => {
  const runs: Array<[first: number, last: number]> = []
  for (const id of ids) {
    const run = runs.at(-1)
    if (run !== undefined && run[1] === id - 1) {
      run[1] = id
    } else {
      runs.push([id, id])
    }
  }
  return runs.map(([first, last]) => first === last ? `${first}` : `${first}-${last}`).join(", ")
}

const standings = (status: ClusterStatus.ClusterStatus): string => {
  const counts = new Map<string, number>()
  for (const shard of status.shards) {
    const place = Option.match(shard.runner, {
      onNone: () => "nowhere",
      onSome: () => Option.getOrElse(shard.status, () => "starting").toLowerCase()
    })
    counts.set(place, (counts.get(place) ?? 0) + 1)
  }
  return Array.from(counts, ([place, count]) => `${count} ${place}`).join(", ")
}

/** How far a resharding is, in words. */
export const describeResharding = ({ done, parts, total }: ClusterStatus.Resharding): string =>
  `resharding to ${total}: ${done} of ${counted(parts, "part")} done`

/** A line for the whole, one for each runner, one for the shards that are nowhere. */
export const render = (status: ClusterStatus.ClusterStatus): string => {
  const width = Math.max(0, ...status.runners.map(({ name }) => name.length))
  const lost = status.shards.filter(({ runner }) => Option.isNone(runner)).map(({ id }) => id.id)
  return [
    status.total === 0
      ? "no shards: no runner has ever been here"
      : `${counted(status.total, "shard")} on ${counted(status.runners.length, "runner")}: ${standings(status)}`,
    ...status.runners.map(({ isDraining, name, shards }) =>
      `  ${name.padEnd(width)}  ${String(shards.length).padStart(4)} shards${
        shards.length > 0 ? `: ${ranges(shards)}` : ""
      }${isDraining ? " (going)" : ""}`
    ),
    ...Option.toArray(Option.map(
      status.identifies,
      ({ remaining, total }) => `  identifies left today: ${remaining} of ${total}`
    )),
    ...(lost.length > 0 ? [`  nowhere: ${ranges(lost)}`] : []),
    ...Option.toArray(Option.map(status.resharding, describeResharding))
  ].join("\n")
}

export const toJson = ({ identifies, resharding, runners, shards, total }: ClusterStatus.ClusterStatus): string =>
  JSON.stringify({
    total,
    identifies: Option.getOrNull(identifies),
    resharding: Option.getOrNull(Option.map(resharding, ({ done, parts, total }) => ({ total, parts, done }))),
    runners,
    shards: shards.map(({ id, ping, runner, status }) => ({
      id: id.id,
      runner: Option.getOrNull(runner),
      status: Option.getOrNull(status),
      ping: Option.getOrNull(Option.map(ping, Duration.toMillis))
    }))
  })
