import { assert, it } from "@effect/vitest"
import { compile } from "../../../../scripts/build-wasm.js"
import { base64 } from "../../src/internal/wire/latin1Module.js"

it("the module that rewrites JSON is made of the source beside it", async () => {
  assert.strictEqual(Buffer.from(await compile()).toString("base64"), base64)
})
