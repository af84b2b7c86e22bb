/** The handlers of one bot, and the runs of their interactions. */
import * as Discord from "discord-api-types/v10"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as Interaction from "../../Interaction.js"
import type { Settings } from "../../Interactions.js"
import type * as Rest from "../../Rest.js"
import { type Answer, createdAt, makeAnswer, makeInteraction, toText, type Transport } from "../answers/index.js"
import { clockOf } from "../rest/index.js"

/** A handler with its checks and the requirements of its layer. */
type Entry = Pick<Interaction.Handler, "autocomplete" | "definition" | "isEphemeral" | "run">

/** Discord's limit for the first answer. */
const limitMillis = 3_000
/** Time for suggestions, which cannot be deferred. */
const completeWithinMillis = 2_500
const maxChoices = 25

/** The kind, the type and the name of a handler. The first part of a custom id is the name. */
const toKey = ({ data, type }: Discord.APIInteraction): string =>
  data === undefined
    ? "ping"
    : "name" in data
    ? `command ${data.type} ${data.name}`
    : `${type === Discord.InteractionType.ModalSubmit ? "modal" : "component"} 0 ${data.custom_id.split(":", 1).join()}`

const describe = (raw: Discord.APIInteraction): string => toKey(raw).replace(/ \d+ /, " ")

export type Dispatcher = ReturnType<typeof makeDispatcher>

