/** Control payloads, sessions that begin oddly, and resumes. */
import { free, message, type Scenario } from "./scenario.js"
import type { Gateway } from "./scriptedGateway.js"

const controls: ReadonlyArray<Scenario> = [
  { name: "sends a second hello", fault: (peer, gateway) => gateway.hello(peer), resumes: 1 },
  { name: "sends READY twice", fault: (peer, gateway) => gateway.ready(peer), resumes: 0 },
  {
    name: "sends a READY of another session",
    fault: (peer, gateway) => gateway.ready(peer, { session_id: "another" }),
    resumes: 0
  },
  { name: "asks for a reconnect", fault: (peer) => peer.send({ op: 7, d: null }), resumes: 1 },
  { name: "asks for a reconnect with a body", fault: (peer) => peer.send({ op: 7, d: { a: 1 } }), resumes: 1 },
  { name: "asks for a reconnect twice", fault: (peer) => [7, 7].forEach((op) => peer.send({ op })), resumes: 1 },
  { name: "invalidates the session for a while", fault: (peer) => peer.send({ op: 9, d: true }), resumes: 1 },
  { name: "invalidates the session", fault: (peer) => peer.send({ op: 9, d: false }), identifies: 2 },
  { name: "invalidates the session without saying how", fault: (peer) => peer.send({ op: 9 }), resumes: 1 },
  { name: "invalidates the session with a string", fault: (peer) => peer.send({ op: 9, d: "false" }), resumes: 1 },
  {
    name: "invalidates the session before READY",
    script: {
      onIdentify: (peer, gateway) => gateway.identifies() === 1 ? peer.send({ op: 9, d: false }) : gateway.ready(peer)
    },
    identifies: 2
  },
  {
    name: "invalidates the session in the resume",
    fault: (peer) => peer.socket.close(4000),
    script: {
      onResume: (peer, sequence, gateway) => {
        if (gateway.resumes.length === 1) {
          return peer.send({ op: 9, d: true })
        }
        gateway.replay(peer, sequence)
        gateway.resumed(peer)
      }
    },
    resumes: 2
  },
  {
    name: "ends the session in the resume",
    fault: (peer) => peer.socket.close(4000),
    script: { onResume: (peer) => peer.send({ op: 9, d: false }) },
    identifies: 2,
    resumes: 1
  },
  {
    name: "asks for a reconnect in the resume",
    fault: (peer) => peer.socket.close(4000),
    script: {
      onResume: (peer, sequence, gateway) => {
        if (gateway.resumes.length === 1) {
          return peer.send({ op: 7, d: null })
        }
        gateway.replay(peer, sequence)
        gateway.resumed(peer)
      }
    },
    resumes: 2
  },
  {
    name: "asks for a reconnect before hello",
    script: { onOpen: (peer, gateway) => peer.n === 0 ? peer.send({ op: 7, d: null }) : gateway.hello(peer) }
  },
  {
    name: "never says hello to the first connection",
    script: { onOpen: (peer, gateway) => peer.n === 0 ? undefined : gateway.hello(peer) }
  },
  {
    name: "never answers the first identify",
    script: { onIdentify: (peer, gateway) => peer.n === 0 ? undefined : gateway.ready(peer) },
    identifies: 2
  }
]

const hellos: ReadonlyArray<Scenario> = ([
  ["without an interval", "{\"op\":10,\"d\":{}}"],
  ["with an interval of null", "{\"op\":10,\"d\":{\"heartbeat_interval\":null}}"],
  ["with an interval as a string", "{\"op\":10,\"d\":{\"heartbeat_interval\":\"41250\"}}"],
  ["with a negative interval", "{\"op\":10,\"d\":{\"heartbeat_interval\":-1}}"],
  ["of 200,000 brackets", `{"op":10,"d":${"[".repeat(200_000)}${"]".repeat(200_000)}}`],
  ["of 3 MB", `{"op":10,"d":{"heartbeat_interval":"${"x".repeat(3e6)}"}}`]
] as const).map(([what, text]) => ({
  name: `says a hello ${what}`,
  script: { onOpen: (peer, gateway) => peer.n === 0 ? peer.text(text) : gateway.hello(peer) },
  line: /hello could not be processed/
}))

const readies: ReadonlyArray<Scenario> = ([
  ["without a resume URL", { resume_gateway_url: undefined }],
  ["with a resume URL of null", { resume_gateway_url: null }],
  ["with an empty resume URL", { resume_gateway_url: "" }],
  ["with a resume URL that is a number", { resume_gateway_url: 5 }],
  ["with a relative resume URL", { resume_gateway_url: "/resume" }],
  ["with a resume URL of another scheme", { resume_gateway_url: "https://user:secret@127.0.0.1/?key=secret" }],
  ["with a resume URL of 1 MB", { resume_gateway_url: `ws://127.0.0.1/${"x".repeat(1e6)}` }],
  ["with a resume URL with control characters", { resume_gateway_url: "ws://127.0.0.1/\u001b[2J" }],
  ["without a user", { user: undefined }],
  ["with a user of null", { user: null }],
  ["with a user without an id", { user: {} }],
  ["with a user whose id is a number", { user: { id: 5 } }],
  ["without guilds", { guilds: undefined }],
  ["with guilds of null", { guilds: null }],
  ["with a session id with escape sequences", { session_id: "a\u001b[2J\nINFO forged" }],
  ["with a session id of 1 MB", { session_id: "x".repeat(1e6) }],
  ["with a name with escape sequences", { user: { id: "1", username: "\u001b[2Jforged\nINFO" } }]
] as const).map(([what, changes]) => ({
  name: `sends READY ${what}`,
  script: { onIdentify: (peer, gateway) => gateway.ready(peer, changes) },
  fault: (peer) => peer.socket.terminate(),
  resumes: 1
}))

