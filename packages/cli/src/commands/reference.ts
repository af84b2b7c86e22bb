/** `vesper explain` and `vesper intents`. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Intents from "@vesper/model/Intents"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { misused } from "../exit/index.js"
import { writeLine } from "../tui/index.js"
import * as Common from "./options.js"

const referenceRoom = Effect.promise(() => import("../reference/index.js"))

export const explain = Command.make(
  "explain",
  {
    json: Common.flag("json", "Prints JSON: a list, because a name may have several meanings."),
    subject: Args.text({ name: "what" }).pipe(
      Args.withDescription("A close code, opcode, event, error or intent, such as 4014, op 9, MESSAGE_CREATE."),
      Args.atLeast(1)
    )
  },
  ({ json, subject }) =>
    Effect.gen(function*() {
      const Reference = yield* referenceRoom
      const entries = yield* Either.mapLeft(Reference.find(subject), misused)
      yield* writeLine(
        json
          ? JSON.stringify(entries.map(Reference.json), null, 2)
          : entries.map(Reference.text).join("\n\n")
      )
    })
).pipe(Command.withDescription("Explains a close code, opcode, event, error or intent, and what to do about it."))

const summary = (intents: Intents.Intents, unknownBits: ReadonlyArray<number>): string => {
  const names = Intents.names(intents)
  const together = names.length === Intents.allNames.length
    ? "Intents.all"
    : `Intents.of(${names.map((name) => `"${name}"`).join(", ")})`
  return [
    ...(names.length > 0 ? [`together: ${intents} = ${together}`] : []),
    ...(unknownBits.length > 0
      ? [`no intent has bit ${unknownBits.join(", ")}: Discord closes a shard that requests it with 4013`]
      : [])
  ].join("\n")
}

export const intents = Command.make(
  "intents",
  {
    json: Common.flag("json", "Prints JSON: one object."),
    names: Args.text({ name: "names" }).pipe(
      Args.withDescription("Names such as GUILD_MEMBERS or GuildMembers, bits up to 52, or a sum such as 33281."),
      Args.repeated
    )
  },
  ({ json, names }) =>
    Effect.gen(function*() {
      const Reference = yield* referenceRoom
      const intents = yield* Either.mapLeft(Reference.findIntents(names), misused)
      const entries = Intents.names(intents).map(Reference.intent)
      const unknownBits = Intents.unknownBits(intents)
      yield* writeLine(
        json
          ? JSON.stringify({ value: Number(intents), intents: entries.map(Reference.json), unknownBits }, null, 2)
          : [...entries.map(Reference.text), summary(intents, unknownBits)].join("\n\n")
      )
    })
).pipe(Command.withDescription("Lists the events of intents, which intents are privileged, and what to do about it."))
