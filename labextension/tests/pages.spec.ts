/** @jest-environment node */
import { OpenPages } from '../src/pages';

it('A page hears of the other open pages of its user, not of closed ones or others’', async () => {
  const pages = ['a', 'b', 'c'].map(id => new OpenPages('user', id));
  const foreign = new OpenPages('another user', 'd');
  pages[2].dispose();
  const all = new Set(['b', 'c', 'd']);
  expect(await pages[0].silent(all, 1_000)).toEqual(new Set(['c', 'd']));
  [...pages, foreign].forEach(page => page.dispose());
});

it('A page waits no longer than until all that it asks for have answered', async () => {
  const pages = ['a', 'b'].map(id => new OpenPages('user', id));
  expect(await pages[0].silent(new Set(['b']), 2 ** 31 - 1)).toEqual(new Set());
  pages.forEach(page => page.dispose());
});
