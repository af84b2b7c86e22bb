/** The handlers of one bot, and the runs of their interactions. */
import {
  type APIApplicationCommandAutocompleteInteraction,
  type APIInteraction,
  InteractionType
} from "discord-api-types/v10"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as Interaction from "../../Interaction.js"
import type * as Rest from "../../Rest.js"
import { Answer, createdAt, makeInteraction, type Transport } from "../answers/index.js"
import { clockOf, type ServerClock } from "../rest/index.js"
import type { Runnable } from "./runnable.js"

/** The settings of a bot's interactions, with their defaults. */
export interface DispatchSettings {
  readonly deferAfter: Duration.Duration
  readonly concurrency: number
  readonly failureText: string
  readonly doneText: string
}

/** A handler with its checks and the requirements of its layer. */
type Entry = Pick<Runnable, "autocomplete" | "definition" | "isEphemeral" | "run">

/** Discord's limit for the first answer. */
const limitMillis = 3_000
const maxChoices = 25

/** The first part of a custom id is the name of its handler. */
const readHandlerName = (customId: string): string => customId.split(":", 1)[0] ?? ""

const toKey = (raw: APIInteraction): string => {
  switch (raw.type) {
    case InteractionType.ApplicationCommand:
    case InteractionType.ApplicationCommandAutocomplete:
      return `command ${raw.data.type} ${raw.data.name}`
    case InteractionType.MessageComponent:
      return `component 0 ${readHandlerName(raw.data.custom_id)}`
    case InteractionType.ModalSubmit:
      return `modal 0 ${readHandlerName(raw.data.custom_id)}`
    default:
      return "ping"
  }
}

const describeKey = (raw: APIInteraction): string => toKey(raw).replace(/ \d+ /, " ")

const isOwn = (error: unknown): error is Interaction.Rejected => error instanceof Interaction.Rejected

export class Dispatcher {
  private readonly entries = new Map<string, Entry>()
  private readonly permits: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  private readonly serverClock: ServerClock
  private readonly rest: Rest.Rest
  private readonly settings: DispatchSettings

  constructor(rest: Rest.Rest, settings: DispatchSettings) {
    this.rest = rest
    this.settings = settings
    this.serverClock = clockOf(rest)
    this.permits = Effect.unsafeMakeSemaphore(settings.concurrency).withPermits(1)
  }

  /** The definitions of all commands. */
  get definitions(): ReadonlyArray<Interaction.Definition> {
    return Array.from(this.entries.values()).flatMap(({ definition }) => Option.toArray(definition))
  }

  /** Adds a handler until the scope closes. Two handlers with one name are a mistake of the program. */
  add<R>(
    runnable: Runnable<R>,
    runtime: Runtime.Runtime<Exclude<R, Scope.Scope>>
  ): Effect.Effect<void, never, Scope.Scope> {
    const key = `${runnable.kind} ${runnable.type} ${runnable.name}`
    // The runtime has all requirements except the scope, which each interaction has of its own.
    const provide = <A, E>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E> =>
      Effect.provide(Effect.scoped(effect), runtime) as Effect.Effect<A, E>
    return Effect.acquireRelease(
      Effect.suspend(() => {
        if (this.entries.has(key)) {
          return Effect.dieMessage(`Two features handle the ${runnable.kind} "${runnable.name}": rename one of them`)
        }
        const checks = runnable.checks.map((make) => make())
        this.entries.set(key, {
          definition: runnable.definition,
          isEphemeral: runnable.isEphemeral,
          run: (interaction) =>
            provide(Effect.zipRight(
              Effect.forEach(checks, (check) => check(interaction), { discard: true }),
              Effect.suspend(() => runnable.run(interaction))
            )),
          autocomplete: (raw) => provide(runnable.autocomplete(raw))
        })
        return Effect.void
      }),
      () => Effect.sync(() => this.entries.delete(key))
    )
  }

