/** The internal part of a handler. */
import type { APIApplicationCommandAutocompleteInteraction } from "discord-api-types/v10"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import { pipeArguments } from "effect/Pipeable"
import * as Interaction from "../../Interaction.js"

/** A choice that Discord offers to the user. */
export interface Choice {
  readonly name: string
  readonly value: string | number
}

/** A handler with its operations. */
export interface Runnable<out R = never> extends Interaction.Handler<R> {
  /** The command's type; 0 for components and modals. */
  readonly type: number
  readonly isEphemeral: boolean
  /** Make the checks that precede the handler, in their order, once for each layer, because they have a state. */
  readonly checks: ReadonlyArray<() => (interaction: Interaction.Interaction) => Effect.Effect<unknown, unknown, R>>
  readonly run: Interaction.Run<R>
  readonly autocomplete: (
    raw: APIApplicationCommandAutocompleteInteraction
  ) => Effect.Effect<ReadonlyArray<Choice>, unknown, R>
}

/** Makes a handler. */
export const makeRunnable = <R>(parts: {
  readonly kind: Interaction.Handler["kind"]
  readonly name: string
  readonly type?: number
  readonly definition: Option.Option<Interaction.Definition>
  readonly isEphemeral?: boolean | undefined
  readonly run: Interaction.Run<R>
  readonly autocomplete?: Runnable<R>["autocomplete"]
}): Runnable<R> => ({
  [Interaction.TypeId]: {
    /* v8 ignore next */
    _R: (_: never) => _
  },
  kind: parts.kind,
  name: parts.name,
  type: parts.type ?? 0,
  definition: parts.definition,
  isEphemeral: parts.isEphemeral ?? false,
  checks: [],
  run: parts.run,
  autocomplete: parts.autocomplete ?? (() => Effect.succeed([])),
  pipe() {
    return pipeArguments(this, arguments)
  }
})

/** Returns the internal part. Handlers are made by `makeRunnable` only. */
export const getRunnable = <R>(handler: Interaction.Handler<R>): Runnable<R> => handler as Runnable<R>
