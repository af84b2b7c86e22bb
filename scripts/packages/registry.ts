/** A registry on loopback with the packed packages, so that the install lines of the documentation work before a release. */
import { createHash } from "node:crypto"
import * as Fs from "node:fs"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import * as Path from "node:path"

export interface Tarball {
  readonly manifest: { readonly name: string; readonly version: string }
  readonly tarball: string
}

/** Starts the registry. npm takes all other packages from its usual one. */
export const start = async (
  all: ReadonlyArray<Tarball>
): Promise<{ readonly server: Server; readonly url: string }> => {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "").slice(1)
    const file = all.find(({ tarball }) => path === Path.basename(tarball))
    const found = all.find(({ manifest }) => path === manifest.name)
    if (file !== undefined) {
      response.end(Fs.readFileSync(file.tarball))
    } else if (found === undefined) {
      response.writeHead(404).end("{}")
    } else {
      const { name, version } = found.manifest
      const dist = {
        tarball: `http://${request.headers.host}/${Path.basename(found.tarball)}`,
        integrity: `sha512-${createHash("sha512").update(Fs.readFileSync(found.tarball)).digest("base64")}`
      }
      response.end(JSON.stringify({
        name,
        "dist-tags": { latest: version },
        versions: { [version]: { ...found.manifest, dist } }
      }))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  // A server that listens on a port has this address.
  const { port } = server.address() as AddressInfo
  return { server, url: `http://127.0.0.1:${port}/` }
}
