/** The first phase of a connection, before there is a websocket. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Function from "effect/Function"
import type * as Scope from "effect/Scope"
import type * as GatewaySocket from "../../GatewaySocket.js"
import * as ShardError from "../../ShardError.js"
import { GatewayUrl } from "../wire/index.js"
import type * as Deadline from "./phaseTimeout.js"
import { Disconnect } from "../reconnect/index.js"
import type { ShardState } from "../state/index.js"

/** A defect ends the connection, in whichever phase. */
export const failedBy = (cause: unknown): Disconnect =>
  Disconnect.Failed({ error: new ShardError.ProcessError({ subject: "the connection", cause }) })

/** Opens the websocket. It may take `timeouts.open`, and is abandoned with the scope. */
export const open = (
  state: ShardState.ShardState,
  sockets: GatewaySocket.GatewaySocket,
  url: string,
  handlers: GatewaySocket.Handlers,
  deadline: Deadline.Deadline
): Effect.Effect<GatewaySocket.Connection, Disconnect, Scope.Scope> =>
  Effect.gen(function*() {
    const opened = yield* Deferred.make<GatewaySocket.Connection, Disconnect>()
    const fail = (reason: Disconnect) => {
      Deferred.unsafeDone(opened, Exit.fail(reason))
    }
    deadline.unsafeStart({
      duration: state.config.timeouts.open,
      isPaused: Function.constFalse,
      hasProgressed: Function.constFalse,
      onPolled: undefined,
      onExpired: () => fail(Disconnect.TimedOut({ phase: "open" })),
      onDefect: (cause) => fail(failedBy(cause))
    })
    yield* sockets.open(url, handlers).pipe(
      Effect.mapError((cause) => Disconnect.Unreachable({ cause })),
      Effect.intoDeferred(opened),
      Effect.forkScoped
    )
    return yield* Deferred.await(opened)
  }).pipe(
    Effect.ensuring(Effect.sync(deadline.unsafeStop)),
    Effect.withSpan("vesper.connect", {
      root: true,
      attributes: { "shard.id": state.id.id, "shard.total": state.id.total, "url.full": GatewayUrl.redact(url) }
    })
  )
