/** Connections of the floors: a bare `ws` that identifies and sends heartbeats. */
import { type ClientOptions, WebSocket } from "ws"
import { job } from "./probe.js"

export const open = (options?: ClientOptions): WebSocket => {
  const compress = job.mode === "json" ? "" : `&compress=${job.mode}`
  return new WebSocket(`${job.url}?v=10&encoding=json${compress}`, { perMessageDeflate: false, ...options })
}

/** Answers HELLO: identifies, and sends heartbeats until the socket is closed. */
export const onHello = (socket: WebSocket, interval: number, sequence: () => number | null): void => {
  const heartbeat = () => socket.send(JSON.stringify({ op: 1, d: sequence() }))
  const first = setTimeout(() => {
    heartbeat()
    const timer = setInterval(heartbeat, interval)
    socket.on("close", () => clearInterval(timer))
  }, interval * Math.random())
  socket.on("close", () => clearTimeout(first))
  socket.send(JSON.stringify({ op: 2, d: { token: "token", intents: 0, properties: {}, shard: [0, 1] } }))
}
