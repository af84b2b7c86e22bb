/** A gateway with one fault that lasts for a day. */
import type * as GatewaySocket from "@vesper/gateway/GatewaySocket"
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** True while the fault lasts. */
export interface Switch {
  isOn: boolean
}

export interface Peer {
  readonly socket: GatewaySocket.GatewaySocket
  /** Sends an event to each shard that has a session. */
  readonly dispatch: Effect.Effect<unknown>
  /** The part of the fault that is not an answer to a payload of the client. Ends with the day. */
  readonly misbehave: Effect.Effect<unknown>
}

export const defaultRecovery = Duration.minutes(3)

/** A fault that lasts for a day. */
export interface Trouble {
  readonly name: string
  /** Time after the fault in which each shard must recover. */
  readonly recovery: Duration.Duration
  readonly make: (fault: Switch) => Effect.Effect<Peer, never, Scope.Scope>
}
