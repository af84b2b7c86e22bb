/** A receiver without a socket, and payloads for it. */
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Receiver from "../../src/internal/connection/receiver.js"
import type { Signal } from "../../src/internal/connection/signal.js"
import * as ShardState from "../../src/internal/state/shardState.js"
import type * as Session from "../../src/Session.js"
import * as ShardConfig from "../../src/ShardConfig.js"
import { silent } from "../harness.js"

export const hello = "{\"t\":null,\"s\":null,\"op\":10,\"d\":{\"heartbeat_interval\":1000}}"
export const ready =
  "{\"t\":\"READY\",\"s\":1,\"op\":0,\"d\":{\"session_id\":\"a\",\"resume_gateway_url\":\"wss://resume.example\",\"v\":10}}"
export const event = (s: number) => `{"t":"TYPING_START","s":${s},"op":0,"d":{}}`

/** Passes frames to the receiver of a new shard, which may have a session to resume. */
export const play = (frames: ReadonlyArray<string>, session?: Session.Session) =>
  Effect.gen(function*() {
    const config = Either.getOrThrow(
      ShardConfig.make({ token: Redacted.make("a.b.c"), intents: Intents.none, ...(session && { session }) })
    )
    const state = yield* ShardState.make(ShardId.single, config, silent)
    const signals: Array<Signal> = []
    const receiver = Receiver.make(state, Option.none(), yield* Effect.clock, (signal) => signals.push(signal))
    frames.forEach((frame) => receiver.onFrame(frame, false))
    const ended = signals.find((signal) => signal._tag === "Ended")
    return {
      receiver,
      state,
      signals,
      reason: ended?.reason,
      noticed: signals.flatMap((signal) => signal._tag === "Diagnosed" ? [signal.diagnostic] : []),
      isEstablished: signals.some(({ _tag }) => _tag === "Established")
    }
  })
