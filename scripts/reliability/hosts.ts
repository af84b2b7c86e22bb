/** Hosts of resume URLs that fail as a network can. */
import * as Effect from "effect/Effect"
import * as Https from "node:https"
import * as Net from "node:net"
import * as Certificate from "../../packages/platform-node/test/certificate.js"
import type { Hosts } from "./plan.js"

const listen = <S extends Net.Server>(make: () => S) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.async<S>((resume) => {
        const server = make()
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) => Effect.async<void>((resume) => void server.close(() => resume(Effect.void)))
    ),
    (server) => {
      const address = server.address()
      return `wss://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/`
    }
  )

export const serve = Effect.all({
  untrusted: listen(() => Https.createServer(Certificate)),
  // Whatever it is told, its answer is no part of a TLS handshake.
  plain: listen(() =>
    Net.createServer((socket) => socket.on("error", () => {}).resume().end("220 mail.example ESMTP\r\n"))
  )
}) satisfies Effect.Effect<Hosts, never, unknown>