const readiesWithout: ReadonlyArray<Scenario> = [
  {
    name: "sends READY without a number",
    script: { onIdentify: (peer, gateway) => gateway.ready(peer, {}, { s: undefined }) }
  },
  {
    name: "sends READY with a number of null",
    script: { onIdentify: (peer, gateway) => gateway.ready(peer, {}, { s: null }) }
  },
  {
    name: "sends READY of 200,000 brackets first",
    script: {
      onIdentify: (peer, gateway) =>
        peer.n === 0
          ? peer.text(`{"t":"READY","s":1,"op":0,"d":${"[".repeat(200_000)}${"]".repeat(200_000)}}`)
          : gateway.ready(peer)
    },
    identifies: 2,
    line: /READY could not be processed/
  },
  {
    name: "sends READY without a session id first",
    script: {
      onIdentify: (peer, gateway) => gateway.ready(peer, peer.n === 0 ? { session_id: undefined } : {})
    },
    identifies: 2,
    line: /"d.session_id" is missing/
  }
]

const resumes: ReadonlyArray<Scenario> = ([
  ["with a number of null", (gateway) => ({ s: null, d: gateway && {} })],
  ["without a number", () => ({ d: {} })],
  ["without a body", () => ({ s: null })],
  ["with the last number", (gateway) => ({ s: gateway.sequence, d: {} })],
  ["with an old number", () => ({ s: 1, d: {} })],
  ["with a number as a string", () => ({ s: "7", d: {} })]
] satisfies ReadonlyArray<readonly [string, (gateway: Gateway) => object]>).flatMap(([what, payload]) =>
  [true, false].map((inOrder): Scenario => ({
    name: `sends RESUMED ${what}${inOrder ? "" : ", in another order"}`,
    fault: (peer, gateway) => {
      peer.socket.terminate()
      gateway.emit("MESSAGE_CREATE", { content: "missed" })
    },
    script: {
      onResume: (peer, sequence, gateway) => {
        gateway.replay(peer, sequence)
        peer.send(
          inOrder
            ? { t: "RESUMED", op: 0, ...payload(gateway) }
            : { ...payload(gateway), op: 0, t: "RESUMED" }
        )
      }
    },
    contents: ["missed"],
    resumes: 1
  }))
)

const otherResumes: ReadonlyArray<Scenario> = [
  {
    name: "resumes without ever sending RESUMED",
    fault: (peer, gateway) => {
      peer.socket.terminate()
      gateway.emit("MESSAGE_CREATE", { content: "missed" })
    },
    script: { onResume: (peer, sequence, gateway) => gateway.replay(peer, sequence) },
    contents: ["missed"],
    resumes: 1
  },
  {
    name: "sends RESUMED before the replay",
    fault: (peer, gateway) => {
      peer.socket.terminate()
      gateway.emit("MESSAGE_CREATE", { content: "missed" })
    },
    script: {
      onResume: (peer, sequence, gateway) => {
        peer.send({ t: "RESUMED", s: null, op: 0, d: {} })
        gateway.replay(peer, sequence)
      }
    },
    contents: ["missed"],
    resumes: 1
  },
  {
    name: "answers a resume with READY",
    fault: (peer) => peer.socket.terminate(),
    script: { onResume: (peer, _, gateway) => gateway.ready(peer, { session_id: "another" }) },
    isNewSession: true,
    resumes: 1
  },
  {
    name: "loses the connection in the replay, twice",
    fault: (peer, gateway) => {
      peer.socket.terminate()
      ;["a", "b", "c"].forEach((content) => gateway.emit("MESSAGE_CREATE", { content }))
    },
    script: {
      onResume: (peer, sequence, gateway) => {
        const next = gateway.events.find(({ s }) => s > sequence)
        if (gateway.resumes.length < 3 && next !== undefined) {
          return peer.socket.send(peer.encode(JSON.stringify({ ...next, op: 0 })), () => peer.socket.terminate())
        }
        gateway.replay(peer, sequence)
        gateway.resumed(peer)
      }
    },
    contents: ["a", "b", "c"],
    resumes: 3
  }
]

const early: ReadonlyArray<Scenario> = [
  {
    name: "sends an event before hello",
    script: {
      onOpen: (peer, gateway) => {
        peer.send(message(2, "early"))
        gateway.hello(peer)
      }
    },
    ...free,
    line: /arrived before the session/
  },
  {
    name: "sends events before READY",
    script: {
      onIdentify: (peer, gateway) => {
        peer.send(message(1, "early"))
        peer.send({ t: "RESUMED", s: 2, op: 0, d: {} })
        gateway.ready(peer)
      }
    },
    ...free,
    line: /arrived before the session/
  }
]

export const all: ReadonlyArray<Scenario> = [
  ...controls,
  ...hellos,
  ...readies,
  ...readiesWithout,
  ...resumes,
  ...otherResumes,
  ...early
]
