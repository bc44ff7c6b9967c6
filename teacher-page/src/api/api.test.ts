import { describe, expect, it, vi } from 'vitest';
import { Clock } from '../time/clock';
import { Api, xsrfHeader } from './api';
import { ApiError, isPassing } from './problems';

function apiOf(...answers: (Response | Error)[]) {
  const asked: string[] = [];
  const onSignedOut = vi.fn();
  const send: typeof fetch = input => {
    asked.push(input as string);
    const answer = answers.shift() ?? new Error('no answer left');
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  return { api: new Api('/s/', new Clock(), onSignedOut, send), asked, onSignedOut };
}

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });

describe('a request', () => {
  it('reads a list to its end', async () => {
    const { api, asked } = apiOf(
      json({ students: [{ student_id: 'a' }], next_cursor: 'x y' }),
      json({ students: [{ student_id: 'b' }], next_cursor: null })
    );
    expect(await api.students('a/b')).toEqual([{ student_id: 'a' }, { student_id: 'b' }]);
    expect(asked).toEqual([
      '/s/api/v1/classes/a%2Fb/students',
      '/s/api/v1/classes/a%2Fb/students?cursor=x+y'
    ]);
  });

  it('fails with the problem’s status and code', async () => {
    const { api } = apiOf(json({ status: 404, code: 'not_found', title: 'No' }, 404));
    await expect(api.me()).rejects.toMatchObject({ status: 404, code: 'not_found', message: 'No' });
  });

  it('fails as unavailable where a proxy answers in its own words', async () => {
    const { api } = apiOf(new Response('<html>Bad gateway</html>', { status: 502 }));
    await expect(api.me()).rejects.toMatchObject({ status: 502, code: 'unavailable' });
  });

  it('fails as offline where nobody answers', async () => {
    const { api } = apiOf(new TypeError('network'));
    await expect(api.me()).rejects.toMatchObject({ status: 0, code: 'offline' });
  });

  it('tells of a lost login', async () => {
    const { api, onSignedOut } = apiOf(json({ code: 'not_signed_in' }, 401));
    await expect(api.me()).rejects.toBeInstanceOf(ApiError);
    expect(onSignedOut).toHaveBeenCalledTimes(1);
  });

  it('is worth another try only where the reason may pass', () => {
    expect([0, 429, 500, 503].map(status => isPassing(new ApiError(status, '', '')))).toEqual(
      Array(4).fill(true)
    );
    expect([400, 401, 403, 404].some(status => isPassing(new ApiError(status, '', '')))).toBe(
      false
    );
  });
});

describe('the XSRF header', () => {
  it('is the first cookie of that name, and nothing without one', () => {
    expect(xsrfHeader('x_xsrf=no; _xsrf=own|1; a=b; _xsrf=other')).toEqual({
      'X-XSRFToken': 'own|1'
    });
    expect(xsrfHeader('a=b')).toEqual({});
  });
});
