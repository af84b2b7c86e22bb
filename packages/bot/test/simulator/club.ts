/** A bot of ten commands in several features, each a layer with its handlers and its service. */
import * as Check from "@vesper/bot/Check"
import * as Command from "@vesper/bot/Command"
import * as Component from "@vesper/bot/Component"
import * as Interaction from "@vesper/bot/Interaction"
import * as Interactions from "@vesper/bot/Interactions"
import * as Rest from "@vesper/bot/Rest"
import * as Events from "@vesper/gateway/Events"
import type { APIButtonComponentWithCustomId } from "discord-api-types/v10"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

class Library extends Effect.Service<Library>()("test/Library", {
  sync: () => {
    const books = ["Dune", "Emma", "Dubliners"]
    return { find: (start: string) => Effect.succeed(books.filter((title) => title.startsWith(start))) }
  }
}) {}

const book = Command.slash("book", {
  description: "Borrows a book",
  options: {
    title: Command.string("Its title", {
      autocomplete: ({ value }) => Effect.flatMap(Library, ({ find }) => find(value))
    }),
    reader: Command.optional(Command.user("Its reader"))
  }
}, ({ options, reply, user }) =>
  Effect.gen(function*() {
    const library = yield* Library
    const [found] = yield* library.find(options.title)
    const name = Option.match(options.reader, {
      onNone: () => user.username,
      onSome: ({ member, user }) => Option.isSome(member) ? `${user.username}, a member` : user.username
    })
    yield* reply(found === undefined ? "There is no such book." : `${found} is lent to ${name}.`)
  }))

export const Books = Interactions.layer(book).pipe(Layer.provide(Library.Default))

const voteParams = { choice: Schema.Literal("yes", "no"), count: Schema.NumberFromString }

const vote: Component.Component<typeof voteParams, Component.ButtonOptions, APIButtonComponentWithCustomId> = Component
  .button(
    "vote",
    { params: voteParams },
    ({ params, update }) =>
      update({ content: `${params.choice} ${params.count + 1}`, components: [votes(params.count + 1)] })
  )

const votes = (count: number): ReturnType<typeof Component.row> =>
  Component.row(
    vote.make({ label: "Yes", style: "success", params: { choice: "yes", count } }),
    vote.make({ label: "No", style: "danger", params: { choice: "no", count } })
  )

const poll = Command.slash(
  "poll",
  { description: "Asks the members" },
  ({ reply }) => reply({ content: "Do you agree?", components: [votes(0)] })
)

const colour = Component.select(
  "colour",
  "string",
  {},
  ({ update, values }) => update({ content: values.join(), components: [] })
)

const member = Component.select(
  "member",
  "user",
  { ephemeral: true },
  ({ reply, values }) => reply(`<@${values.join()}>`)
)

const choose = Command.slash("choose", { description: "Shows two menus" }, ({ reply }) =>
  reply({
    components: [
      Component.row(colour.make({ options: [{ label: "Red", value: "red" }, { label: "Blue", value: "blue" }] })),
      Component.row(member.make({ placeholder: "A member" }))
    ]
  }))

export const Polls = Interactions.layer([poll, vote, choose, colour, member])

const letter = Component.modal("letter", {
  title: "A letter",
  fields: { subject: { label: "Subject", maxLength: 20 }, text: { label: "Text", paragraph: true, required: false } },
  params: { to: Schema.String },
  ephemeral: true
}, ({ fields, params, reply }) => reply(`To ${params.to}: ${fields.subject}${fields.text}`))

const write = Component.button(
  "write",
  { params: { to: Schema.String } },
  ({ params, showModal }) => showModal(letter.make({ params, values: { subject: "Hello" } }))
)

const mail = Command.group("mail", {
  description: "Writes letters",
  subcommands: {
    form: { description: "Shows the form" },
    box: {
      description: "The letter box",
      subcommands: {
        open: { description: "Opens it", options: { to: Command.string("The reader", { choices: { Ada: "ada" } }) } }
      }
    }
  }
}, {
  form: ({ showModal }) => showModal(letter.make({ title: "Another title", params: { to: "all" } })),
  box: {
    open: ({ options, reply }) =>
      reply({ components: [Component.row(write.make({ label: "Write", params: { to: options.to } }))] })
  }
})

export const Letters = Interactions.layer([mail, write, letter])

const work = Command.slash(
  "work",
  { description: "Works for a time", options: { seconds: Command.integer("The time") } },
  ({ deleteReply, edit, followUp, options, reply }) =>
    Effect.gen(function*() {
      yield* Effect.sleep(options.seconds * 1_000)
      yield* reply("done")
      yield* edit("checked")
      const note = yield* followUp({ content: "a note", ephemeral: true })
      yield* followUp({ content: `after ${note.id.length} digits`, files: [{ name: "log.txt", data: "all" }] })
      yield* Effect.sleep("1 second")
      yield* deleteReply
    })
)

const secret = Command.slash(
  "secret",
  { description: "Answers late, and alone", ephemeral: true },
  ({ defer, reply }) =>
    Effect.gen(function*() {
      yield* defer()
      yield* Effect.sleep("10 seconds")
      yield* reply({ content: "the secret", files: [{ name: "secret.txt", data: "42" }] })
    })
)

const fail = Command.slash("fail", {
  description: "Fails in each way",
  options: { how: Command.string("The way", { choices: { Fail: "fail", Die: "die", Reject: "reject", Late: "late" } }) }
}, ({ options, reply }) => {
  switch (options.how) {
    case "fail":
      return Effect.fail("a database password")
    case "die":
      return Effect.die(new Error("a database password"))
    case "reject":
      return new Interaction.Rejected({ reason: "Not today." })
    case "late":
      return Effect.zipRight(reply("almost"), Effect.fail("too late"))
  }
})

export const Work = Interactions.layer([work, secret, fail])

const purge = Command.slash(
  "purge",
  { description: "Deletes messages" },
  ({ channelId, reply }) =>
    Effect.gen(function*() {
      const rest = yield* Rest.Rest
      const channel = Option.getOrThrow(channelId)
      const message = yield* rest.channels.createMessage(channel, { content: "to delete" })
      yield* rest.channels.deleteMessage(channel, message.id)
      yield* reply({ content: "Deleted.", ephemeral: true })
    })
).pipe(Check.guildOnly, Check.permissions("ManageMessages"), Check.cooldown("10 seconds", { per: "channel" }))

const wave = Command.onUser("Wave", ({ reply, target }) => reply(`waves at ${target.user.username}`))

const seen: Array<string> = []

/** The commands of users that this process has seen, by an event handler of the same bot. */
const Audit = Layer.merge(
  Interactions.layer(Command.slash("audit", { description: "Lists events" }, ({ reply }) => reply(seen.join() || "-"))),
  Events.layer(Events.on("INTERACTION_CREATE", ({ d }) =>
    Effect.sync(() => {
      seen.push(String(d.type))
    })))
)

export const Moderation = Layer.merge(Interactions.layer([purge, wave]), Audit)

export const layer = Layer.mergeAll(Books, Polls, Letters, Work, Moderation)
