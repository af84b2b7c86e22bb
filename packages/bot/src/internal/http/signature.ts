/** Verifies Discord's Ed25519 signatures. */
import { createPublicKey, verify } from "node:crypto"
import * as ConfigError from "effect/ConfigError"
import * as Either from "effect/Either"

// The DER encoding of an Ed25519 key up to the key itself.
const derPrefix = "302a300506032b6570032100"

/** Checks the signature of a timestamp and a body. */
export type Verify = (signature: string, timestamp: string, body: Uint8Array) => boolean

/** Makes the check for a public key of 64 hexadecimal digits. */
export const makeVerify = (publicKey: string): Either.Either<Verify, ConfigError.ConfigError> => {
  if (!/^[0-9a-f]{64}$/i.test(publicKey)) {
    return Either.left(ConfigError.InvalidData(
      ["publicKey"],
      "the public key of an application has 64 hexadecimal digits: copy it from the General Information page in the developer portal"
    ))
  }
  const key = createPublicKey({ key: Buffer.from(`${derPrefix}${publicKey}`, "hex"), format: "der", type: "spki" })
  return Either.right((signature, timestamp, body) =>
    /^[0-9a-f]{128}$/i.test(signature) &&
    verify(null, Buffer.concat([Buffer.from(timestamp), body]), key, Buffer.from(signature, "hex"))
  )
}
