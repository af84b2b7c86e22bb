/** A gateway that does one thing wrong for a day. */
import type * as GatewaySocket from "@vesper/gateway/GatewaySocket"
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** Whether the fault lasts. */
export interface Switch {
  isOn: boolean
}

export interface Peer {
  readonly socket: GatewaySocket.GatewaySocket
  /** Sends an event to each shard that has a session. */
  readonly dispatch: Effect.Effect<unknown>
  /** The part of the fault that no payload of the client causes. Ends with the day. */
  readonly misbehave: Effect.Effect<unknown>
}

export const defaultRecovery = Duration.minutes(3)

/** A fault that lasts for a day. */
export interface Trouble {
  readonly name: string
  /** How long after the fault a shard may still be away. */
  readonly recovery: Duration.Duration
  readonly make: (fault: Switch) => Effect.Effect<Peer, never, Scope.Scope>
}
