/** Users that send interactions at their times, and the account of their answers. */
import * as Command from "@vesper/bot/Command"
import * as Interactions from "@vesper/bot/Interactions"
import * as Builder from "@vesper/testing/Builder"
import type * as Reply from "@vesper/testing/Reply"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import { requests, simulator, world } from "./harness.js"

/** The ways in which a handler ends. */
export const ends = ["reply", "early", "silent", "broken"] as const

/** One use of a command: the time at which it is sent, and the handler that it has. */
export interface Use {
  readonly at: number
  readonly millis: number
  readonly end: (typeof ends)[number]
}

const options = { millis: Command.integer("The time"), number: Command.integer("The number of the use") }

const makeCommand = (
  end: Use["end"],
  handle: Parameters<typeof Command.slash<typeof options>>[2]
) => Command.slash(end, { description: `Ends with ${end}`, options }, handle)

const commands = [
  makeCommand("reply", ({ options, reply }) => Effect.delay(reply(`use ${options.number}`), options.millis)),
  makeCommand(
    "early",
    ({ defer, options, reply }) =>
      Effect.zipRight(defer(), Effect.delay(reply(`use ${options.number}`), options.millis))
  ),
  makeCommand("silent", ({ options }) => Effect.sleep(options.millis)),
  makeCommand("broken", ({ options }) => Effect.delay(Effect.fail("broken"), options.millis))
]

const texts = { failureText: "failed", doneText: "done" }

/** The commands are not compared, so that each process begins at once. */
const layerSettings = (settings: Interactions.Settings) =>
  Layer.provide(Interactions.layerSettings({ register: false, ...texts, ...settings }))

export const makeFeatures = (settings: Interactions.Settings = {}) =>
  Interactions.layer(commands).pipe(layerSettings(settings))

/** The same commands, whose handlers answer at once. */
export const makeQuick = (settings: Interactions.Settings = {}) =>
  Interactions.layer(ends.map((end) => makeCommand(end, ({ options, reply }) => reply(`quick ${options.number}`))))
    .pipe(
      layerSettings(settings)
    )

/** The text with which a use ends. */
export const getText = ({ end }: Use, number: number): string =>
  end === "broken" ? texts.failureText : end === "silent" ? texts.doneText : `use ${number}`

/** Sends the uses at their times, in the guilds of the world by turns, and returns the replies in the same order. */
export const send = (uses: ReadonlyArray<Use>) =>
  Effect.flatMap(simulator, ({ interact }) =>
    Effect.forEach(uses, ({ at, end, millis }, number) => {
      const guild_id = world.guilds[number % world.guilds.length]?.id
      return Effect.delay(
        Effect.either(interact(Builder.command(end, { millis, number }, guild_id === undefined ? {} : { guild_id }))),
        at
      )
    }, { concurrency: "unbounded" }))

/** The accepted answers, by interaction. */
export const acceptedAnswers = Effect.map(requests, (all) => {
  const counts = new Map<string, number>()
  for (const { path, route, status } of all) {
    const id = path.split("/")[2] ?? ""
    if (route.includes("/callback") && status < 300) {
      counts.set(id, (counts.get(id) ?? 0) + 1)
    }
  }
  return counts
})

const limit = 3_000

/** Returns the uses that were not answered in time with their texts, in words. */
export const findLate = (
  uses: ReadonlyArray<Use>,
  replies: ReadonlyArray<Either.Either<Reply.Reply, { readonly message: string }>>
): ReadonlyArray<string> =>
  replies.flatMap((reply, number) => {
    const use = uses[number]
    if (Either.isLeft(reply)) {
      return [reply.left.message]
    }
    const { after, content } = reply.right
    const expected = use === undefined ? "" : getText(use, number)
    return content === expected && Duration.toMillis(after) < limit
      ? []
      : [`use ${number} was answered after ${Duration.toMillis(after)} ms with ${content}, not ${expected}`]
  })
