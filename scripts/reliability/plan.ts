/** Plans the faults of a run from a seed: the same seed results in the same plan. */
import * as CloseCode from "@vesper/model/CloseCode"
import * as Fault from "@vesper/testing/Fault"

/** A small generator of good enough chance (mulberry32): numbers from 0 to below 1. */
export const reseedable = (first: number): { readonly next: () => number; readonly seed: (seed: number) => void } => {
  let state = first | 0
  return {
    seed: (seed) => {
      state = seed | 0
    },
    next: () => {
      state = (state + 0x6d2b79f5) | 0
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
    }
  }
}

export const random = (seed: number): () => number => reseedable(seed).next

/** A kind of fault. A rule, which is for connections to come, comes with what makes room for one. */
interface Kind {
  readonly name: string
  readonly faults: (chance: () => number) => ReadonlyArray<Fault.Fault>
  /** The signal that ends the separate process. */
  readonly signal?: Signal
}

/** A process that is killed saves nothing any more; one that is asked to end does. */
export type Signal = "SIGKILL" | "SIGTERM"

/** Servers that a resume URL may lead to. */
export interface Hosts {
  /** Speaks TLS, with a certificate that nobody trusts. */
  readonly untrusted: string
  /** Is to speak TLS, and does not. */
  readonly plain: string
}

const live = (name: string, fault: Fault.Fault): Kind => ({ name, faults: () => [fault] })
const rule = (name: string, make: (times: number) => Fault.Fault): Kind => ({
  name,
  faults: (chance) => [make(1 + Math.floor(chance() * 2)), Fault.Drop()]
})

// 1006 is what a drop looks like: nobody can send it. The last ones are documented nowhere.
const survivable = CloseCode.all.filter(({ code, mayReconnect }) => mayReconnect && code !== 1006)
  .map(({ code }) => code)
  .concat(1011, 1012, 3000, 4006, 4999)
const fatal = CloseCode.all.filter(({ mayReconnect }) => !mayReconnect)

/** READY names a host to resume at that nobody answers at; the next loss leads there. */
const deadHost = (name: string, url: string): Kind => ({
  name: `resume host: ${name}`,
  faults: () => [Fault.NameResumeUrl({ host: "any", times: 1, url }), Fault.InvalidSession({ resumable: false })]
})

/** Faults of any shard. */
const kindsOf = ({ plain, untrusted }: Hosts): ReadonlyArray<Kind> => [
  live("drop", Fault.Drop()),
  live("half-open", Fault.Stall()),
  live("reset in the middle of a frame", Fault.ResetMidFrame()),
  live("slow-loris", Fault.Dribble({ bytesPerSecond: 20 })),
  live("corrupt compressed data", Fault.Corrupt()),
  live("text that is no JSON", Fault.SendText({ text: "{\"t\":\"MESSAGE_CREATE\",\"s\":" })),
  live("unknown opcode", Fault.SendText({ text: "{\"t\":null,\"s\":null,\"op\":42,\"d\":null}" })),
  live("duplicated sequence number", Fault.DuplicateLast()),
  live("skipped sequence number", Fault.SkipSequence({ count: 3 })),
  live("no heartbeat acknowledged", Fault.StopAcknowledging()),
  live("hello twice", Fault.HelloAgain()),
  live("heartbeat requested", Fault.RequestHeartbeat()),
  live("messages in two frames", Fault.SplitFrames()),
  live("opcode 7", Fault.Reconnect()),
  live("opcode 9, resumable", Fault.InvalidSession({ resumable: true })),
  live("opcode 9, not resumable", Fault.InvalidSession({ resumable: false })),
  live("session forgotten", Fault.EndSession()),
  ...survivable.map((code) => live(`close ${code}`, Fault.Close({ code, reason: "chaos" }))),
  rule("no hello", (times) => Fault.NeverHello({ host: "any", times })),
  rule("hello without an interval", (times) => Fault.HelloWithoutInterval({ host: "any", times })),
  rule("event before hello", (times) => Fault.EventBeforeHello({ host: "any", times })),
  rule("storm of opcode 7", (times) => Fault.ReconnectBeforeHello({ host: "any", times: times * 3 })),
  rule("loop of opcode 9", (times) => Fault.RejectResume({ host: "any", times: times * 4, resumable: true })),
  rule("resume refused", (times) => Fault.RejectResume({ host: "any", times, resumable: false })),
  rule("no RESUMED", (times) => Fault.NeverResumed({ host: "any", times })),
  rule("upgrade never answered", (times) => Fault.NeverOpen({ host: "any", times })),
  rule("accepted and cut off", (times) => Fault.AcceptThenClose({ host: "any", times })),
  ...[400, 401, 403, 404, 429, 500, 502, 503, 521].map((status) =>
    rule(`HTTP ${status} at the upgrade`, (times) => Fault.RefuseConnections({ host: "any", times, status }))
  ),
  rule("resume host refuses", (times) => Fault.RefuseConnections({ host: "resume", times: times * 2, status: 502 })),
  deadHost("its name is not found", "ws://vesper.invalid/"),
  deadHost("the port is closed", "ws://127.0.0.1:1/"),
  deadHost("its certificate is not trusted", untrusted),
  deadHost("no TLS", plain),
  { name: "process killed", faults: () => [], signal: "SIGKILL" },
  { name: "process asked to end", faults: () => [], signal: "SIGTERM" },
  {
    name: "no READY",
    faults: () => [Fault.NeverReady({ host: "any", times: 1 }), Fault.InvalidSession({ resumable: false })]
  },
  {
    name: "identify refused",
    faults: () => [Fault.RejectIdentify({ host: "any", times: 1 }), Fault.InvalidSession({ resumable: false })]
  }
]

/** Faults that end a shard permanently. The shard is created again after each. */
export const fatalKinds: ReadonlyArray<Kind> = fatal.map(({ code }) =>
  live(`close ${code}`, Fault.Close({ code, reason: "chaos" }))
)

export interface Step {
  readonly name: string
  readonly shard: number
  readonly faults: ReadonlyArray<Fault.Fault>
  readonly signal?: Signal | undefined
}

/**
 * The faults of a run, for ever: each kind comes before any comes again. The last shard is the one that only meets what
 * ends it.
 */
export const make = (seed: number, shards: number, hosts: Hosts): () => Step => {
  const chance = random(seed)
  const kinds = kindsOf(hosts)
  let deck: Array<Kind> = []
  let count = 0
  const draw = (): Kind => {
    if (deck.length === 0) {
      deck = [...kinds]
    }
    return deck.splice(Math.floor(chance() * deck.length), 1)[0] ?? draw()
  }
  return () => {
    count++
    if (count % 12 === 0) {
      const kind = fatalKinds[Math.floor(count / 12) % fatalKinds.length]
      if (kind !== undefined) {
        return { name: kind.name, shard: shards - 1, faults: kind.faults(chance) }
      }
    }
    const kind = draw()
    const { name, signal } = kind
    return { name, shard: Math.floor(chance() * (shards - 1)), faults: kind.faults(chance), signal }
  }
}
