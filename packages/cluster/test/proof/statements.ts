/** A way to a PostgreSQL server that counts the statements on it, and that may be slow. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Net from "node:net"
import { listen } from "./proxy.js"

export interface Counter {
  readonly port: number
  /** Statements so far: each that was executed, BEGIN and COMMIT among them. */
  readonly count: () => number
  /** Delays each later answer by a number of milliseconds. */
  readonly delay: (millis: number) => Effect.Effect<void>
  /** Refuses new connections, and ends open ones, from now on. */
  readonly refuse: (isRefusing: boolean) => Effect.Effect<void>
}

/** Counts the simple queries and the executions of prepared ones in the chunks of a client. */
const makeParser = () => {
  let rest = Buffer.alloc(0)
  let isStarted = false
  return (chunk: Buffer): number => {
    rest = Buffer.concat([rest, chunk])
    let count = 0
    while (rest.length >= 8) {
      // The first message has no type.
      const header = isStarted ? 1 : 0
      const length = header + rest.readInt32BE(header)
      if (rest.length < length) {
        break
      }
      const type = isStarted ? String.fromCharCode(rest[0] ?? 0) : ""
      count += type === "Q" || type === "E" ? 1 : 0
      isStarted = true
      rest = rest.subarray(length)
      if (isStarted && rest.length < 5) {
        break
      }
    }
    return count
  }
}

export const make = (to: number): Effect.Effect<Counter, never, Scope.Scope> =>
  Effect.gen(function*() {
    let count = 0
    let delay = 0
    let isRefusing = false
    const sockets = new Set<Net.Socket>()
    const server = Net.createServer((near) => {
      if (isRefusing) {
        near.destroy()
        return
      }
      const far = Net.connect(to, "127.0.0.1")
      const parse = makeParser()
      // Chunks of one connection stay in their order.
      const later = (way: number, write: () => void) => way <= 0 ? write() : setTimeout(write, way)
      near.on("data", (data) => {
        count += parse(data)
        later(delay / 2, () => far.write(data))
      })
      far.on("data", (data) => later(delay / 2, () => near.write(data)))
      for (const [socket, other] of [[near, far], [far, near]] as const) {
        sockets.add(socket)
        socket.on("error", () => socket.destroy())
        socket.on("close", () => {
          sockets.delete(socket)
          other.destroy()
        })
      }
    })
    const port = yield* listen(server, () => sockets.forEach((socket) => socket.destroy()))
    return {
      port,
      count: () => count,
      delay: (millis) =>
        Effect.sync(() => {
          delay = millis
        }),
      refuse: (refusing) =>
        Effect.sync(() => {
          isRefusing = refusing
          if (refusing) {
            sockets.forEach((socket) => socket.destroy())
          }
        })
    }
  })
