/** Opens the websocket: the first phase of a connection. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Function from "effect/Function"
import type * as Scope from "effect/Scope"
import type * as GatewaySocket from "../../GatewaySocket.js"
import * as ShardError from "../../ShardError.js"
import { GatewayUrl } from "../wire/index.js"
import type { PhaseTimeout } from "./phaseTimeout.js"
import { Disconnect } from "../reconnect/index.js"
import type { ShardState } from "../state/index.js"

/** Returns the reason for a connection that a defect has ended. */
export const defectReason = (cause: unknown): Disconnect =>
  Disconnect.Failed({ error: new ShardError.DefectError({ subject: "the connection", cause }) })

/** Opens the websocket within `timeouts.open`. The end of the scope abandons the attempt. */
export const open = (
  { config, id }: Pick<ShardState.ShardState, "config" | "id">,
  sockets: GatewaySocket.GatewaySocket,
  url: string,
  handlers: GatewaySocket.ConnectionHandlers,
  phaseTimeout: PhaseTimeout
): Effect.Effect<GatewaySocket.Connection, Disconnect, Scope.Scope> =>
  Effect.gen(function*() {
    const opened = yield* Deferred.make<GatewaySocket.Connection, Disconnect>()
    const fail = (reason: Disconnect) => {
      Deferred.unsafeDone(opened, Exit.fail(reason))
    }
    phaseTimeout.unsafeStart({
      duration: config.timeouts.open,
      isPaused: Function.constFalse,
      hasProgressed: Function.constFalse,
      onPolled: undefined,
      onExpired: () => fail(Disconnect.TimedOut({ phase: "open" })),
      onDefect: (cause) => fail(defectReason(cause))
    })
    yield* sockets.open(url, handlers).pipe(
      Effect.mapError((cause) => Disconnect.Unreachable({ cause })),
      Effect.intoDeferred(opened),
      Effect.forkScoped
    )
    return yield* Deferred.await(opened)
  }).pipe(
    Effect.ensuring(Effect.sync(phaseTimeout.unsafeStop)),
    Effect.withSpan("vesper.connect", {
      root: true,
      attributes: { "shard.id": id.id, "shard.total": id.total, "url.full": GatewayUrl.redact(url) }
    })
  )
