import { cleanup, configure } from '@testing-library/react';
import { afterEach, beforeEach, vi } from 'vitest';

// jsdom has no layout: every element is as high as a screen, and no theme of a system.
for (const [name, value] of Object.entries({ clientHeight: 900, clientWidth: 1200 })) {
  Object.defineProperty(HTMLElement.prototype, name, { configurable: true, value });
}
HTMLElement.prototype.scrollTo = () => undefined;

configure({ asyncUtilTimeout: 30_000 });

beforeEach(() => {
  vi.stubGlobal('matchMedia', () => Object.assign(new EventTarget(), { matches: false }));
});

afterEach(() => {
  cleanup();
  localStorage.clear();
  sessionStorage.clear();
  vi.useRealTimers();
});
