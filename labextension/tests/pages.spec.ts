/** @jest-environment node */
import { OpenPages } from '../src/pages';

it('A page hears of the other open pages of its user, not of closed ones or others’', async () => {
  const pages = ['a', 'b', 'c'].map(id => new OpenPages('user', id));
  const foreign = new OpenPages('another user', 'd');
  pages[2].dispose();
  expect(await pages[0].living(50)).toEqual(new Set(['b']));
  [...pages, foreign].forEach(page => page.dispose());
});
