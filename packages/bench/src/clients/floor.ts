/**
 * The floor: a bare `ws`, inflate in the same tick, JSON.parse. This is the minimum for any client. The second argument of
 * the process is the path of a package.json with an installed addon `zlib-sync`. Without it, node:zlib is used.
 */
import * as Module from "node:module"
import * as BareSocket from "./bareSocket.js"
import * as Inflate from "./inflate.js"
import * as Probe from "./probe.js"

/** The native addon that many bots use. */
const zlibSync = (): ((data: Buffer) => string) | undefined => {
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

const { job } = Probe

const readText: Inflate.Read<string> = (bytes, length) => bytes.toString("utf8", 0, length)

const makeDecode = (): (data: Buffer) => string => {
  switch (job.mode) {
    case "json":
      return (data) => data.toString()
    case "zlib-stream":
      return zlibSync() ?? Inflate.make(job.mode, readText)
    case "zstd-stream":
      return Inflate.make(job.mode, readText)
  }
}

const connect = (onEvent: (s: number) => void) => {
  const socket = BareSocket.open()
  const decode = makeDecode()
  let sequence: number | null = null
  socket.on("message", (data: Buffer) => {
    const payload = JSON.parse(decode(data))
    switch (payload.op) {
      case 0: {
        sequence = payload.s
        return onEvent(payload.s)
      }
      case 10:
        return BareSocket.onHello(socket, payload.d.heartbeat_interval, () => sequence)
    }
  })
}

const count = Probe.make()
let ready = 0
for (let i = 0; i < job.shards; i++) {
  connect((s) => {
    if (s === 1 && ++ready === job.shards) {
      Probe.report({ _tag: "Ready" })
    }
    count(s)
  })
}
