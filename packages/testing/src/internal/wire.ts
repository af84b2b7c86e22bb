/** The bytes of a server's websocket, for faults that a websocket library does not offer. */
import * as Net from "node:net"
import type * as Stream from "node:stream"

const finalText = 0x81
const finalBinary = 0x82

/**
 * A whole message as the frame that a server sends.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6455#section-5.2
 */
export const encode = (data: string | Uint8Array): Buffer => {
  const payload = Buffer.from(data)
  const opcode = typeof data === "string" ? finalText : finalBinary
  if (payload.length < 126) {
    return Buffer.concat([Uint8Array.of(opcode, payload.length), payload])
  }
  const header = Buffer.alloc(payload.length < 65_536 ? 4 : 10)
  header[0] = opcode
  if (payload.length < 65_536) {
    header[1] = 126
    header.writeUInt16BE(payload.length, 2)
  } else {
    header[1] = 127
    header.writeBigUInt64BE(BigInt(payload.length), 2)
  }
  return Buffer.concat([header, payload])
}

const resetAfterMillis = 5

/** Sends half of the message, then a TCP reset. */
export const cut = (socket: Stream.Duplex, data: string | Uint8Array): void => {
  const frame = encode(data)
  socket.write(frame.subarray(0, Math.ceil(frame.length / 2)), () => {
    // If both come in one go, some systems tell the peer of an end instead of a reset.
    setTimeout(() => {
      if (socket instanceof Net.Socket) {
        socket.resetAndDestroy()
      } else {
        socket.destroy()
      }
    }, resetAfterMillis)
  })
}

export interface Dribble {
  readonly send: (data: string | Uint8Array) => void
  /** Sends at once what waits: whatever is written past this may not land in the middle of a message. */
  readonly flush: () => void
  readonly stop: () => void
}

/** Sends messages byte by byte until it is stopped. */
export const dribble = (socket: Stream.Duplex, bytesPerSecond: number): Dribble => {
  let waiting: Buffer = Buffer.alloc(0)
  const timer = setInterval(() => {
    if (waiting.length > 0 && socket.writable) {
      socket.write(waiting.subarray(0, 1))
      waiting = waiting.subarray(1)
    }
  }, 1000 / bytesPerSecond)
  return {
    send: (data) => {
      waiting = Buffer.concat([waiting, encode(data)])
    },
    flush: () => {
      if (waiting.length > 0 && socket.writable) {
        socket.write(waiting)
      }
      waiting = Buffer.alloc(0)
    },
    stop: () => clearInterval(timer)
  }
}
