/** Errors as RFC 9457 problem documents. */

export const PROBLEM_TYPE = 'application/problem+json';

/** What went wrong and what to do (RFC 9457). `code` is for programs, `detail` for people. */
export interface Problem {
  type?: string;
  title: string;
  status: number;
  code: string;
  detail?: string;
}
