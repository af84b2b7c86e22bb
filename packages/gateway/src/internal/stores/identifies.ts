/** Stores the state of a queue in a `KeyValueStore`. Loaded on demand, because it loads `effect/Schema`. */
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Function from "effect/Function"
import * as Schema from "effect/Schema"
import type { IdentifyStore, IdentifyStoreError, State } from "../../IdentifyStore.js"
import { Guard } from "../foreign/index.js"
import { PeerText } from "../wire/index.js"

const limit = Duration.seconds(5)

const Json: Schema.Schema<State, string> = Schema.parseJson(Schema.Struct({
  recent: Schema.Array(Schema.Struct({ shard: Schema.NonNegativeInt, at: Schema.Number })),
  account: Schema.UndefinedOr(Schema.Struct({
    total: Schema.NonNegativeInt,
    remaining: Schema.Int,
    resetsAt: Schema.UndefinedOr(Schema.Number)
  }))
}))
const decode = Schema.decode(Json)
const encode = Schema.encodeSync(Json)

/** In UTF-16 units. Long enough for the path of a wrong field. */
const maxReasonLength = 1_000

/** Makes the store of a bot, and reads its state. */
export const make = (
  bot: string,
  makeError: (failure: Pick<IdentifyStoreError, "operation" | "key" | "reason">) => IdentifyStoreError
): Effect.Effect<IdentifyStore, IdentifyStoreError, KeyValueStore.KeyValueStore> =>
  Effect.gen(function*() {
    const store = yield* KeyValueStore.KeyValueStore
    const key = `vesper-identify-${bot}`
    const failed = (operation: IdentifyStoreError["operation"]) => (cause: unknown) =>
      makeError({ operation, key, reason: PeerText.describe(cause, maxReasonLength) })
    const read = () => Effect.flatMap(store.get(key), Effect.transposeMapOption((text) => decode(text)))
    const initial = yield* Effect.mapError(
      Guard.runWithin(read, { limit, onDefect: Function.identity<unknown> }),
      failed("load")
    )
    return {
      initial,
      save: (state) => Effect.mapError(store.set(key, encode(state)), failed("save"))
    }
  })
