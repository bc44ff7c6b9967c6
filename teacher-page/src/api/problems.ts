/** What can go wrong with a request. */

import type { Problem } from '../contract';

/** An answer other than 2xx, or none: then `status` is 0 and `code` is `offline`. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string
  ) {
    super(detail);
  }

  static async from(response: Response): Promise<ApiError> {
    try {
      const problem = (await response.json()) as Partial<Problem>;
      const detail = problem.detail ?? problem.title ?? '';
      return new ApiError(response.status, problem.code ?? 'internal', detail);
    } catch {
      // A proxy between us and the service answers in its own words.
      return new ApiError(response.status, response.status >= 500 ? 'unavailable' : 'internal', '');
    }
  }
}

/** Whether it is worth trying again by itself. */
export function isPassing(error: unknown): boolean {
  return !(error instanceof ApiError) || error.status === 0 || error.status >= 429;
}
