/** A feature: `/suggest topic` shows a button, the button opens a form, and the form is counted by a service. */
import { Check, Command, Component, Interactions } from "@vesper/bot"
import { Effect, Layer, Ref, Schema } from "effect"

export class Box extends Effect.Service<Box>()("slash-bot/Box", {
  effect: Effect.map(Ref.make(0), (count) => ({ add: (_text: string) => Ref.updateAndGet(count, (n) => n + 1) }))
}) {}

export const form = Component.modal("suggestion", {
  title: "A suggestion",
  fields: { text: { label: "What should change?", paragraph: true, maxLength: 1_000 } },
  params: { topic: Schema.String },
  ephemeral: true
}, ({ fields, params, reply }) =>
  Effect.gen(function*() {
    const box = yield* Box
    const number = yield* box.add(fields.text)
    yield* reply(`Suggestion ${number}, about ${params.topic}, was received.`)
  }))

export const write = Component.button(
  "write",
  { params: { topic: Schema.String } },
  ({ params, showModal }) => showModal(form.make({ params }))
)

export const suggest = Command.slash("suggest", {
  description: "Suggests a change",
  options: { topic: Command.string("What it is about", { choices: { Rules: "rules", Events: "events" } }) }
}, ({ options, reply }) =>
  reply({
    content: `A suggestion about ${options.topic}:`,
    components: [Component.row(write.make({ label: "Write", style: "primary", params: { topic: options.topic } }))]
  })).pipe(Check.guildOnly, Check.cooldown("10 seconds"))

export const layer = Interactions.layer([suggest, write, form]).pipe(Layer.provide(Box.Default))
