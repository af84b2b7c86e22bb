import { assert, describe, it } from "@effect/vitest"
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Order from "../../src/internal/commands/order.js"
import * as GuildMembers from "../../src/internal/requests/guildMembers.js"
import * as ShardState from "../../src/internal/state/shardState.js"
import * as VoiceState from "../../src/internal/requests/voiceState.js"
import * as ShardConfig from "../../src/ShardConfig.js"
import { silent } from "../harness.js"

describe("an interrupted request", () => {
  const state = Effect.flatMap(
    ShardConfig.make({ token: Redacted.make("token"), intents: Intents.all }),
    (config) => ShardState.make(ShardId.single, config, silent)
  )

  for (const what of ["while it waits to be sent", "while it waits for the answer"]) {
    it.effect(`leaves nothing behind, ${what}`, () =>
      Effect.gen(function*() {
        const shard = yield* state
        const members = yield* Effect.fork(
          Stream.runDrain(GuildMembers.make(shard)({ guild_id: "1", query: "", limit: 0 }))
        )
        const voice = yield* Effect.fork(
          VoiceState.update(shard)({ guild_id: "1", channel_id: "2", self_deaf: true, self_mute: true })
        )
        yield* TestClock.adjust(0)
        assert.strictEqual(shard.log.listeners.count, 6)
        assert.strictEqual(shard.commands.unsafeSize(), 2)
        if (what === "while it waits for the answer") {
          yield* Effect.repeatN(shard.commands.writeNext(Order.noneLimited, () => Effect.void), 1)
        }
        yield* TestClock.adjust(0)
        yield* Fiber.interruptAll([members, voice])
        assert.strictEqual(shard.log.listeners.count, 0)
        assert.strictEqual(shard.commands.unsafeSize(), 0)
      }))
  }
})
