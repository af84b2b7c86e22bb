import { assert, describe, it } from "@effect/vitest"
import * as Intents from "@vesper/model/Intents"
import * as Doctor from "../../src/doctor/judgements.js"

const id = Buffer.from("679383613879353491").toString("base64")
const limit = { total: 1_000, remaining: 900, resetAfter: 7_100_000, shards: 4 }

const judged: ReadonlyArray<readonly [finding: Doctor.Finding, level: Doctor.Level, text: RegExp]> = [
  [Doctor.node("v20.19.0"), "ok", /v20\.19\.0/],
  [Doctor.node("v22.0.0"), "ok", /v22/],
  [Doctor.node("v20.18.9"), "problem", /too old[^]*install Node 20\.19 or newer/],
  [Doctor.compression("v22.15.0"), "ok", /zstd-stream/],
  [Doctor.compression("v23.7.0"), "warning", /zlib-stream/],
  [Doctor.tokenForm(undefined), "problem", /DISCORD_TOKEN is not set[^]*copy the token/],
  [
    Doctor.tokenForm(undefined, true),
    "problem",
    /\.env is not read: run node --env-file=\.env "\$\(command -v vesper\)"/
  ],
  [Doctor.tokenForm("a b.c.d"), "problem", /white space/],
  [Doctor.tokenForm("hello"), "warning", /does not have the form/],
  [Doctor.tokenForm(`${id}.Gabcde.xyz`), "ok", /form of a bot's token/],
  [Doctor.tokenForm(`Bot ${id}.Gabcde.xyz`), "ok", /form/],
  [Doctor.intents(Intents.of("Guilds"), 0), "ok", /none is privileged/],
  [Doctor.intents(Intents.of("GuildMembers", "MessageContent"), (1 << 15) | (1 << 18)), "ok", /switched on/],
  [
    Doctor.intents(Intents.of("GuildMembers", "MessageContent"), 1 << 15),
    "problem",
    /^PROBLEM.*MessageContent: not[^]*"Message Content Intent"/
  ],
  [Doctor.budget(limit), "ok", /900 of 1000 session starts left; the budget is renewed in 2 h/],
  [Doctor.budget({ ...limit, remaining: 50 }), "warning", /--resume-file/],
  [Doctor.budget({ ...limit, remaining: 3 }), "problem", /too few for 4 shards/],
  [Doctor.unresolved("gateway.discord.gg", "no answer within 5s"), "problem", /resolver/],
  [Doctor.unreachable("h:1", "connect ECONNREFUSED 127.0.0.1:1"), "problem", /no process listens at this address/],
  [Doctor.unreachable("h:1", "no answer within 5s"), "problem", /firewall/],
  [Doctor.unreachable("h:1", "connect ENETUNREACH"), "problem", /firewall/],
  [Doctor.unreachable("h:1", "self-signed certificate"), "problem", /clock[^]*NODE_EXTRA_CA_CERTS/],
  [Doctor.encryption(new URL("wss://h/"), "TLSv1.3"), "ok", /TLSv1\.3/],
  [Doctor.encryption(new URL("ws://h:8080/"), undefined), "warning", /ws:\/\/h:8080 is not encrypted[^]*wss:\/\//],
  [Doctor.roundTrip(20), "ok", /20 ms/],
  [Doctor.roundTrip(900), "warning", /nearer/]
]

describe("the doctor", () => {
  for (const [finding, level, text] of judged) {
    it(`finds ${level}: ${finding.check}, ${finding.found}`, () => {
      assert.strictEqual(finding.level, level)
      assert.match(Doctor.text(finding), text)
      // Every problem has a remedy.
      assert.strictEqual(finding.todo !== undefined, level !== "ok")
    })
  }

  it("takes no URL from the API that is not one of a websocket", () => {
    const urls = [
      "wss://gateway.discord.gg/",
      "ws://127.0.0.1:8080",
      "javascript:1",
      "https://discord.com/",
      "wss://[",
      ""
    ]
    assert.deepStrictEqual(urls.filter(Doctor.isGatewayUrl), ["wss://gateway.discord.gg/", "ws://127.0.0.1:8080"])
  })

  it("never contains the token", () => {
    assert.notInclude(JSON.stringify(Doctor.tokenForm("secret-thing")), "secret-thing")
  })

  it("is content with warnings, and not with problems", () => {
    assert.isFalse(Doctor.hasProblem([Doctor.roundTrip(900), Doctor.node("v22.0.0")]))
    assert.isTrue(Doctor.hasProblem([Doctor.node("v1.0.0")]))
  })
})
