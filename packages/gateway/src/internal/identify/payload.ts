/** Encodes the IDENTIFY of a shard. Discord accepts at most 4,096 bytes. */
import * as Command from "@vesper/model/Command"
import type * as ShardId from "@vesper/model/ShardId"
import * as Option from "effect/Option"
import type * as ShardConfig from "../../ShardConfig.js"

const encoder = new TextEncoder()

type ShardNumber = Pick<ShardId.ShardId, "id" | "total">

export const encode = (
  { identifyProperties, intents, largeThreshold, token }: ShardConfig.ShardConfig,
  { id, total }: ShardNumber,
  presence: Option.Option<Command.Presence>
): string =>
  Command.encode(Command.identify({
    token,
    intents,
    properties: identifyProperties,
    large_threshold: largeThreshold,
    shard: [id, total],
    ...(Option.isSome(presence) && { presence: presence.value })
  }))

export const bytes = (text: string): number => encoder.encode(text).length

/** An IDENTIFY, and the presence that it contains. */
export interface Payload {
  readonly text: string
  readonly presence: Option.Option<Command.Presence>
}

/** Encodes an IDENTIFY, and omits a presence that makes it too long: the shard sends it as a command after READY. */
export const make = (
  config: ShardConfig.ShardConfig,
  id: ShardNumber,
  presence: Option.Option<Command.Presence>
): Payload => {
  const text = encode(config, id, presence)
  return bytes(text) <= Command.maxBytes
    ? { text, presence }
    : { text: encode(config, id, Option.none()), presence: Option.none() }
}
