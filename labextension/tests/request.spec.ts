/** @jest-environment node */
import { ServerConnection } from '@jupyterlab/services';

import { request, RequestError, retryAfterMs } from '../src/request';

/** Settings whose server gives `answer`. */
function server(answer: (request: Request) => Response | Promise<Response>) {
  const fetch = async (asked: RequestInfo | URL): Promise<Response> => answer(asked as Request);
  return ServerConnection.makeSettings({ baseUrl: 'http://lab/user/a/', fetch });
}

const failure = async (answer: Response | Error): Promise<RequestError> => {
  const settings = server(() => {
    if (answer instanceof Error) {
      throw answer;
    }
    return answer;
  });
  return request('me', {}, settings).then(
    () => Promise.reject(new Error('no failure')),
    (error: RequestError) => error
  );
};

describe('request', () => {
  it('calls the own server below its base URL and returns the JSON answer', async () => {
    const asked: string[] = [];
    const settings = server(({ url }) => {
      asked.push(url.split('?')[0]);
      return Response.json({ name: 'student-01' });
    });
    expect(await request('me', {}, settings)).toEqual({ name: 'student-01' });
    expect(asked).toEqual(['http://lab/user/a/api/v1/me']);
  });

  it('keeps a query as it is', async () => {
    let asked = '';
    const settings = server(({ url }) => {
      asked = url;
      return Response.json({});
    });
    await request(`progress?notebook_path=${encodeURIComponent('a/課題 1.ipynb')}`, {}, settings);
    expect(new URL(asked).searchParams.get('notebook_path')).toBe('a/課題 1.ipynb');
  });

  it('turns a problem document into an error with its code, detail and wait', async () => {
    const problem = { title: 'Away', status: 503, code: 'unavailable', detail: 'Try later.' };
    const answer = Response.json(problem, { status: 503, headers: { 'Retry-After': '5' } });
    const error = await failure(answer);
    expect(error).toBeInstanceOf(RequestError);
    expect(error).toMatchObject({
      status: 503,
      code: 'unavailable',
      detail: 'Try later.',
      retryAfterMs: 5_000
    });
  });

  it('understands a refusal that is no problem document', async () => {
    const answer = new Response('<h1>Not found</h1>', { status: 404, statusText: 'Not Found' });
    expect(await failure(answer)).toMatchObject({ status: 404, code: '', detail: 'Not Found' });
  });

  it('says that no answer came where the network is away', async () => {
    const error = await failure(new TypeError('Failed to fetch'));
    expect(error).toMatchObject({ status: 0, code: 'network' });
  });

  it('goes by the cookies of a new login where the token of the page has ended', async () => {
    const tokens: (string | null)[] = [];
    const settings = server(({ headers }) => {
      tokens.push(headers.get('Authorization'));
      return headers.has('Authorization')
        ? Response.json({ code: 'not_signed_in' }, { status: 401 })
        : Response.json({ name: 'student-01' });
    });
    const answer = await request('me', {}, { ...settings, token: 'old' });
    expect(answer).toEqual({ name: 'student-01' });
    expect(tokens).toEqual(['token old', null]);
  });

  it('asks only once where the server knows us and says no', async () => {
    let count = 0;
    const settings = server(() => {
      count += 1;
      return Response.json({ code: 'forbidden' }, { status: 403 });
    });
    await expect(request('me', {}, { ...settings, token: 'mine' })).rejects.toThrow('forbidden');
    expect(count).toBe(1);
  });

  it('does not take a page for an answer', async () => {
    expect(await failure(new Response('<html>'))).toMatchObject({ status: 200, code: 'no_json' });
  });

  it('knows the login page that it was led to', async () => {
    const answer = new Response('<html>');
    Object.defineProperty(answer, 'redirected', { value: true });
    Object.defineProperty(answer, 'url', { value: 'http://lab/hub/login?next=x' });
    expect(await failure(answer)).toMatchObject({ status: 401, code: 'not_signed_in' });
  });
});

describe('retryAfterMs', () => {
  const now = Date.UTC(2026, 3, 1);

  it.each([
    ['5', 5_000],
    ['Wed, 01 Apr 2026 00:00:10 GMT', 10_000],
    ['Wed, 01 Apr 2020 00:00:00 GMT', 0],
    ['soon', null],
    ['', null],
    [null, null]
  ])('reads %p as %p', (header, wait) => {
    expect(retryAfterMs(header, now)).toBe(wait);
  });
});
