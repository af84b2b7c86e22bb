/**
 * `vesper intents`: what intents let through, and what each of them takes.
 *
 * @since 0.1.0
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Intents from "@vesper/model/Intents"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { CliError } from "./CliError.js"
import * as ExitCode from "./ExitCode.js"
import { writeLine } from "./internal/output.js"

const names = Args.text({ name: "names" }).pipe(
  Args.withDescription("Names such as GUILD_MEMBERS or GuildMembers, bits up to 52, or a sum such as 33281."),
  Args.repeated
)

const json = Options.boolean("json").pipe(Options.withDescription("The same as JSON: one object."))

const summary = (intents: Intents.Intents, unknownBits: ReadonlyArray<number>): string => {
  const names = Intents.names(intents)
  const together = names.length === Intents.allNames.length
    ? "Intents.all"
    : `Intents.of(${names.map((name) => `"${name}"`).join(", ")})`
  return [
    ...(names.length > 0 ? [`together: ${intents} = ${together}`] : []),
    ...(unknownBits.length > 0
      ? [`no intent has bit ${unknownBits.join(", ")}: Discord closes a shard that asks for it with 4013`]
      : [])
  ].join("\n")
}

/**
 * @since 0.1.0
 * @category commands
 */
export const intentsCommand = Command.make("intents", { json, names }, ({ json, names }) =>
  Effect.gen(function*() {
    const Reference = yield* Effect.promise(() => import("./Reference.js"))
    const intents = yield* Either.mapLeft(Reference.findIntents(names), (message) =>
      new CliError({ message, exitCode: ExitCode.misused }))
    const entries = Intents.names(intents).map(Reference.intent)
    const unknownBits = Intents.unknownBits(intents)
    yield* writeLine(
      json
        ? JSON.stringify({ value: Number(intents), intents: entries.map(Reference.json), unknownBits }, null, 2)
        : [...entries.map(Reference.text), summary(intents, unknownBits)].join("\n\n")
    )
  })).pipe(Command.withDescription("Says what intents let through, which are privileged, and what to do about it."))
