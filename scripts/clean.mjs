// Removes what builds and checks have left: every package's dist, build info, and the compiled examples.
import { readdirSync, rmSync } from "node:fs"
import { fileURLToPath } from "node:url"

const root = new URL("../", import.meta.url)
const remove = (path) => rmSync(fileURLToPath(new URL(path, root)), { recursive: true, force: true })

for (const name of readdirSync(new URL("packages/", root))) {
  remove(`packages/${name}/dist`)
  remove(`packages/${name}/tsconfig.tsbuildinfo`)
}
remove("coverage")
remove(".docs-examples")
