/** The requests of the teacher page: the only code that calls the service. */

import type {
  CellExecutionList,
  ClassDetail,
  ClassErrors,
  ClassList,
  ClassProgress,
  ClassSummary,
  Me,
  Student,
  StudentList
} from '../contract';
import type { Clock } from '../time/clock';
import { ApiError } from './problems';

type Query = Record<string, string | number | null | undefined>;

/** Reads of the service's API. Each throws an `ApiError`. */
export class Api {
  constructor(
    private readonly prefix: string,
    private readonly clock: Clock,
    private readonly onSignedOut: () => void,
    private readonly send: typeof fetch = (...request) => fetch(...request)
  ) {}

  me(): Promise<Me> {
    return this.get('me');
  }

  async classes(): Promise<ClassSummary[]> {
    const pages = await this.pages<ClassList>('classes');
    return pages.flatMap(page => page.classes);
  }

  classDetail(class_id: string): Promise<ClassDetail> {
    return this.get(`classes/${encodeURIComponent(class_id)}`);
  }

  async students(class_id: string): Promise<Student[]> {
    const path = `classes/${encodeURIComponent(class_id)}/students`;
    const pages = await this.pages<StudentList>(path);
    return pages.flatMap(page => page.students);
  }

  progress(
    class_id: string,
    query: { notebook_key: string | null; since: string | null }
  ): Promise<ClassProgress> {
    return this.get(`classes/${encodeURIComponent(class_id)}/progress`, query);
  }

  errors(
    class_id: string,
    query: { notebook_key: string | null; since: string | null; limit: number }
  ): Promise<ClassErrors> {
    return this.get(`classes/${encodeURIComponent(class_id)}/errors`, query);
  }

  executions(query: {
    class_id: string;
    student_id: string;
    notebook_key: string | null;
    since: string | null;
    cursor: string | null;
    limit: number;
  }): Promise<CellExecutionList> {
    return this.get('executions', query);
  }

  private async get<T>(path: string, query: Query = {}): Promise<T> {
    const response = await this.request(`${this.prefix}api/v1/${path}${textOf(query)}`);
    this.clock.observe(response.headers.get('date'));
    if (response.ok) {
      return (await response.json()) as T;
    }
    if (response.status === 401) {
      this.onSignedOut();
    }
    throw await ApiError.from(response);
  }

  private async request(url: string): Promise<Response> {
    try {
      const headers = { Accept: 'application/json', ...xsrfHeader(document.cookie) };
      return await this.send(url, { headers, credentials: 'same-origin', cache: 'no-store' });
    } catch {
      throw new ApiError(0, 'offline', '');
    }
  }

  private async pages<L extends { next_cursor: string | null }>(path: string): Promise<L[]> {
    const pages: L[] = [];
    let cursor: string | null = null;
    do {
      const page: L = await this.get<L>(path, { cursor });
      pages.push(page);
      cursor = page.next_cursor;
    } while (cursor !== null);
    return pages;
  }
}

function textOf(query: Query): string {
  const set = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
  const text = new URLSearchParams(set.map(([name, value]) => [name, String(value)])).toString();
  return text && `?${text}`;
}

/**
 * The Hub takes a login's cookie only together with its `_xsrf` cookie's value in a header. Of
 * several, the browser puts the one of the longest path first: the service's own.
 */
export function xsrfHeader(cookies: string): Record<string, string> {
  const token = /(?:^|;\s*)_xsrf=([^;]+)/.exec(cookies)?.[1];
  return token === undefined ? {} : { 'X-XSRFToken': token };
}
