/** A bot whose status is set by messages. */
import { Events } from "@vesper/gateway"
import { Effect, Option } from "effect"
import { Focus } from "./Focus.js"
import * as Request from "./Request.js"

const perform = (request: Request.Request) =>
  Effect.flatMap(
    Focus,
    (focus) => Request.match(request, { Focus: ({ duration }) => focus.begin(duration), Stop: () => focus.stop })
  )

export const handlers = Events.merge(
  // A new session, the first one or any later one.
  Events.on("READY", () => Effect.flatMap(Focus, (focus) => focus.showAgain)),
  Events.on(
    "MESSAGE_CREATE",
    (event) => Option.match(Request.parse(event.d.content), { onNone: () => Effect.void, onSome: perform }),
    { intents: ["MessageContent"] }
  )
)

export const config = Events.config(handlers, { privileged: ["MessageContent"] })

export const run = Effect.provide(Events.run(handlers), Focus.Default)
