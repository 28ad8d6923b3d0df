/** Asking the service: what it refuses is a `Problem`, a server that cannot be reached is `Lost`. */

import { logIn } from "./login.js";

/** Fires "lost" when the server cannot be reached any more, and "back" when it can. */
export const link = new EventTarget();

const WAITS = [1, 2, 4, 8];
let lost = false;

export class Lost extends Error {}

export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? String(status));
    this.status = status;
    this.code = body.code ?? "";
  }
}

/** The response to a request, once somebody is logged in. `options`: method, json, headers, signal. */
export async function ask(path, { method = "GET", json, headers = {}, signal } = {}) {
  const body = json === undefined ? undefined : JSON.stringify(json);
  if (body !== undefined) headers = { ...headers, "Content-Type": "application/json" };
  let response;
  try {
    response = await fetch(path, { method, body, headers, signal });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw lose();
  }
  if (response.status === 401) {
    await logIn();
    return ask(path, { method, json, headers, signal });
  }
  if (response.ok) return response;
  throw await refusal(response.status, response);
}

export const get = async (path, options) => (await ask(path, options)).json();

/** What a response that is none of the expected ones means; a proxy before a server that is gone says 502 to 504. */
export async function refusal(status, response) {
  const body = await response.json().catch(() => null);
  return body === null && status >= 502 && status <= 504 ? lose() : new Problem(status, body ?? {});
}

/** Tells that the server is lost, and asks for it until it is back. */
export function lose() {
  if (!lost) {
    lost = true;
    link.dispatchEvent(new Event("lost"));
    knock(0);
  }
  return new Lost();
}

function knock(times) {
  setTimeout(async () => {
    const answer = await fetch("/health/live").catch(() => null);
    if (!answer?.ok) return knock(times + 1);
    lost = false;
    link.dispatchEvent(new Event("back"));
  }, 1000 * WAITS[Math.min(times, WAITS.length - 1)]);
}

/** Ends once the server can be reached again. */
export const untilBack = () => new Promise((done) => link.addEventListener("back", done, { once: true }));
