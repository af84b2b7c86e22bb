/** Mistakes that do not compile. `tsc` reads this file; the test keeps it in the suite. */
import { assert, it } from "@effect/vitest"
import * as Command from "@vesper/bot/Command"
import * as Component from "@vesper/bot/Component"
import * as Interactions from "@vesper/bot/Interactions"
import * as Rest from "@vesper/bot/Rest"
import * as Events from "@vesper/gateway/Events"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

const Database = Context.GenericTag<{ readonly save: Effect.Effect<void> }>("test/Database")

const needsDatabase = Command.slash(
  "save",
  { description: "Saves" },
  ({ reply }) => Effect.flatMap(Database, ({ save }) => Effect.zipRight(save, reply("saved")))
)

export const mistakes = () => [
  Command.slash("a", { description: "A", options: { name: Command.string("Name") } }, ({ options, reply }) =>
    // @ts-expect-error: Property 'nme' does not exist
    reply(options.nme)),
  Command.slash("a", { description: "A", options: { count: Command.integer("Count") } }, ({ options, reply }) =>
    // @ts-expect-error: a number is not a message
    reply(options.count)),
  Command.slash(
    "a",
    { description: "A", options: { colour: Command.string("C", { choices: { Red: "r" } }) } },
    ({ options, reply }) =>
      // @ts-expect-error: the types have no overlap
      reply(options.colour === "x" ? "x" : "y")
  ),
  // @ts-expect-error: 'contents' does not exist in a message
  Command.slash("a", { description: "A" }, ({ reply }) => reply({ contents: "hello" })),
  Command.group("a", {
    description: "A",
    subcommands: { add: { description: "Adds" }, remove: { description: "Removes" } }
    // @ts-expect-error: Property 'remove' is missing
  }, { add: ({ reply }) => reply("added") }),
  // @ts-expect-error: a parameter is missing
  Component.button("b", { params: { id: Schema.String } }, ({ reply }) => reply("b")).make({ label: "B" }),
  // @ts-expect-error: the option is not a number
  Effect.flatMap(Rest.Rest, (rest) => rest.channels.createMessage(5, { content: "hello" }))
]

// The database is required by the layer.
export const layer: Layer.Layer<never, never, { readonly save: Effect.Effect<void> } | Rest.Rest | Events.Registry> =
  Interactions.layer(
    needsDatabase
  )

// @effect-diagnostics missingEffectContext:off
// @ts-expect-error: 'Rest' is not provided
export const bot: Effect.Effect<unknown, unknown, Events.Registry> = Events.collect(Interactions.layer(needsDatabase))

it("are mistakes that the compiler reports", () => {
  assert.isFunction(mistakes)
})
