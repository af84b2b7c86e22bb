/** Mistakes that do not compile. `tsc` reads this file; the test keeps it in the suite. */
import { assert, it } from "@effect/vitest"
import * as Command from "@vesper/bot/Command"
import * as Component from "@vesper/bot/Component"
import * as Interactions from "@vesper/bot/Interactions"
import * as Rest from "@vesper/bot/Rest"
import * as Events from "@vesper/gateway/Events"
import type * as Shard from "@vesper/gateway/Shard"
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
  Command.slash(
    "a",
    { description: "A", options: { name: Command.optional(Command.string("Name")) } },
    ({ options, reply }) =>
      // @ts-expect-error: 'Option<string>' is not assignable to 'Message'
      reply(options.name)
  ),
  // @ts-expect-error: 'contents' does not exist in type 'MessageBody'. Did you mean to write 'content'?
  Command.slash("a", { description: "A" }, ({ reply }) => reply({ contents: "hello" })),
  Command.group("a", {
    description: "A",
    subcommands: { add: { description: "Adds" }, remove: { description: "Removes" } }
    // @ts-expect-error: Property 'remove' is missing
  }, { add: ({ reply }) => reply("added") }),
  Command.group("a", {
    description: "A",
    subcommands: { box: { description: "Box", subcommands: { open: { description: "Opens" } } } }
    // @ts-expect-error: Property 'open' is missing
  }, { box: {} }),
  Command.group("a", { description: "A", subcommands: { add: { description: "Adds" } } }, {
    add: ({ reply }) => reply("added"),
    // @ts-expect-error: it is not a subcommand, so its type is 'never'
    other: () => Effect.void
  }),
  Command.group("a", {
    description: "A",
    subcommands: { box: { description: "Box", subcommands: { open: { description: "Opens" } } } }
  }, {
    box: {
      open: ({ reply }) => reply("opened"),
      // @ts-expect-error: it is not a subcommand of the group, so its type is 'never'
      opne: () => Effect.void
    }
  }),
  Command.onUser("Wave", ({ reply }) => reply("hello"), {
    // @ts-expect-error: a command of a menu has no description
    localizations: { de: { name: "Winken", description: "Winkt" } }
  }),
  // @ts-expect-error: a number is not encoded as a text
  Component.button("b", { params: { id: Schema.Number } }, ({ reply }) => reply("b")),
  Component.modal("m", { title: "T", fields: { text: { label: "Text" } } }, ({ fields, reply }) =>
    // @ts-expect-error: Property 'txt' does not exist. Did you mean 'text'?
    reply(fields.txt)),
  Component.select("c", "string", {}, ({ update, values }) =>
    // @ts-expect-error: 'readonly string[]' is not assignable to 'Message'
    update(values)),
  // @ts-expect-error: Property 'params' is missing
  Component.button("b", { params: { id: Schema.String } }, ({ reply }) => reply("b")).make({ label: "B" }),
  // @ts-expect-error: 'contents' does not exist in type 'CreateMessageOptions'. Did you mean to write 'content'?
  Effect.flatMap(Rest.Rest, (rest) => rest.channels.createMessage("5", { contents: "hello" })),
  // @ts-expect-error: a number is not a channel's id
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

// @ts-expect-error: 'Rest' is not assignable to 'Shard'
export const assembled: Effect.Effect<void, unknown, Shard.Shard> = Events.assemble(Interactions.layer(needsDatabase))

/** The methods whose types are lost. */
type Lost<T> = {
  [S in keyof T]: T[S] extends (...parameters: never) => unknown ? never
    : { [M in keyof T[S]]: [T[S][M]] extends [never] ? M : never }[keyof T[S]]
}[keyof T]

// Each method of the library has a type.
export const complete: [Lost<Rest.Rest>] extends [never] ? true : false = true

it("are mistakes that the compiler reports", () => {
  assert.isFunction(mistakes)
})
