/** A gateway in memory that follows Discord's documentation except for a script, in json or in zlib-stream. */
import * as GatewaySocket from "@vesper/gateway/GatewaySocket"
import * as Opcode from "@vesper/model/Opcode"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Function from "effect/Function"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Zlib from "node:zlib"
import { defaultRecovery, type Peer, type Switch, type Trouble } from "./peer.js"

interface Payload {
  readonly op: number
  readonly d: unknown
}

interface Session {
  readonly id: string
  sequence: number
}

/** One connection of the gateway. */
export interface Link {
  readonly url: string
  readonly connection: number
  /** The session that the connection has identified or resumed. */
  session: Session | undefined
  readonly send: (payload: unknown) => void
  readonly text: (text: string) => void
  /** Sends a binary message that the compressor did not produce. */
  readonly bytes: (bytes: Uint8Array) => void
  /** Sends an event with the next sequence of the session, or with one that is `ahead` of it. */
  readonly dispatch: (t: string, d: unknown, ahead?: number) => void
  readonly close: (code?: number, reason?: string) => void
  /** Closes the socket of the client without a close frame. */
  readonly fail: (cause: GatewaySocket.FrameError) => void
}

/** The differences to a correct gateway. A function that returns true has answered; otherwise the gateway answers. */
export interface Script {
  readonly name: string
  readonly refuse?: (url: string) => GatewaySocket.OpenError
  readonly onOpen?: (link: Link) => boolean
  readonly onPayload?: (link: Link, payload: Payload) => boolean
  /** Runs with each open connection every five minutes. */
  readonly each?: (link: Link) => void
  /** Time after the fault in which the shard must recover. Default: 3 minutes. */
  readonly recovery?: Duration.DurationInput
}

const interval = Duration.minutes(5)

const header = Buffer.from([0x78, 0x9c])

/** A zlib stream of independent messages, each with a sync flush at its end. */
const makeCompressor = () => {
  let isFirst = true
  return (text: string): Uint8Array => {
    const block = Zlib.deflateRawSync(text, { finishFlush: Zlib.constants.Z_SYNC_FLUSH })
    const message = isFirst ? Buffer.concat([header, block]) : block
    isFirst = false
    return message
  }
}

export const hello = (interval: unknown = 41_250) => ({ t: null, s: null, op: 10, d: { heartbeat_interval: interval } })

export const ready = (id: string, more: object = {}) => ({
  t: "READY",
  s: 1,
  op: 0,
  d: {
    v: 10,
    user: { id: "1", username: "bot" },
    guilds: [],
    session_id: id,
    resume_gateway_url: "wss://resume.scripted.test/",
    ...more
  }
})

const answer = (link: Link, { d, op }: Payload, sessions: Map<string, Session>): void => {
  switch (op) {
    case Opcode.Heartbeat:
      return link.send({ t: null, s: null, op: Opcode.HeartbeatAck, d: null })
    case Opcode.Identify: {
      const session = { id: `session-${link.connection}`, sequence: 1 }
      sessions.set(session.id, session)
      link.session = session
      return link.send(ready(session.id))
    }
    case Opcode.Resume: {
      // The payload of the client has an id.
      const found = sessions.get((d as { readonly session_id: string }).session_id)
      if (found === undefined) {
        return link.send({ t: null, s: null, op: Opcode.InvalidSession, d: false })
      }
      link.session = found
      return link.dispatch("RESUMED", {})
    }
  }
}

const make = (script: Script) => (fault: Switch): Effect.Effect<Peer> =>
  Effect.sync(() => {
    const links = new Set<Link>()
    let sessions = new Map<string, Session>()
    let connections = 0

    const open = (url: string, handlers: GatewaySocket.ConnectionHandlers) =>
      Effect.gen(function*() {
        if (fault.isOn && script.refuse !== undefined) {
          return yield* script.refuse(url)
        }
        const compress = url.includes("compress=zlib-stream") ? makeCompressor() : undefined
        let isOpen = true
        const deliver = (handle: () => void) => {
          queueMicrotask(() => {
            if (isOpen) {
              handle()
            }
          })
        }
        const end = () => {
          isOpen = false
          links.delete(link)
        }
        const link: Link = {
          url,
          connection: connections++,
          session: undefined,
          send: (payload) => link.text(JSON.stringify(payload)),
          text: (text) =>
            deliver(() =>
              compress === undefined ? handlers.onFrame(text, false) : handlers.onFrame(compress(text), true)
            ),
          bytes: (bytes) => deliver(() => handlers.onFrame(bytes, true)),
          dispatch: (t, d, ahead = 1) => {
            if (link.session !== undefined) {
              link.session.sequence += ahead
              link.send({ t, s: link.session.sequence, op: Opcode.Dispatch, d })
            }
          },
          close: (code, reason = "") =>
            deliver(() => {
              end()
              handlers.onClose(code === undefined ? Option.none() : Option.some({ code, reason }))
            }),
          fail: (cause) =>
            deliver(() => {
              end()
              handlers.onClose(Option.none(), cause)
            })
        }
        links.add(link)
        yield* Effect.addFinalizer(() => Effect.sync(end))
        if (!(fault.isOn && script.onOpen?.(link) === true)) {
          link.send(hello())
        }
        const connection: GatewaySocket.Connection = {
          unsafeWrite: (text, onWritten) => {
            if (!isOpen) {
              return onWritten(Either.left(new GatewaySocket.WriteError({ cause: new Error("it is closed") })))
            }
            onWritten(Either.void)
            // The client writes only payloads.
            const payload = JSON.parse(text) as Payload
            if (!(fault.isOn && script.onPayload?.(link, payload) === true)) {
              answer(link, payload, sessions)
            }
            // Its memory is not measured.
            if (sessions.size > 4) {
              sessions = new Map(Array.from(sessions).slice(-4))
            }
          },
          close: () => Effect.sync(end),
          pause: () => {},
          resume: () => {}
        }
        return connection
      })

    const onEachLink = (run: (link: Link) => void) => Effect.sync(() => Array.from(links).forEach(run))
    /** The fault starts with new connections and new sessions. */
    const cutAll = Effect.sync(() => {
      sessions = new Map()
      links.forEach((link) => link.close())
    })
    return {
      socket: GatewaySocket.make(open),
      dispatch: onEachLink((link) => link.dispatch("TYPING_START", {})),
      misbehave: Effect.zipRight(
        cutAll,
        Effect.schedule(onEachLink(script.each ?? Function.constVoid), Schedule.spaced(interval))
      )
    }
  })

export const trouble = (script: Script): Trouble => ({
  name: script.name,
  recovery: Duration.decode(script.recovery ?? defaultRecovery),
  make: make(script)
})
