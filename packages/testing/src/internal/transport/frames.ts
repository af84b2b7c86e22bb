/** Writes the bytes of a server's websocket, for faults that a websocket library does not support. */
import * as Net from "node:net"
import type * as Stream from "node:stream"

const finalText = 0x81
const finalBinary = 0x82

/**
 * Encodes a whole message as one frame of a server.
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

/** Sends half of a message, then a TCP reset. */
export const cut = (socket: Stream.Duplex, data: string | Uint8Array): void => {
  const frame = encode(data)
  socket.write(frame.subarray(0, Math.ceil(frame.length / 2)), () => {
    // Together, some systems would deliver the reset as an orderly end.
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
  /** Sends all pending bytes, so that bytes written elsewhere do not land in the middle of a message. */
  readonly flush: () => void
  readonly stop: () => void
}

/** Starts to send messages byte by byte. */
export const dribble = (socket: Stream.Duplex, bytesPerSecond: number): Dribble => {
  let pending: Buffer = Buffer.alloc(0)
  const timer = setInterval(() => {
    if (pending.length > 0 && socket.writable) {
      socket.write(pending.subarray(0, 1))
      pending = pending.subarray(1)
    }
  }, 1000 / bytesPerSecond)
  return {
    send: (data) => {
      pending = Buffer.concat([pending, encode(data)])
    },
    flush: () => {
      if (pending.length > 0 && socket.writable) {
        socket.write(pending)
      }
      pending = Buffer.alloc(0)
    },
    stop: () => clearInterval(timer)
  }
}
