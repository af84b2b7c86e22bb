/** Requests, responses and errors of the HTTP API, and the context of its routes. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { Form } from "../forms/index.js"
import type { Body } from "../payload/index.js"
import type { Gateway } from "../protocol/index.js"

/** A file of a multipart body. */
export interface File {
  readonly field: string
  readonly name: string
  readonly type: string
  readonly size: number
}

/** The content of a body: JSON, with the files of a multipart form. */
export interface Content {
  readonly json: unknown
  readonly files: ReadonlyArray<File>
  /** Neither JSON nor a form. */
  readonly isMalformed: boolean
}

export interface Request {
  readonly method: string
  /** Path and query, with or without the prefix of the API. */
  readonly url: string
  readonly authorization: string | undefined
  readonly content: Content
}

export interface Response {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Undefined for a response without content. */
  readonly body: unknown
}

/** A request at its route. */
export interface Call {
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly json: unknown
  readonly body: Body
  readonly files: ReadonlyArray<File>
}

/** An error with Discord's code. */
export class ApiError extends Data.TaggedError("ApiError")<{
  readonly status: number
  readonly code: number
  readonly message: string
  readonly errors?: Form.Errors
}> {}

export type Result = Effect.Effect<unknown, ApiError>

export interface Route {
  readonly method: string
  readonly path: string
  readonly handle: (call: Call) => Result
  /** Status of a response with a body. Default: 200; without a body it is 204. */
  readonly status?: number
  readonly limit?: Limit
  /** The route needs no token, because its path has one. */
  readonly isOpen?: boolean
}

/** Requests of a route in a time in milliseconds. */
export interface Limit {
  readonly count: number
  readonly window: number
}

/** The gateway, whose world the routes change. */
export type Context = Gateway.Gateway

export const fail = (
  status: number,
  code: number,
  message: string,
  errors?: Form.Errors
): Effect.Effect<never, ApiError> =>
  Effect.fail(new ApiError({ status, code, message, ...(errors !== undefined && { errors }) }))

/** Fails for an object that does not exist. */
export const unknown = (code: number, what: string) => fail(404, code, `Unknown ${what}`)

/** Returns a value that exists. */
export const orUnknown = <A>(value: A | undefined, code: number, what: string): Effect.Effect<A, ApiError> =>
  value === undefined ? unknown(code, what) : Effect.succeed(value)

/** Fails with the errors of a form. */
export const check = (form: Form.Check, value: unknown): Effect.Effect<void, ApiError> =>
  Effect.suspend(() => {
    const errors = form(value)
    return errors === undefined ? Effect.void : fail(400, 50035, "Invalid Form Body", errors)
  })

/** A number of the query within bounds. */
export const readLimit = (query: URLSearchParams, fallback: number, max: number): number =>
  Math.min(max, Math.max(1, Number(query.get("limit") ?? fallback) || fallback))

/** Omits fields that a request did not set. */
export const pick = (body: Body, names: ReadonlyArray<string>): Body =>
  Object.fromEntries(names.filter((name) => body[name] !== undefined).map((name) => [name, body[name]]))
