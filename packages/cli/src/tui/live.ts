/** A view that is shown until a key, the time or its user ends it: on the terminal, and on the status page. */
import * as Terminal from "@effect/platform/Terminal"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { CliError, OutputClosed } from "../exit/index.js"
import * as Controls from "./controls.js"
import type { Display, Moment } from "./display.js"
import * as Draw from "./draw.js"
import { defaultColumns, defaultRows, hasColours, type Mode, write } from "./output.js"
import { screen } from "./screen.js"

/** Between two frames of the screen. */
const frameTime = "200 millis"

/** Loopback, because the page shows the events of the bot. */
const pageHost = "127.0.0.1"

export interface View {
  readonly mode: Mode
  /** The end. None: on Ctrl-C. */
  readonly duration: Option.Option<Duration.Duration>
  /** The port of the status page, if it is served. */
  readonly http: Option.Option<number>
  /** Takes a look. Rates are measured between two looks. */
  readonly moment: Effect.Effect<Moment>
  /** Adds a line to the log. */
  readonly notify: (text: string) => Effect.Effect<void, CliError | OutputClosed, Terminal.Terminal>
}

type Log = Pick<Display, "log" | "searched">

/** The state of the keys, and the log as it was when they paused it. */
export interface Keyed {
  controls: Controls.Controls
  paused: Log | undefined
}

/** Applies a key. True ends the view. */
export const press = (view: Keyed, key: Terminal.UserInput, log: Log): boolean => {
  const controls = Controls.press(view.controls, key)
  view.controls = Option.getOrElse(controls, () => view.controls)
  view.paused = view.controls.isPaused ? view.paused ?? log : undefined
  return Option.isNone(controls)
}

/** Draws on the terminal's second page until a key ends it, also Ctrl-C, which is a key on a terminal in raw mode. */
const showTerminal = ({ moment }: View) =>
  Effect.gen(function*() {
    const terminal = yield* Terminal.Terminal
    const keyed: Keyed = { controls: Controls.initial, paused: undefined }
    let shown: Log = { log: [], searched: { lines: [], what: "" } }
    const draw = Effect.gen(function*() {
      const { display } = yield* moment
      shown = display
      yield* write(screen({ ...display, ...keyed.paused }, {
        controls: keyed.controls,
        columns: (yield* terminal.columns) || defaultColumns,
        rows: (yield* terminal.rows) || defaultRows,
        hasColours: yield* hasColours
      }))
    })
    const keys = Effect.scoped(Effect.gen(function*() {
      const pressed = yield* terminal.readInput
      yield* pressed.take.pipe(
        Effect.map((key) => press(keyed, key, shown)),
        Effect.repeat({ until: (isEnd) => isEnd }),
        Effect.catchTag("NoSuchElementException", () => Effect.void)
      )
    }))
    yield* Effect.acquireRelease(write(Draw.enter), () => Effect.ignore(write(Draw.leave)))
    yield* Effect.raceFirst(Effect.forever(Effect.zipRight(draw, Effect.sleep(frameTime))), keys)
  }).pipe(Effect.scoped)

const showPage = ({ mode, moment, notify }: View, port: number) =>
  Effect.gen(function*() {
    // Loaded on demand: it brings an HTTP server.
    const { serve } = yield* Effect.promise(() => import("../page/index.js"))
    const { url } = yield* serve({ host: pageHost, port, moment })
    yield* notify(`the status page is at ${url}`)
    // The page may have no reader for a while, and its rates are of the last second.
    return yield* mode === "live" ? Effect.never : Effect.forever(Effect.zipRight(moment, Effect.sleep("1 second")))
  }).pipe(Effect.scoped)

/** Shows a view until a key or the time ends it. */
export const show = (view: View): Effect.Effect<void, CliError | OutputClosed, Terminal.Terminal> =>
  Effect.raceFirst(
    Effect.raceFirst(
      view.mode === "live" ? showTerminal(view) : Effect.never,
      Option.match(view.http, { onNone: () => Effect.never, onSome: (port) => showPage(view, port) })
    ),
    Option.match(view.duration, { onNone: () => Effect.never, onSome: Effect.sleep })
  )
