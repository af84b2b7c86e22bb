/**
 * The floor of unwanted events: a bare `ws`, inflate in the same tick, and only the sequence number of each event, from its
 * bytes. This is the minimum for an event that the application does not want.
 */
import * as BareSocket from "./bareSocket.js"
import * as Inflate from "./inflate.js"
import * as Probe from "./probe.js"
import { readSequence } from "./sequence.js"

const { job } = Probe
const count = Probe.make()

interface Hello {
  readonly d: { readonly heartbeat_interval: number }
}

const connect = () => {
  // The text is neither decoded nor validated.
  const socket = BareSocket.open({ skipUTF8Validation: true })
  let sequence: number | null = null
  const receive = Inflate.make(job.mode, (bytes, length) => {
    const s = readSequence(bytes, length)
    if (s > 0) {
      sequence = s
      count(s)
    } else {
      // The server's only message without a sequence number, because heartbeats are hours apart.
      const hello: Hello = JSON.parse(bytes.toString("utf8", 0, length))
      BareSocket.onHello(socket, hello.d.heartbeat_interval, () => sequence)
    }
  })
  socket.on("message", receive)
}

for (let i = 0; i < job.shards; i++) {
  connect()
}
