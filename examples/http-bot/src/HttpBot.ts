/** The HTTP app that Discord sends interactions to, with the commands of slash-bot. */
import { Interactions } from "@vesper/bot"
import { Config, Effect } from "effect"
import * as Suggestions from "../../slash-bot/src/Suggestions.js"

/** Verifies signatures with the application's public key, and registers the commands. */
export const make = Effect.gen(function*() {
  const publicKey = yield* Config.string("DISCORD_PUBLIC_KEY")
  return yield* Interactions.httpApp(Suggestions.layer, { publicKey })
})