  /** Handles one interaction to its end. It does not fail. */
  handle(raw: APIInteraction, transport: Transport): Effect.Effect<void> {
    return Effect.clockWith((clock) => {
      const created = createdAt(raw)
      this.serverClock.observe(clock, created)
      const age = this.serverClock.age(clock, created)
      if (age >= limitMillis) {
        return Effect.logWarning(
          `Interaction ${raw.id} (${describeKey(raw)}) was not run: it is ${
            Duration.format(Duration.millis(Math.round(age)))
          } old, and Discord accepts an answer for 3s. It was probably replayed by a resumed session`
        )
      }
      const entry = this.entries.get(toKey(raw))
      if (entry === undefined) {
        return Effect.logWarning(
          `Interaction ${raw.id} was not answered: no feature handles the ${
            describeKey(raw)
          }. Add it to Interactions.layer`
        )
      }
      const answer = new Answer(raw, this.rest, transport, entry.isEphemeral)
      const remaining = Duration.millis(Math.max(0, Duration.toMillis(this.settings.deferAfter) - age))
      return raw.type === InteractionType.ApplicationCommandAutocomplete
        ? this.complete(raw, entry, answer, remaining)
        : this.run(raw, entry, answer, remaining)
    }).pipe(
      Effect.withSpan("discord.interaction", {
        attributes: { "discord.handler": describeKey(raw) },
        captureStackTrace: false
      }),
      Effect.annotateLogs("interaction", raw.id)
    )
  }

  /** Runs the handler. The deferral is scheduled before the handler waits for its turn. */
  private run(raw: APIInteraction, entry: Entry, answer: Answer, remaining: Duration.Duration): Effect.Effect<void> {
    const handle = Effect.suspend(() => entry.run(makeInteraction(raw, answer)))
    return Effect.gen(this, function*() {
      const deferral = yield* Effect.fork(Effect.delay(answer.deferNow, remaining))
      const exit = yield* Effect.exit(this.permits(handle))
      yield* Fiber.interrupt(deferral)
      if (Exit.isSuccess(exit)) {
        if (answer.isWaiting && raw.type === InteractionType.ApplicationCommand) {
          yield* Effect.logWarning(
            `The handler of the ${describeKey(raw)} ended without an answer: reply, or delete the reply`
          )
        }
        return yield* answer.finish(this.settings.doneText)
      }
      return yield* this.fail(raw, answer, exit.cause)
    }).pipe(
      Effect.catchAll((error) =>
        Effect.logWarning(`The last answer to the ${describeKey(raw)} failed: ${error.message}`)
      )
    )
  }

  private fail(
    raw: APIInteraction,
    answer: Answer,
    cause: Cause.Cause<unknown>
  ): Effect.Effect<void, Interaction.AnswerError> {
    if (Cause.isInterruptedOnly(cause)) {
      return Effect.interrupt
    }
    const failure = Option.filter(Cause.failureOption(cause), isOwn)
    return Option.match(failure, {
      onSome: ({ reason }) => answer.fail(reason),
      onNone: () =>
        Effect.zipRight(
          Effect.logError(`The handler of the ${describeKey(raw)} failed`, cause),
          answer.fail(this.settings.failureText)
        )
    })
  }

  /** Answers an autocompletion in time, with no choices if the handler is late or fails. */
  private complete(
    raw: APIApplicationCommandAutocompleteInteraction,
    entry: Entry,
    answer: Answer,
    remaining: Duration.Duration
  ): Effect.Effect<void> {
    return entry.autocomplete(raw).pipe(
      Effect.timeoutOption(remaining),
      Effect.map(Option.getOrElse(() => [])),
      Effect.catchAllCause((cause) =>
        Cause.isInterruptedOnly(cause)
          ? Effect.interrupt
          : Effect.as(Effect.logError(`The autocompletion of the ${describeKey(raw)} failed`, cause), [])
      ),
      Effect.flatMap((choices) => answer.autocomplete(choices.slice(0, maxChoices).map((choice) => ({ ...choice })))),
      Effect.catchAll((error) =>
        Effect.logWarning(`The choices of the ${describeKey(raw)} were not sent: ${error.message}`)
      )
    )
  }
}
