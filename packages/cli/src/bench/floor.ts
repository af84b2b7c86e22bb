/**
 * The floor: a bare `ws`, inflate in the same tick, JSON.parse. What any client has to do, and nothing else. The process's
 * second argument is a package.json beside which the addon `zlib-sync` may be installed; none means node:zlib.
 */
import * as Module from "node:module"
import * as Zlib from "node:zlib"
import { WebSocket } from "ws"
import * as Probe from "./probe.js"
import type { Mode } from "./wire.js"

type Decode = (data: Buffer) => string

interface Handle {
  onerror: (message: string) => void
  readonly writeSync: (
    flush: number,
    input: Uint8Array,
    inputOffset: number,
    inputLength: number,
    output: Uint8Array,
    outputOffset: number,
    outputLength: number
  ) => void
}

/** The handle inside of a stream of node:zlib. The benchmark is for the Node at hand: no check, no fallback. */
const overHandle = (stream: object, flush: number): Decode => {
  const { _handle: handle, _writeState: state } = stream as {
    readonly _handle: Handle
    readonly _writeState: Uint32Array
  }
  handle.onerror = (message) => {
    throw new Error(message)
  }
  let output = Buffer.allocUnsafeSlow(64 * 1024)
  return (data) => {
    let used = 0
    let taken = 0
    while (true) {
      handle.writeSync(flush, data, taken, data.length - taken, output, used, output.length - used)
      const room = state[0] ?? 0
      const left = state[1] ?? 0
      used = output.length - room
      taken = data.length - left
      if (room > 0) {
        return output.toString("utf8", 0, used)
      }
      const larger = Buffer.allocUnsafeSlow(output.length * 2)
      output.copy(larger, 0, 0, used)
      output = larger
    }
  }
}

/** The native addon that many bots use. */
const zlibSync = (): Decode | undefined => {
  const beside = process.argv[3] ?? ""
  if (beside === "") {
    return undefined
  }
  const require = Module.createRequire(beside)
  try {
    const addon = require("zlib-sync")
    const inflate = new addon.Inflate({ chunkSize: 64 * 1024, to: "string" })
    return (data) => {
      inflate.push(data, addon.Z_SYNC_FLUSH)
      if (inflate.err < 0) {
        throw new Error(inflate.msg)
      }
      return inflate.result
    }
  } catch {
    return undefined
  }
}

const makeDecode = (mode: Mode): Decode => {
  switch (mode) {
    case "json":
      return (data) => data.toString()
    case "zlib-stream":
      return zlibSync() ?? overHandle(Zlib.createInflate({ chunkSize: 64 }), Zlib.constants.Z_SYNC_FLUSH)
    case "zstd-stream":
      return overHandle(Reflect.get(Zlib, "createZstdDecompress")({ chunkSize: 64 }), 0)
  }
}

const { job } = Probe

const connect = (url: string, onEvent: (s: number) => void) => {
  const compress = job.mode === "json" ? "" : `&compress=${job.mode}`
  const socket = new WebSocket(`${url}?v=10&encoding=json${compress}`, { perMessageDeflate: false })
  const decode = makeDecode(job.mode)
  let sequence: number | null = null
  socket.on("message", (data: Buffer) => {
    const payload = JSON.parse(decode(data))
    switch (payload.op) {
      case 0: {
        sequence = payload.s
        return onEvent(payload.s)
      }
      case 10: {
        const beat = () => socket.send(JSON.stringify({ op: 1, d: sequence }))
        const interval: number = payload.d.heartbeat_interval
        const first = setTimeout(() => {
          beat()
          const timer = setInterval(beat, interval)
          socket.on("close", () => clearInterval(timer))
        }, interval * Math.random())
        socket.on("close", () => clearTimeout(first))
        return socket.send(JSON.stringify({ op: 2, d: { token: "token", intents: 0, properties: {}, shard: [0, 1] } }))
      }
    }
  })
}

const count = Probe.make()
let ready = 0
for (let i = 0; i < job.shards; i++) {
  connect(job.url, (s) => {
    if (s === 1 && ++ready === job.shards) {
      Probe.tell({ _tag: "Ready" })
    }
    count(s)
  })
}
