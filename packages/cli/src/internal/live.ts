/** A screen that is drawn again and again, and its keys. */
import * as Terminal from "@effect/platform/Terminal"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { CliError, OutputClosed } from "../CliError.js"
import * as Controls from "../Controls.js"
import * as Draw from "./draw.js"
import { write } from "./output.js"

const frameTime = "200 millis"

/**
 * Whether the screen may have colours: NO_COLOR, unless it is empty, takes them away.
 *
 * @see https://no-color.org
 */
export const hasColours: Effect.Effect<boolean> = Config.string("NO_COLOR").pipe(
  Effect.map((value) => value === ""),
  Effect.orElseSucceed(() => true)
)

/** Takes a key; whether it ends the view. */
export type OnKey = (key: Terminal.UserInput) => Effect.Effect<boolean>

/** What the keys have made of a view, and its log as it was when they paused it: more may come than a log keeps. */
export interface Keyed<Log> {
  controls: Controls.Controls
  paused: Log | undefined
}

/** Keys as `Controls` has them. Ctrl-C ends the view as well, which a terminal that is read key by key does not make a signal. */
export const controlled = <Log>(view: Keyed<Log>, log: () => Log): OnKey => (key) =>
  Effect.sync(() => {
    const controls = Controls.press(view.controls, key)
    view.controls = Option.getOrElse(controls, () => view.controls)
    view.paused = view.controls.isPaused ? view.paused ?? log() : undefined
    return Option.isNone(controls)
  })

/** Completes when a key, or Ctrl-C, ends the view. */
const readKeys = (onKey: OnKey): Effect.Effect<void, never, Terminal.Terminal> =>
  Effect.scoped(Effect.gen(function*() {
    const terminal = yield* Terminal.Terminal
    const keys = yield* terminal.readInput
    yield* keys.take.pipe(
      Effect.flatMap(onKey),
      Effect.repeat({ until: (isEnd) => isEnd }),
      Effect.catchTag("NoSuchElementException", () => Effect.void)
    )
  }))

/** Draws on the terminal's second page until a key ends it; the first page is back then, and when it is interrupted. */
export const show = <E, R>(
  screen: Effect.Effect<string, E, R>,
  onKey: OnKey
): Effect.Effect<void, E | CliError | OutputClosed, R | Terminal.Terminal> =>
  Effect.scoped(Effect.zipRight(
    Effect.acquireRelease(write(Draw.enter), () => Effect.ignore(write(Draw.leave))),
    Effect.raceFirst(
      Effect.forever(Effect.zipLeft(Effect.flatMap(screen, write), Effect.sleep(frameTime))),
      readKeys(onKey)
    )
  ))
