import { assert, describe, it } from "@effect/vitest"
import * as EventType from "@vesper/model/EventType"
import * as Intents from "@vesper/model/Intents"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Reference from "../../src/reference/reference.js"

const found = (...words: ReadonlyArray<string>) =>
  Either.getOrThrow(Reference.find(words)).map(({ kind, name }) => `${kind} ${name}`)

const problem = (...words: ReadonlyArray<string>) => Either.getOrThrow(Either.flip(Reference.find(words)))

describe("what is typed", () => {
  const cases: ReadonlyArray<readonly [words: ReadonlyArray<string>, entries: ReadonlyArray<string>]> = [
    [["4014"], ["close code DisallowedIntents"]],
    [["close", "4014"], ["close code DisallowedIntents"]],
    [["disallowed intents"], ["close code DisallowedIntents"]],
    [["9"], ["opcode InvalidSession"]],
    [["op", "9"], ["opcode InvalidSession"]],
    [["op 9"], ["opcode InvalidSession"]],
    [["INVALID_SESSION"], ["opcode InvalidSession"]],
    [["message-create"], ["event MESSAGE_CREATE"]],
    [["FatallyClosedError"], ["error FatallyClosedError"]],
    [["GUILD_MEMBERS"], ["intent GuildMembers"]],
    [["PresenceUpdate"], ["opcode PresenceUpdate", "event PRESENCE_UPDATE"]],
    [["event", "PresenceUpdate"], ["event PRESENCE_UPDATE"]],
    [["rate limited"], ["close code RateLimited", "event RATE_LIMITED"]]
  ]
  for (const [words, entries] of cases) {
    it(`"${words.join(" ")}" is ${entries.join(" and ")}`, () => {
      assert.deepStrictEqual(found(...words), entries)
    })
  }

  const unknown: ReadonlyArray<readonly [words: ReadonlyArray<string>, problem: RegExp]> = [
    [["4015"], /^"4015" is not a close code that Discord documents .*did you mean 4\d+\?$/],
    [["MESSAGE_CREAT"], /^"MESSAGE_CREAT" is not a .*did you mean MESSAGE_CREATE\?$/],
    [["op", "MESSAGE_CREATE"], /^"MESSAGE_CREATE" is not an opcode; name one as in/],
    [["🦊"], /name one as in: 4014/],
    [[""], /name one as in: 4014/]
  ]
  for (const [words, sentence] of unknown) {
    it(`"${words.join(" ")}" is nothing, and what may have been meant is said`, () => {
      assert.match(problem(...words), sentence)
    })
  }

  it("finds every entry by its own kind and name", () => {
    for (const entry of Reference.all) {
      const kind = entry.kind === "close code" ? "close" : entry.kind
      assert.deepStrictEqual(Either.getOrThrow(Reference.find([kind, entry.name])), [entry])
    }
  })

  it("never breaks it", () => {
    FastCheck.assert(FastCheck.property(FastCheck.array(FastCheck.string()), (words) => {
      Either.match(Reference.find(words), {
        onLeft: (sentence) => assert.notInclude(sentence.replace(/^".*" is/s, ""), "\n"),
        onRight: (entries) => assert.isNotEmpty(entries)
      })
    }))
  })
})

describe("intents that are typed", () => {
  const cases: ReadonlyArray<readonly [words: ReadonlyArray<string>, names: ReadonlyArray<Intents.Name>]> = [
    [[], Intents.allNames],
    [["GUILD_MEMBERS", "MessageContent"], ["GuildMembers", "MessageContent"]],
    [["guilds,guild-messages"], ["Guilds", "GuildMessages"]],
    [["33281"], ["Guilds", "GuildMessages", "MessageContent"]],
    [["9", "15"], ["GuildMessages", "MessageContent"]]
  ]
  for (const [words, names] of cases) {
    it(`as "${words.join(" ")}" are ${names.length === Intents.allNames.length ? "all" : names.join(" and ")}`, () => {
      assert.deepStrictEqual(Intents.names(Either.getOrThrow(Reference.findIntents(words))), names)
    })
  }

  it("keep the bits that stand for nothing, if they are part of a sum", () => {
    assert.deepStrictEqual(Intents.unknownBits(Either.getOrThrow(Reference.findIntents([String(2 ** 17 + 1)]))), [17])
  })

  for (const word of ["17", "GuildMember", "99999999999999999999"]) {
    it(`as "${word}" are none`, () => {
      assert.isTrue(Either.isLeft(Reference.findIntents([word])))
    })
  }
})

describe("an entry", () => {
  it("as text says what it is, what follows and what to do", () => {
    const [entry] = Either.getOrThrow(Reference.find(["4014"]))
    assert.match(entry === undefined ? "" : Reference.text(entry), /^4014 DisallowedIntents, a close code\n/)
    assert.match(entry === undefined ? "" : Reference.text(entry), /reconnects +no\n.*resumes +no\n.*stops/s)
  })

  it("of an intent names every event that it lets through", () => {
    for (const name of Intents.allNames) {
      const { events } = Reference.intent(name).facts
      assert.deepStrictEqual(events, EventType.all.filter((event) => EventType.intents(event).includes(name)))
    }
  })

  it("as JSON has plain keys, and its lists are lists", () => {
    for (const entry of Reference.all) {
      const json: Record<string, unknown> = JSON.parse(JSON.stringify(Reference.json(entry)))
      Object.keys(json).forEach((key) => assert.match(key, /^[a-z][A-Za-z]*$/))
      if (entry.kind === "intent") {
        assert.isArray(json["events"])
        assert.isNumber(json["bit"])
      }
    }
  })
})
