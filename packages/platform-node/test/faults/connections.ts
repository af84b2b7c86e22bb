/** Closes, frames and upgrades. */
import type * as Net from "node:net"
import { free, message, type Scenario } from "./scenario.js"
import type { Gateway, Script } from "./scriptedGateway.js"
import type * as Transport from "./transport.js"

const compressed: ReadonlyArray<Transport.Mode> = ["zlib-stream", "zstd-stream"]

/** A frame of a server: opcode, whether it is the last of its message, and the payload. */
const frame = (opcode: number, isLast: boolean, payload: Uint8Array | string): Buffer => {
  const bytes = Buffer.from(payload)
  const length = bytes.length < 126 ? [bytes.length] : [126, bytes.length >> 8, bytes.length & 0xff]
  return Buffer.concat([Uint8Array.of((isLast ? 0x80 : 0) | opcode, ...length), bytes])
}

const kindOf = (gateway: Gateway) => gateway.mode === "none" ? 1 : 2

const closes: ReadonlyArray<Scenario> = [
  ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 4000, 4001, 4002, 4005, 4006, 4008, 4099].map((
    code
  ): Scenario => ({
    name: `closes with ${code}`,
    fault: (peer) => peer.socket.close(code, "reason"),
    resumes: 1,
    line: new RegExp(`closed the connection with ${code} reason; resuming now`)
  })),
  ...[4003, 4007, 4009].map((code): Scenario => ({
    name: `closes with ${code}`,
    fault: (peer) => peer.socket.close(code),
    identifies: 2
  })),
  { name: "closes without a code", fault: (peer) => peer.socket.close(), resumes: 1 },
  { name: "closes with escape sequences", fault: (peer) => peer.socket.close(4000, "\u001b[2J\nforged"), resumes: 1 },
  { name: "cuts the connection", fault: (peer) => peer.socket.terminate(), resumes: 1, line: /connection was lost; / },
  {
    name: "resets the connection",
    fault: (peer) => peer.tcp.resetAndDestroy(),
    resumes: 1,
    line: /connection was lost: read ECONNRESET; resuming now/
  }
]

const frames: ReadonlyArray<Scenario> = [
  {
    name: "splits a message into frames with pings between",
    fault: (peer, gateway) => {
      const whole = Buffer.from(peer.encode(JSON.stringify(message(++gateway.sequence, "split"))))
      peer.tcp.write(frame(kindOf(gateway), false, whole.subarray(0, 5)))
      peer.tcp.write(frame(9, true, "ping"))
      peer.tcp.write(frame(0, false, ""))
      peer.tcp.write(frame(10, true, "pong"))
      peer.tcp.write(frame(0, true, whole.subarray(5)))
    },
    contents: ["split"],
    ...free
  },
  {
    name: "writes a message byte by byte",
    fault: (peer, gateway) => {
      const whole = frame(kindOf(gateway), true, peer.encode(JSON.stringify(message(++gateway.sequence, "slow"))))
      whole.forEach((byte) => peer.tcp.write(Uint8Array.of(byte)))
    },
    contents: ["slow"],
    ...free
  },
  {
    name: "pings with 125 bytes, many times",
    fault: (peer) => Array.from({ length: 100 }, () => peer.socket.ping(Buffer.alloc(125))),
    ...free
  },
  {
    name: "sends text in clear on a compressed connection",
    fault: (peer, gateway) => peer.socket.send(JSON.stringify(message(++gateway.sequence, "clear"))),
    contents: ["clear"],
    ...free
  },
  ...([
    ["a frame of an unknown opcode", frame(3, true, "x")],
    ["a frame with reserved bits", Buffer.from([0xf1, 1, 0x78])],
    ["a masked frame", Buffer.from([0x81, 0x81, 1, 2, 3, 4, 5])],
    ["a ping of 126 bytes", frame(9, true, "x".repeat(126))],
    ["a close frame of one byte", Buffer.from([0x88, 1, 3])],
    ["a close code that may not be sent", Buffer.from([0x88, 2, 0x03, 0xed])],
    ["a continuation of nothing", frame(0, true, "x")],
    ["bytes that are no frame", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")]
  ] as const).map(([what, bytes]): Scenario => ({
    name: `sends ${what}`,
    fault: (peer) => peer.tcp.write(bytes),
    resumes: 1,
    line: /a message could not be processed: .*; resuming now/
  })),
  {
    name: "sends 20,000 empty frames",
    fault: (peer) => Array.from({ length: 20_000 }, () => peer.socket.send(Buffer.alloc(0))),
    modes: compressed,
    ...free
  },
  {
    name: "sends a message one byte a frame",
    fault: (peer, gateway) => {
      const whole = Buffer.from(peer.encode(JSON.stringify(message(++gateway.sequence, "bytes"))))
      whole.forEach((byte) => peer.socket.send(Uint8Array.of(byte)))
    },
    contents: ["bytes"],
    modes: ["zlib-stream"],
    ...free
  },
  {
    name: "sends damaged data",
    fault: (peer) => peer.socket.send(Buffer.from([1, 2, 3, 0, 0, 0xff, 0xff])),
    modes: compressed,
    resumes: 1,
    // Node's own zstd may make something of it, which is no JSON then.
    line: /could not be decompressed: (corrupt|.* is not valid JSON)/
  },
  {
    name: "sends a text of no JSON and no UTF-8",
    fault: (peer) => peer.text(Uint8Array.of(0xff, 0xfe, 0xfd)),
    modes: compressed,
    resumes: 1
  },
  {
    name: "sends a binary message without compression",
    fault: (peer) => peer.socket.send(Buffer.from("{\"op\":11}")),
    modes: ["none"],
    resumes: 1
  }
]

const answerWith = (text: string): Script => ({
  onUpgrade: (n, _request, socket) => {
    if (n === 0) {
      socket.end(text)
    }
    return n === 0
  }
})

const upgrades: ReadonlyArray<Scenario> = [
  ...[400, 401, 403, 404, 426, 429, 500, 502, 503].map((status): Scenario => ({
    name: `answers the first upgrade with ${status}`,
    script: answerWith(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`),
    line: new RegExp(`HTTP status ${status}`)
  })),
  { name: "answers the first upgrade with nothing", script: answerWith(""), line: /socket hang up/ },
  {
    name: "answers the first upgrade with no HTTP",
    script: answerWith("\u001b[31m220 smtp\r\n"),
    line: /Parse Error/
  },
  {
    name: "answers the first upgrade with another key",
    script: answerWith(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n"
    ),
    line: /Sec-WebSocket-Accept/
  },
  {
    name: "resets the first upgrade",
    script: {
      onUpgrade: (n, _request, socket) => {
        if (n === 0) {
          // An HTTP server's sockets are TCP sockets.
          ;(socket as Net.Socket).resetAndDestroy()
        }
        return n === 0
      }
    },
    line: /ECONNRESET/
  }
]

export const all: ReadonlyArray<Scenario> = [...closes, ...frames, ...upgrades]
