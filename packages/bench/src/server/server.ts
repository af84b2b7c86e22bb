/**
 * The gateway of the benchmarks, a separate process. It sends HELLO, answers IDENTIFY with READY and RESUME with RESUMED,
 * acknowledges heartbeats, and writes the events of its job after READY. Everything is encoded before the first client
 * connects.
 */
import * as Crypto from "node:crypto"
import * as Http from "node:http"
import type * as Stream from "node:stream"
import * as Mix from "./mix.js"
import type { ServerJob, ServerMessage } from "../runs/protocol.js"
import * as Wire from "./wire.js"

const report = (message: ServerMessage) => process.send?.(message)

const job: ServerJob = JSON.parse(process.argv[2] ?? "{}")

const hello = `{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":${job.heartbeatInterval},"_trace":[]}}`
const ack = "{\"t\":null,\"s\":null,\"op\":11,\"d\":null}"
const readyText = (url: string) =>
  `{"t":"READY","s":1,"op":0,"d":${
    JSON.stringify({
      v: 10,
      user: { id: "1", username: "bench", discriminator: "0", global_name: null, avatar: null, bot: true, flags: 0 },
      guilds: [],
      session_id: "0123456789abcdef0123456789abcdef",
      resume_gateway_url: url,
      session_type: "normal",
      private_channels: [],
      relationships: [],
      application: { id: "1", flags: 0 },
      shard: [0, 1],
      _trace: []
    })
  }}`
const resumedText = (s: number) => `{"t":"RESUMED","s":${s},"op":0,"d":{"_trace":[]}}`

interface Script {
  readonly mode: Wire.Mode
  readonly hello: Buffer
  readonly ready: Buffer
  /** The events after READY, in blocks. */
  readonly blocks: ReadonlyArray<Buffer>
  /** The acknowledgements of an idle connection, in their order. */
  readonly acks: ReadonlyArray<Buffer>
  /** RESUMED by its sequence, as the second message of a connection. */
  readonly resumed: ReadonlyArray<Buffer>
}

const emptyFrame = Buffer.alloc(0)
/**
 * Delay of HELLO after the answer to the upgrade, in milliseconds, because some clients ignore frames that they read with
 * that answer, and a busy client reads both at once. Benchmarks of throughput do not measure the time before READY.
 */
const pause = job.events > 0 ? 250 : 10
const acksPrepared = 200
const resumesPrepared = 12

const prepare = async (mode: Wire.Mode, url: string): Promise<Script> => {
  const ready = readyText(url)
  const texts = job.events > 0 ? Mix.texts(job.events) : Array.from({ length: acksPrepared }, () => ack)
  const [first = emptyFrame, second = emptyFrame, ...rest] = await Wire.frames(mode, [hello, ready, ...texts])
  const resumed: Array<Buffer> = []
  for (let s = 0; s < resumesPrepared; s++) {
    resumed.push((await Wire.frames(mode, [hello, resumedText(s)]))[1] ?? emptyFrame)
  }
  return {
    mode,
    hello: first,
    ready: second,
    blocks: job.events > 0 ? Wire.blocks(rest) : [],
    acks: job.events > 0 ? [] : rest,
    resumed
  }
}

/** Writes at the speed at which the client reads. */
const pour = (socket: Stream.Duplex, blocks: ReadonlyArray<Buffer>) => {
  let next = 0
  const write = () => {
    for (let block = blocks[next]; block !== undefined; block = blocks[next]) {
      next++
      if (!socket.write(block)) {
        return
      }
    }
    socket.off("drain", write)
  }
  socket.on("drain", write)
  write()
}

/** Connections that have identified and wait for the others of their client. */
const waiting = new Map<Stream.Duplex, Script>()

/** Waits for all connections. Otherwise a client would read events of its first shards while the last ones connect. */
const pourOnceAllWait = (socket: Stream.Duplex, script: Script) => {
  waiting.set(socket, script)
  if (waiting.size === (job.shards ?? 1)) {
    for (const [identified, { blocks }] of waiting) {
      pour(identified, blocks)
    }
    waiting.clear()
  }
}

const scripts = new Map<Wire.Mode, Script>()
const sockets = new Set<Stream.Duplex>()

const serve = (socket: Stream.Duplex, script: Script) => {
  let beats = 0
  let isGreeted = false
  const sendHello = () => {
    if (!isGreeted) {
      isGreeted = true
      socket.write(script.hello)
    }
  }
  sockets.add(socket)
  socket.on("close", () => {
    sockets.delete(socket)
    waiting.delete(socket)
  })
  socket.on("error", () => socket.destroy())
  socket.on(
    "data",
    Wire.reader((text) => {
      const payload: { readonly op: number; readonly d: { readonly seq?: number } | null } = JSON.parse(text)
      // Some clients do not wait for HELLO, and a compressed stream has only one order.
      sendHello()
      switch (payload.op) {
        case 1:
          return socket.write(script.acks[beats++] ?? emptyFrame)
        case 2: {
          socket.write(script.ready)
          report({ _tag: "Identified", mode: script.mode })
          return pourOnceAllWait(socket, script)
        }
        case 6: {
          socket.write(script.resumed[(payload.d?.seq ?? 0) + 1] ?? emptyFrame)
          return report({ _tag: "Resumed" })
        }
      }
    }, () => socket.end())
  )
  setTimeout(sendHello, pause)
}

const server = Http.createServer((_, response) => {
  response.writeHead(200, { "content-type": "application/json" })
  response.end(JSON.stringify({
    url,
    shards: 1,
    session_start_limit: { total: 1_000, remaining: 1_000, reset_after: 0, max_concurrency: 1 }
  }))
})
let url = ""

server.on("upgrade", (request, socket) => {
  report({ _tag: "Connected", at: Date.now() })
  const compress = new URL(request.url ?? "/", url).searchParams.get("compress")
  const script = scripts.get(compress === "zlib-stream" || compress === "zstd-stream" ? compress : "json")
  const accept = Crypto.createHash("sha1")
    .update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest("base64")
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`
  )
  return script === undefined ? socket.destroy() : serve(socket, script)
})

process.on("message", (message) => {
  if (message === "drop") {
    for (const socket of Array.from(sockets)) {
      socket.destroy()
    }
  }
})
process.on("disconnect", () => process.exit())

server.listen({ host: "127.0.0.1", port: 0, backlog: 2_048 }, async () => {
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  url = `ws://127.0.0.1:${port}/`
  for (const mode of (job.modes ?? Wire.modes).filter(Wire.isSupported)) {
    scripts.set(mode, await prepare(mode, url))
  }
  const texts = job.events > 0 ? Mix.texts(job.events) : []
  report({
    _tag: "Listening",
    url,
    wanted: Mix.countWanted(texts),
    bytes: texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  })
})
