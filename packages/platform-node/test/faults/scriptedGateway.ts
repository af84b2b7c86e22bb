/** A gateway on real sockets whose responses a test can replace one by one; the others are as Discord documents them. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import type * as Net from "node:net"
import type * as Stream from "node:stream"
import { type WebSocket, WebSocketServer } from "ws"
import * as Transport from "./transport.js"

export interface Event {
  readonly s: number
  readonly t: string
  readonly d: unknown
}

/** One connection, as the gateway sees it. */
export interface Peer {
  /** 0 for the first connection. */
  readonly n: number
  readonly socket: WebSocket
  /** The requested URL. */
  readonly url: URL
  /** Sends a text, compressed as the client asked. */
  readonly text: (text: string | Uint8Array) => void
  /** Sends a payload. */
  readonly send: (payload: unknown) => void
  /** Returns the frame of a text that a test sends itself. */
  readonly encode: Transport.Encode
  /** The connection below the websocket. */
  readonly tcp: Net.Socket
  /** Events of the session are sent here. */
  isLive: boolean
}

export interface Script {
  readonly onUpgrade?: (n: number, request: Http.IncomingMessage, socket: Stream.Duplex) => boolean
  readonly onOpen?: (peer: Peer, gateway: Gateway) => void
  readonly onIdentify?: (peer: Peer, gateway: Gateway) => void
  readonly onResume?: (peer: Peer, sequence: number, gateway: Gateway) => void
}

export interface Gateway {
  readonly url: string
  readonly mode: Transport.Mode
  readonly peers: ReadonlyArray<Peer>
  readonly events: ReadonlyArray<Event>
  /** The sequence numbers that were resumed from. */
  readonly resumes: ReadonlyArray<number>
  readonly identifies: () => number
  readonly heartbeats: () => number
  /** The number of the last event. */
  sequence: number
  readonly hello: (peer: Peer) => void
  readonly ready: (peer: Peer, changes?: object, envelope?: object) => void
  /** Replays the session after a number, without RESUMED. */
  readonly replay: (peer: Peer, sequence: number) => void
  readonly resumed: (peer: Peer) => void
  /** A new event of the session, sent to the peer that is live. */
  readonly emit: (t: string, d: unknown) => void
}

const session = "0123456789abcdef0123456789abcdef"

interface Received {
  readonly op: number
  readonly d: { readonly seq: number }
}

export const make = (mode: Transport.Mode, script: Script): Effect.Effect<Gateway, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.async<readonly [server: Http.Server, gateway: Gateway]>((resume) => {
        const websockets = new WebSocketServer({ noServer: true, perMessageDeflate: false })
        const peers: Array<Peer> = []
        const events: Array<Event> = []
        const resumes: Array<number> = []
        let [identifies, heartbeats, upgrades] = [0, 0, 0]

        const gateway: Gateway = {
          url: "",
          mode,
          peers,
          events,
          resumes,
          identifies: () => identifies,
          heartbeats: () => heartbeats,
          sequence: 0,
          hello: (peer) => peer.send({ t: null, s: null, op: 10, d: { heartbeat_interval: 1_000 } }),
          ready: (peer, changes = {}, envelope = {}) => {
            gateway.sequence = 1
            events.length = 0
            peer.isLive = true
            peer.send({
              t: "READY",
              s: 1,
              op: 0,
              d: {
                v: 10,
                user: { id: "80351110224678912", username: "bot" },
                guilds: [],
                session_id: session,
                resume_gateway_url: gateway.url,
                ...changes
              },
              ...envelope
            })
          },
          replay: (peer, sequence) => {
            peer.isLive = true
            events.filter(({ s }) => s > sequence).forEach(({ d, s, t }) => peer.send({ t, s, op: 0, d }))
          },
          resumed: (peer) => peer.send({ t: "RESUMED", s: ++gateway.sequence, op: 0, d: {} }),
          emit: (t, d) => {
            const event = { s: ++gateway.sequence, t, d }
            events.push(event)
            const live = peers.at(-1)
            if (live?.isLive === true) {
              live.send({ t, s: event.s, op: 0, d })
            }
          }
        }

        const receive = (peer: Peer, { d, op }: Received) => {
          switch (op) {
            case 1:
              heartbeats++
              return peer.send({ t: null, s: null, op: 11, d: null })
            case 2:
              identifies++
              return script.onIdentify === undefined ? gateway.ready(peer) : script.onIdentify(peer, gateway)
            case 6: {
              resumes.push(d.seq)
              if (script.onResume !== undefined) {
                return script.onResume(peer, d.seq, gateway)
              }
              gateway.replay(peer, d.seq)
              return gateway.resumed(peer)
            }
          }
        }

        websockets.on("connection", (socket: WebSocket, request: Http.IncomingMessage) => {
          const encode = Transport.make(mode)
          const text = (text: string | Uint8Array) => {
            if (socket.readyState === socket.OPEN) {
              const frame = encode(text)
              socket.send(frame, { binary: mode !== "none" })
            }
          }
          const peer: Peer = {
            n: peers.length,
            socket,
            url: new URL(request.url ?? "/", "ws://localhost"),
            text,
            send: (payload) => text(JSON.stringify(payload)),
            encode,
            tcp: request.socket,
            isLive: false
          }
          peers.push(peer)
          socket.on("error", () => {})
          // The client's own messages are trusted.
          socket.on("message", (data) => receive(peer, JSON.parse(String(data)) as Received))
          if (script.onOpen === undefined) {
            gateway.hello(peer)
          } else {
            script.onOpen(peer, gateway)
          }
        })

        const server = Http.createServer()
        server.on("upgrade", (request, socket, head) => {
          socket.on("error", () => {})
          if (script.onUpgrade?.(upgrades++, request, socket) !== true) {
            websockets.handleUpgrade(request, socket, head, (websocket) =>
              websockets.emit("connection", websocket, request))
          }
        })
        server.listen(0, "127.0.0.1", () => {
          const { port } = server.address() as Net.AddressInfo
          resume(Effect.succeed([server, Object.assign(gateway, { url: `ws://127.0.0.1:${port}/` })]))
        })
      }),
      ([server, gateway]) =>
        Effect.async<void>((resume) => {
          gateway.peers.forEach(({ socket }) =>
            socket.terminate()
          )
          server.closeAllConnections()
          server.close(() =>
            resume(Effect.void)
          )
        })
    ),
    ([, gateway]) => gateway
  )
