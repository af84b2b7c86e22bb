/** Makes handlers of interactions. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { pipeArguments } from "effect/Pipeable"
import type { Handler } from "../../Interaction.js"

/** The parts of a handler that have no default. */
type Parts<R> =
  & Pick<Handler<R>, "kind" | "name" | "run">
  & Partial<Pick<Handler<R>, "autocomplete" | "definition" | "type">>
  & {
    readonly isEphemeral: boolean | undefined
  }

/** Makes a handler without checks. */
export const makeHandler = <R>({ isEphemeral = false, ...parts }: Parts<R>): Handler<R> => ({
  type: 0,
  definition: Option.none(),
  checks: [],
  autocomplete: () => Effect.succeed([]),
  ...parts,
  isEphemeral,
  pipe() {
    return pipeArguments(this, arguments)
  }
})
