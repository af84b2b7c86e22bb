/** The simulated HTTP API on a server. */
import * as Effect from "effect/Effect"
import type * as Http from "node:http"
import type { Handler } from "../rest/index.js"
import * as Content from "./content.js"
import * as MemoryHttp from "./memoryHttp.js"

/** Bytes above which a body is not read; Discord's limit of a file is less. */
const maxBytes = 32 * 1024 * 1024

const read = (request: Http.IncomingMessage): Effect.Effect<Uint8Array, void> =>
  Effect.async((resume) => {
    const chunks: Array<Buffer> = []
    let size = 0
    request.on("data", (chunk: Buffer) => {
      size += chunk.length
      if (size > maxBytes) {
        request.destroy()
      }
      chunks.push(chunk)
    })
    request.on("end", () => resume(Effect.succeed(Buffer.concat(chunks))))
    request.on("close", () => resume(Effect.fail(undefined)))
  })

/** Answers a request of a server. A fault that drops the connection destroys its socket. */
export const respond = (
  { handle }: Handler.Handler,
  request: Http.IncomingMessage,
  response: Http.ServerResponse
): Effect.Effect<void> =>
  Effect.gen(function*() {
    const { authorization, "content-type": type = "" } = request.headers
    const content = yield* Effect.flatMap(read(request), (bytes) => Content.fromBytes(bytes, type))
    const answer = yield* handle({ method: request.method ?? "GET", url: request.url ?? "/", authorization, content })
    const { headers, text } = MemoryHttp.encode(answer)
    response.writeHead(answer.status, headers)
    response.end(text ?? undefined)
  }).pipe(
    Effect.catchAll(() => Effect.sync(() => request.socket.destroy())),
    Effect.onInterrupt(() => Effect.sync(() => request.socket.destroy()))
  )
