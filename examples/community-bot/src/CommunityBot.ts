/** The bot: the merge of its features. */
import { Layer } from "effect"
import * as AutoThreads from "./AutoThreads.js"
import * as DocsLookup from "./DocsLookup.js"
import * as Honeypot from "./Honeypot.js"
import * as NoEmbed from "./NoEmbed.js"
import * as Reminders from "./Reminders.js"
import * as Topics from "./Topics.js"

export const layer = Layer.mergeAll(
  AutoThreads.layer,
  DocsLookup.layer.pipe(Layer.provide(DocsLookup.layerDocs)),
  Honeypot.layer,
  NoEmbed.layer,
  Reminders.layer
).pipe(Layer.provide(Topics.layer))
