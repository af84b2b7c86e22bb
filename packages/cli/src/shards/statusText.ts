/** The status of a shard and of a resharding, in words. */
import type * as Fleet from "@vesper/gateway/Fleet"
import * as ShardStatus from "@vesper/gateway/ShardStatus"
import * as Option from "effect/Option"
import { counted } from "../tui/index.js"

export const describeStatus: (status: ShardStatus.ShardStatus) => string = ShardStatus.match({
  Disconnected: ({ closeCode, reconnectAttempts }) =>
    `disconnected${Option.match(closeCode, { onNone: () => "", onSome: (code) => ` (${code})` })}${
      reconnectAttempts > 1 ? `, try ${reconnectAttempts}` : ""
    }`,
  Connecting: () => "connecting",
  Identifying: () => "identifying",
  Resuming: () => "resuming",
  Connected: () => "connected",
  FatallyClosed: ({ closeCode }) => `closed permanently (${closeCode})`
})

export const describeStage = (stage: Fleet.ReshardStage): string => {
  switch (stage._tag) {
    case "Prepare":
      return "resharding: new shards wait for their sessions"
    case "Overlap":
      return "resharding: guilds arrive on the new shards"
    case "HandOver":
      return `resharding: ${counted(stage.remaining, "guild")} to hand over`
    case "Drain":
    case "Retire":
      return "resharding: the old shards end"
    case "RolledBack":
      return "resharding was rolled back"
  }
}
