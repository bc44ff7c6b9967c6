/** @jest-environment node */
import { validate, version } from 'uuid';

import { idSource } from '../src/ids';

describe('Ids', () => {
  it('are UUIDv7s of their time, and never the same in one page', () => {
    jest.spyOn(Date, 'now').mockReturnValue(Date.UTC(2026, 3, 1));
    const newId = idSource();
    const ids = Array.from({ length: 1_000 }, newId);
    jest.restoreAllMocks();
    expect(new Set(ids).size).toBe(1_000);
    expect(ids.every(id => validate(id) && version(id) === 7)).toBe(true);
    expect(parseInt(ids[0].slice(0, 13).replace('-', ''), 16)).toBe(Date.UTC(2026, 3, 1));
  });

  it('ascend in one moment, and stay apart where the clock is put back', () => {
    const now = jest.spyOn(Date, 'now').mockReturnValue(2_000_000);
    const newId = idSource(new Uint8Array(20).fill(255));
    const [first, second] = [newId(), newId()];
    expect(first < second).toBe(true);
    now.mockReturnValue(1_999_999);
    const earlier = newId();
    now.mockReturnValue(2_000_000);
    expect(new Set([first, second, earlier, newId()]).size).toBe(4);
    jest.restoreAllMocks();
  });

  it('of two pages differ in the same moment', () => {
    jest.spyOn(Date, 'now').mockReturnValue(2_000_000);
    expect(idSource()()).not.toBe(idSource()());
    jest.restoreAllMocks();
  });
});
