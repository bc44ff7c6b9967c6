/** The one function that calls the server. */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type { Problem } from './contract';

const LOGIN_PAGE = /\/(hub\/)?login$/;

/**
 * A request that was not answered as asked.
 *
 * `status` is 0 where no answer came. `code` is the problem document's, else one of our own:
 * `network` (no answer), `no_json` (an answer that is not the server extension's),
 * `not_signed_in` (the login page came instead). `retryAfterMs` is what the server asked for.
 */
export class RequestError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly retryAfterMs: number | null = null
  ) {
    super(detail || code);
    this.name = 'RequestError';
  }
}

/**
 * Call `api/v1/<path>` of the own Jupyter server and return its JSON answer.
 *
 * Goes through `ServerConnection`, which adds the token or the XSRF header. Throws `RequestError`.
 */
export async function request<T>(
  path: string,
  init: RequestInit = {},
  settings: ServerConnection.ISettings = ServerConnection.makeSettings()
): Promise<T> {
  const response = await askSignedIn(path, init, settings);
  if (response.redirected && LOGIN_PAGE.test(new URL(response.url).pathname)) {
    throw new RequestError(401, 'not_signed_in', '');
  }
  try {
    return (await response.json()) as T;
  } catch (error) {
    throw new RequestError(response.status, 'no_json', String(error));
  }
}

/** Whether nobody is signed in; `forbidden` is said to somebody who is. */
export function isSignedOut({ status, code }: RequestError): boolean {
  return status === 401 || (status === 403 && code !== 'forbidden');
}

/** The page's token ends with the login that it came from; a later login has cookies. */
async function askSignedIn(
  path: string,
  init: RequestInit,
  settings: ServerConnection.ISettings
): Promise<Response> {
  try {
    return await ask(path, init, settings);
  } catch (error) {
    if (!settings.token || !(error instanceof RequestError) || !isSignedOut(error)) {
      throw error;
    }
    return ask(path, init, { ...settings, token: '' });
  }
}

async function ask(
  path: string,
  init: RequestInit,
  settings: ServerConnection.ISettings
): Promise<Response> {
  const response = await send(path, init, settings);
  if (!response.ok) {
    throw await refusal(response);
  }
  return response;
}

async function send(
  path: string,
  init: RequestInit,
  settings: ServerConnection.ISettings
): Promise<Response> {
  const url = URLExt.join(settings.baseUrl, 'api/v1', path);
  try {
    return await ServerConnection.makeRequest(url, init, settings);
  } catch (error) {
    throw new RequestError(0, 'network', error instanceof Error ? error.message : String(error));
  }
}

async function refusal(response: Response): Promise<RequestError> {
  const problem = await readProblem(response);
  return new RequestError(
    response.status,
    typeof problem.code === 'string' ? problem.code : '',
    typeof problem.detail === 'string' ? problem.detail : response.statusText,
    retryAfterMs(response.headers.get('Retry-After'), Date.now())
  );
}

async function readProblem(response: Response): Promise<Partial<Problem>> {
  try {
    const body: unknown = await response.json();
    return typeof body === 'object' && body !== null ? body : {};
  } catch {
    return {};
  }
}

/** `Retry-After` (RFC 9110, 10.2.3: seconds or a date) in ms from `now`; null where unreadable. */
export function retryAfterMs(header: string | null, now: number): number | null {
  if (!header) {
    return null;
  }
  const seconds = Number(header);
  const waitMs = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now;
  return Number.isNaN(waitMs) ? null : Math.max(0, waitMs);
}