export const makeDispatcher = (rest: Rest.Rest, settings: Settings) => {
  const {
    concurrency = 256,
    deferAfter = "1500 millis",
    doneText = "Done.",
    failureText = "Something went wrong. The error was reported."
  } = settings
  const entries = new Map<string, Entry>()
  const serverClock = clockOf(rest)
  const inTurn = Effect.unsafeMakeSemaphore(concurrency).withPermits(1)

  /** Adds a handler until the scope closes. Two handlers with one name are a mistake of the program. */
  const add = <R>(
    { autocomplete, checks, definition, isEphemeral, kind, name, run, type }: Interaction.Handler<R>,
    runtime: Runtime.Runtime<Exclude<R, Scope.Scope>>
  ): Effect.Effect<void, never, Scope.Scope> => {
    const key = `${kind} ${type} ${name}`
    // The runtime has all requirements except the scope, which each interaction has of its own.
    const provide = <A, E>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E> =>
      Effect.provide(Effect.scoped(effect), runtime) as Effect.Effect<A, E>
    return Effect.acquireRelease(
      Effect.suspend(() => {
        if (entries.has(key)) {
          return Effect.dieMessage(`Two features handle the ${kind} "${name}": rename one of them`)
        }
        const made = checks.map((make) => make())
        entries.set(key, {
          definition,
          isEphemeral,
          run: (interaction) =>
            provide(Effect.zipRight(
              Effect.forEach(made, (check) => check(interaction), { discard: true }),
              Effect.suspend(() => run(interaction))
            )),
          autocomplete: (raw) => provide(autocomplete(raw))
        })
        return Effect.void
      }),
      () => Effect.sync(() => entries.delete(key))
    )
  }

  /** Answers with a message about the failure of the handler, which is logged unless it has rejected the user. */
  const answerFailure = (raw: Discord.APIInteraction, answer: Answer, cause: Cause.Cause<unknown>) => {
    if (Cause.isInterruptedOnly(cause)) {
      return Effect.interrupt
    }
    const failure = Option.getOrUndefined(Cause.failureOption(cause))
    if (failure instanceof Interaction.Expired) {
      return Effect.void
    }
    return failure instanceof Interaction.Rejected ? answer.fail(failure.reason) : Effect.zipRight(
      Effect.logError(`The handler of the ${describe(raw)} failed`, cause),
      Effect.suspend(() => answer.fail(toText(failureText, makeInteraction(raw, answer))))
    )
  }

  /** Runs the handler. The deferral is scheduled before the handler waits for its turn. */
  const run = (
    raw: Discord.APIInteraction,
    entry: Entry,
    answer: Answer,
    remaining: Duration.Duration
  ): Effect.Effect<void> =>
    Effect.gen(function*() {
      const deferral = yield* Effect.fork(Effect.delay(answer.deferNow, remaining))
      const exit = yield* Effect.exit(inTurn(Effect.suspend(() => entry.run(makeInteraction(raw, answer)))))
      yield* Fiber.interrupt(deferral)
      if (answer.isExpired()) {
        yield* Effect.logWarning(
          `Interaction ${raw.id} (${describe(raw)}) has expired: its first answer arrived later than three seconds ` +
            "after it was made. Lower deferAfter, or look for a blocked process, unless a resumed session has replayed it"
        )
      }
      if (Exit.isFailure(exit)) {
        return yield* answerFailure(raw, answer, exit.cause)
      }
      if (answer.isWaiting() && raw.type === Discord.InteractionType.ApplicationCommand) {
        yield* Effect.logWarning(
          `The handler of the ${describe(raw)} ended without an answer: reply, or delete the reply`
        )
      }
      yield* answer.finish(() => toText(doneText, makeInteraction(raw, answer)))
    }).pipe(
      Effect.catchAll((error) => Effect.logWarning(`The last answer to the ${describe(raw)} failed: ${error.message}`))
    )

  /** Answers an autocompletion in time, with no choices if the handler is late or fails. */
  const complete = (
    raw: Discord.APIApplicationCommandAutocompleteInteraction,
    entry: Entry,
    answer: Answer,
    remaining: Duration.Duration
  ): Effect.Effect<void> =>
    entry.autocomplete(raw).pipe(
      Effect.timeoutOption(remaining),
      Effect.flatMap(Option.match({
        onNone: () =>
          Effect.as(
            Effect.logWarning(
              `The autocompletion of the ${describe(raw)} took longer than 2.5 seconds: no choices are shown`
            ),
            []
          ),
        onSome: Effect.succeed
      })),
      Effect.catchAllCause((cause) =>
        Cause.isInterruptedOnly(cause)
          ? Effect.interrupt
          : Effect.as(Effect.logError(`The autocompletion of the ${describe(raw)} failed`, cause), [])
      ),
      Effect.flatMap((choices) => answer.autocomplete(choices.slice(0, maxChoices))),
      Effect.catchAll((error) =>
        Effect.logWarning(`The choices of the ${describe(raw)} were not sent: ${error.message}`)
      )
    )

  /** Handles one interaction to its end. It does not fail. */
  const handle = (raw: Discord.APIInteraction, transport: Transport): Effect.Effect<void> =>
    Effect.clockWith((clock) => {
      const created = createdAt(raw)
      serverClock.observe(clock, created)
      const age = serverClock.age(clock, created)
      if (age >= limitMillis) {
        const formatted = Duration.format(Duration.millis(Math.round(age)))
        return Effect.logWarning(
          `Interaction ${raw.id} (${describe(raw)}) was not run: it is ${formatted} old, and Discord accepts an ` +
            "answer for 3s. It was probably replayed by a resumed session"
        )
      }
      const entry = entries.get(toKey(raw))
      if (entry === undefined) {
        return Effect.logWarning(
          `Interaction ${raw.id} was not answered: no feature handles the ${describe(raw)}. ` +
            "Add it to Interactions.layer"
        )
      }
      const answer = makeAnswer(raw, rest, transport, entry.isEphemeral)
      const until = (millis: number) => Duration.millis(Math.max(0, millis - age))
      return raw.type === Discord.InteractionType.ApplicationCommandAutocomplete
        ? complete(raw, entry, answer, until(completeWithinMillis))
        : run(raw, entry, answer, until(Duration.toMillis(deferAfter)))
    }).pipe(
      Effect.withSpan("discord.interaction", {
        attributes: { "discord.handler": describe(raw) },
        captureStackTrace: false
      }),
      Effect.annotateLogs("interaction", raw.id)
    )

  return {
    add,
    handle,
    settings,
    /** The definitions of all commands. */
    definitions: () => Array.from(entries.values()).flatMap(({ definition }) => Option.toArray(definition))
  }
}
