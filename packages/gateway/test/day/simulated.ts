/** The faults of the simulated gateway, each for a day. */
import * as GatewaySocket from "@vesper/gateway/GatewaySocket"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { token } from "../harness.js"
import { defaultRecovery, type Peer, type Switch, type Trouble } from "./peer.js"

const any = { host: "any", times: 1 } as const

/** One of each kind at least: a kind that is missing does not compile. */
const faults: { readonly [K in Fault.Fault["_tag"]]: ReadonlyArray<Extract<Fault.Fault, { readonly _tag: K }>> } = {
  AcceptThenClose: [Fault.AcceptThenClose(any), Fault.AcceptThenClose({ ...any, code: 4000 })],
  Close: [4000, 4003, 4007, 4009, 1000, 1006].map((code) => Fault.Close({ code, reason: "again" })),
  Corrupt: [Fault.Corrupt()],
  DenyVoice: [Fault.DenyVoice()],
  Dribble: [Fault.Dribble({ bytesPerSecond: 10 })],
  Drop: [Fault.Drop()],
  DuplicateLast: [Fault.DuplicateLast()],
  EndSession: [Fault.EndSession()],
  EventBeforeHello: [Fault.EventBeforeHello(any)],
  HelloAgain: [Fault.HelloAgain()],
  HelloWithoutInterval: [Fault.HelloWithoutInterval(any)],
  InvalidSession: [Fault.InvalidSession({ resumable: false }), Fault.InvalidSession({ resumable: true })],
  NameResumeUrl: [
    Fault.NameResumeUrl({ ...any, url: "wss://nowhere.invalid/" }),
    Fault.NameResumeUrl({ ...any, url: "ws://plain.example/" })
  ],
  NeverHello: [Fault.NeverHello(any)],
  NeverOpen: [Fault.NeverOpen(any)],
  NeverReady: [Fault.NeverReady(any)],
  NeverResumed: [Fault.NeverResumed(any)],
  Reconnect: [Fault.Reconnect()],
  ReconnectBeforeHello: [Fault.ReconnectBeforeHello(any)],
  RefuseConnections: [403, 500].map((status) => Fault.RefuseConnections({ ...any, status })),
  RejectIdentify: [Fault.RejectIdentify(any)],
  RejectResume: [Fault.RejectResume({ ...any, resumable: false }), Fault.RejectResume({ ...any, resumable: true })],
  RequestHeartbeat: [Fault.RequestHeartbeat()],
  ResetMidFrame: [Fault.ResetMidFrame()],
  SendText: ["", "{", "[]", "{\"op\":99,\"d\":null}", "{\"t\":\"A\",\"s\":null,\"op\":0,\"d\":{}}"].map((text) =>
    Fault.SendText({ text })
  ),
  SkipSequence: [Fault.SkipSequence({ count: 5 })],
  SplitFrames: [Fault.SplitFrames()],
  Stall: [Fault.Stall()],
  StopAcknowledging: [Fault.StopAcknowledging()]
}

const shards = [0, 1]

const make = (injected: Fault.Fault) => (fault: Switch): Effect.Effect<Peer, never, Scope.Scope> =>
  Effect.gen(function*() {
    const context = yield* Layer.build(GatewaySimulator.layerInMemory({
      token: Redacted.make(token),
      // Its own memory is not what is measured.
      logLimit: 100,
      replayLimit: 100
    }))
    const simulator = Context.get(context, GatewaySimulator.GatewaySimulator)
    const socket = Context.get(context, GatewaySocket.GatewaySocket)
    const { gateway } = GatewaySimulator.coreOf(simulator)
    const urls = yield* simulator.urls
    const dispatch = Effect.forEach(shards, (shard) => simulator.dispatch({ t: "TYPING_START", d: {}, shard }))
    const isRule = Fault.isRule(injected)

    /** The next connection meets the rule once; what the one before has left is gone. */
    const renewRule = Effect.gen(function*() {
      if (!isRule) {
        return
      }
      for (const url of [urls.gateway, urls.resume]) {
        while (gateway.takeRule(url, injected._tag) !== undefined);
      }
      yield* fault.isOn ? simulator.inject(injected) : Effect.void
    })
    return {
      socket: GatewaySocket.make((url, handlers) => Effect.zipRight(renewRule, socket.open(url, handlers))),
      dispatch,
      misbehave: Effect.repeat(
        Effect.all([
          isRule ? Effect.void : simulator.inject(injected),
          // A rule needs a new connection, and a session that was forgotten in silence is found out by a resume.
          isRule || injected._tag === "EndSession" ? simulator.inject(Fault.Drop()) : Effect.void,
          dispatch
        ]),
        Schedule.spaced("5 minutes")
      )
    }
  })

const nameOf = (fault: Fault.Fault): string => {
  const { _tag, ...fields } = fault
  return `${_tag} ${JSON.stringify(fields)}`
}

export const troubles: ReadonlyArray<Trouble> = Object.values(faults).flat().map((fault) => ({
  name: nameOf(fault),
  recovery: defaultRecovery,
  make: make(fault)
}))
