/** Removes secrets from routes and texts: the bot's token, and the tokens of webhooks and interactions. */

/** Replaces the tokens in a path. Ids remain. */
export const redactPath = (path: string): string =>
  path
    .replace(/^https?:\/\/[^/]+/, "")
    .replace(/^\/api(?=\/)/, "")
    .replace(/^\/v\d+(?=\/)/, "")
    .replace(/\?.*$/s, "")
    .replace(/(\/webhooks\/[^/]+)\/[^/]+/, "$1/:token")
    .replace(/(\/interactions\/[^/]+)\/[^/]+/, "$1/:token")

const maxText = 1_000

/** Replaces secrets in a text, before it is cut, because a part of a secret is also secret. */
export const redactText = (text: string, secrets: ReadonlyArray<string>): string => {
  const redacted = secrets.reduce((all, secret) => secret === "" ? all : all.replaceAll(secret, "<redacted>"), text)
  return redacted.length > maxText ? `${redacted.slice(0, maxText)}…` : redacted
}

/** Returns the secrets of a path: the tokens of a webhook or an interaction. */
export const secretsIn = (path: string): ReadonlyArray<string> =>
  Array.from(path.matchAll(/\/(?:webhooks|interactions)\/[^/]+\/([^/?]+)/g), ([, token = ""]) => token)
