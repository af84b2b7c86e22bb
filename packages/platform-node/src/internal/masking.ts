/** Finds a bundle in which `ws` cannot mask messages, before the first connection. */
import * as Predicate from "effect/Predicate"
import * as Ws from "ws"

/** `ws` uses its optional package `bufferutil` from this length on. */
const longMessage = 64

const remedy =
  "define process.env.WS_NO_BUFFER_UTIL and process.env.WS_NO_UTF_8_VALIDATE as \"true\" in the bundler, as " +
  "docs/guides/bundling.md describes, or start the program with WS_NO_BUFFER_UTIL=1 and WS_NO_UTF_8_VALIDATE=1"

/** The types of `ws` lack the sender, which its ES module exports. Other runtimes replace `ws`, and may have none. */
const getSender = (): unknown => Predicate.hasProperty(Ws, "Sender") ? Ws.Sender : undefined

/** Masks a message. Throws an error with the remedy if the bundler replaced `bufferutil` by an empty module. */
export const check = (): void => {
  const sender = getSender()
  if (!Predicate.hasProperty(sender, "frame") || !Predicate.isFunction(sender.frame)) {
    return
  }
  try {
    sender.frame(Buffer.alloc(longMessage), { fin: true, mask: true, opcode: 1, readOnly: true, rsv1: false })
  } catch (cause) {
    throw new Error(
      `ws cannot send messages, because the bundler replaced its optional package bufferutil by an empty module: ${remedy}`,
      { cause }
    )
  }
}
