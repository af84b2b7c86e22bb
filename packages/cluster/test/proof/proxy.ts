/** A way to a port that can be cut, as a network split cuts it: nothing arrives any more, and no side hears of it. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Net from "node:net"

export interface Proxy {
  readonly port: number
  /** From now on what is sent vanishes, on open connections and on new ones. */
  readonly cut: Effect.Effect<void>
  /** Connections that were open are reset, new ones work. */
  readonly heal: Effect.Effect<void>
}

/** Listens on a free port until the scope closes, and returns the port. `onClose` ends the open connections. */
export const listen = (server: Net.Server, onClose: () => void): Effect.Effect<number, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<number>((resume) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0))
      })
    }),
    () =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        onClose()
      })
  )

export const make = (to: number): Effect.Effect<Proxy, never, Scope.Scope> =>
  Effect.gen(function*() {
    const sockets = new Set<Net.Socket>()
    let isCut = false
    const server = Net.createServer((near) => {
      const far = Net.connect(to, "127.0.0.1")
      for (const [socket, other] of [[near, far], [far, near]] as const) {
        sockets.add(socket)
        socket.on("error", () => socket.destroy())
        socket.on("close", () => {
          sockets.delete(socket)
          // The side behind the cut does not hear that the other has ended.
          if (!isCut) {
            other.destroy()
          }
        })
        socket.on("data", (data) => {
          if (!isCut) {
            other.write(data)
          }
        })
      }
    })
    const reset = () => sockets.forEach((socket) => socket.destroy())
    const port = yield* listen(server, reset)
    return {
      port,
      cut: Effect.sync(() => {
        isCut = true
      }),
      heal: Effect.sync(() => {
        isCut = false
        reset()
      })
    }
  })
