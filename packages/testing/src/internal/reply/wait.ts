/** Waits for the reply to an interaction. */
import type { APIMessage } from "discord-api-types/v10"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as LogEntry from "../../LogEntry.js"
import * as Reply from "../../Reply.js"
import { Stillness } from "../clock/index.js"
import { MessageForm } from "../forms/index.js"
import type { Body } from "../payload/index.js"
import type { Gateway } from "../protocol/index.js"
import { Interactions } from "../world/index.js"

const requestsShown = 5

// Made by the API, in Discord's shape.
const toMessage = (body: Body) => body as unknown as APIMessage

/** Waits until the interaction satisfies the predicate. */
const until = (
  { interactions }: Gateway.Gateway,
  interaction: Interactions.Interaction,
  isDone: () => boolean
): Effect.Effect<void> =>
  Effect.async((resume) => {
    const check = () => {
      if (isDone()) {
        stopListening()
        resume(Effect.void)
      }
    }
    const stopListening = interactions.listen(interaction.id, check)
    check()
    return Effect.sync(stopListening)
  })

const describe = ({ body }: Interactions.Interaction): string => {
  const data: Body = Object(body["data"])
  return typeof data["name"] === "string" ? `/${data["name"]}` : `the interaction ${String(data["custom_id"])}`
}

const toReply = (
  gateway: Gateway.Gateway,
  interaction: Interactions.Interaction,
  response: Interactions.InitialResponse
): Reply.Reply => {
  const current = Effect.sync(() => Option.map(Option.fromNullable(interaction.original), toMessage))
  const followUps = Effect.sync(() => Array.from(interaction.followUps.values(), toMessage))
  const message = Option.fromNullable(response.type === 6 ? undefined : interaction.original)
  return {
    interactionId: interaction.id,
    type: response.type,
    after: Duration.millis(response.after),
    isDeferred: response.type === 5 || response.type === 6,
    isEphemeral: Option.exists(message, ({ flags }) => (Number(flags) & MessageForm.ephemeral) > 0),
    content: Option.match(message, { onNone: () => "", onSome: ({ content }) => String(content) }),
    message: Option.map(message, toMessage),
    data: response.data,
    currentMessage: current,
    followUps,
    awaitFollowUp: (count = 1) =>
      Effect.zipRight(
        until(gateway, interaction, () => interaction.followUps.size >= count),
        Effect.flatMap(followUps, (all) => Effect.fromNullable(all[count - 1]))
      ).pipe(Effect.orDie)
  }
}

/** Waits for the reply to an interaction that was dispatched. */
export const wait = (
  gateway: Gateway.Gateway,
  interaction: Interactions.Interaction
): Effect.Effect<Reply.Reply, Reply.NoReplyError> => {
  const fail = (reason: Reply.NoReplyError["reason"]) =>
    new Reply.NoReplyError({
      interaction: describe(interaction),
      reason,
      requests: gateway.log.filter(LogEntry.is("Requested")).slice(-requestsShown)
        .map(({ route, status }) => `${route} (${status})`)
    })
  const settled = until(gateway, interaction, () => interaction.response !== undefined && !interaction.isLoading)
  const deadline = Effect.gen(function*() {
    yield* Effect.sleep(Interactions.answerWithin)
    if (interaction.response === undefined) {
      const detail = `${describe(interaction)} was not answered within three seconds`
      gateway.record(
        LogEntry.Violation({ at: gateway.now(), connection: 0, shard: undefined, rule: "NotAnswered", detail })
      )
      return yield* fail("NotAnswered")
    }
    yield* Effect.sleep(Interactions.tokenLifetime - Interactions.answerWithin)
    return yield* fail("NotEdited")
  })
  return settled.pipe(
    Effect.raceFirst(deadline),
    Effect.raceFirst(Effect.zipRight(
      Stillness.clockStill(Effect.sync(() => gateway.log)),
      Effect.suspend(() => fail("ClockStill"))
    )),
    Effect.flatMap(() => Effect.fromNullable(interaction.response)),
    Effect.catchTag("NoSuchElementException", Effect.die),
    Effect.map((response) => toReply(gateway, interaction, response))
  )
}

/** The failure of an interaction that no session received. */
export const notReceived = (d: Body) =>
  new Reply.NoReplyError({
    interaction: `/${String(Object(d["data"])["name"] ?? Object(d["data"])["custom_id"])}`,
    reason: "NotReceived",
    requests: []
  })
