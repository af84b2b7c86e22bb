/** The status of a cluster, as text and as JSON. */
import type * as ClusterStatus from "@vesper/cluster/ClusterStatus"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import { counted, ranges } from "../tui/index.js"

const describeShards = (status: ClusterStatus.ClusterStatus): string => {
  const counts = new Map<string, number>()
  for (const shard of status.shards) {
    const place = Option.match(shard.runner, {
      onNone: () => "unassigned",
      onSome: () => Option.getOrElse(shard.status, () => "starting").toLowerCase()
    })
    counts.set(place, (counts.get(place) ?? 0) + 1)
  }
  return Array.from(counts, ([place, count]) => `${count} ${place}`).join(", ")
}

/** A line for the cluster, one for each runner, and one for the shards without a runner. */
export const render = (status: ClusterStatus.ClusterStatus): string => {
  const width = Math.max(0, ...status.runners.map(({ name }) => name.length))
  const unassigned = status.shards.filter(({ runner }) => Option.isNone(runner)).map(({ id }) => id.id)
  return [
    status.total === 0
      ? "no shards: no runner was ever started"
      : `${counted(status.total, "shard")} on ${counted(status.runners.length, "runner")}: ${describeShards(status)}`,
    ...status.runners.map(({ isDraining, name, shards }) =>
      `  ${name.padEnd(width)}  ${String(shards.length).padStart(4)} shards${
        shards.length > 0 ? `: ${ranges(shards)}` : ""
      }${isDraining ? " (draining)" : ""}`
    ),
    ...Option.toArray(Option.map(
      status.identifies,
      ({ remaining, total }) => `  identifies left today: ${remaining} of ${total}`
    )),
    ...(unassigned.length > 0 ? [`  unassigned: ${ranges(unassigned)}`] : []),
    ...Option.toArray(Option.map(
      status.resharding,
      ({ done, parts, total }) => `resharding to ${total}: ${done} of ${counted(parts, "part")} done`
    ))
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
