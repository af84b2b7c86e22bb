/** Messages of `--say` and slash commands of `--interact`, from members of a simulated guild. */
import * as Builder from "@vesper/testing/Builder"
import type * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Effect from "effect/Effect"

/** Between two messages, so that an answer can be seen. */
const interval = "3 seconds"

/** Sends each in turn, repeatedly. */
const sendInTurn = <A>(all: ReadonlyArray<A>, send: (item: A) => Effect.Effect<unknown>): Effect.Effect<never> =>
  all.length === 0 ? Effect.never : Effect.forever(Effect.forEach(
    all,
    (item) => Effect.zipRight(Effect.sleep(interval), send(item)),
    { discard: true }
  ))

/** Sends the texts in turn, repeatedly: as messages in the first guild, or as direct messages without guilds. */
export const sendMessages = (
  simulator: GatewaySimulator.GatewaySimulator,
  texts: ReadonlyArray<string>
): Effect.Effect<never> => sendInTurn(texts, (content) => simulator.send("MESSAGE_CREATE", { content }))

const parseValue = (text: string): Builder.OptionValue =>
  text === "true" || text === "false" ? text === "true" : /^-?\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : text

/** Makes a slash command of its words, in which options have the form `name=value`. */
export const parseCommand = (text: string): Builder.Built<"INTERACTION_CREATE"> => {
  const words = text.trim().split(/\s+/)
  const options = words.flatMap((word) => {
    const [, name, value = ""] = /^([^=]+)=(.*)$/.exec(word) ?? []
    return name === undefined ? [] : [[name, parseValue(value)] as const]
  })
  return Builder.command(words.filter((word) => !word.includes("=")).join(" "), Object.fromEntries(options))
}

/** Sends slash commands in turn, repeatedly. A reply is seen as a request, and a missing one as a violation. */
export const sendCommands = (
  simulator: GatewaySimulator.GatewaySimulator,
  commands: ReadonlyArray<string>
): Effect.Effect<never> => sendInTurn(commands, (text) => Effect.ignore(simulator.interact(parseCommand(text))))
