import { describe, expect, it, vi } from 'vitest';
import { Login } from './login';

describe('a lost login', () => {
  it('loads the page again, so that the hub asks for a login', () => {
    const reload = vi.fn();
    const login = new Login(sessionStorage, reload, () => 100_000);
    login.lose();
    expect(reload).toHaveBeenCalledTimes(1);
    expect(login.isGone()).toBe(false);
  });

  it('is told to the viewer where loading again did not help', () => {
    const reload = vi.fn();
    new Login(sessionStorage, reload, () => 100_000).lose();
    const login = new Login(sessionStorage, reload, () => 101_000);
    const told = vi.fn();
    login.subscribe(told);
    login.lose();
    expect(reload).toHaveBeenCalledTimes(1);
    expect(login.isGone()).toBe(true);
    expect(told).toHaveBeenCalledTimes(1);
  });
});
