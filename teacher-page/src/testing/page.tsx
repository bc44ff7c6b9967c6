/** The whole page on a service in memory. */

import { render } from '@testing-library/react';
import { Api } from '../api/api';
import { App } from '../App';
import { createTranslations } from '../i18n';
import { Login } from '../shell/login';
import { Clock, Ticker } from '../time/clock';
import { T0 } from './examples';
import { PREFIX } from './service';
import type { FakeService } from './service';

/** Opens `path` below the service's prefix, in English, a minute after the lesson began. */
export function openPage(service: FakeService, path = ''): { reloads: () => number } {
  let reloads = 0;
  history.replaceState(null, '', PREFIX + path);
  const clock = new Clock(() => T0 + 60_000);
  const login = new Login(sessionStorage, () => (reloads += 1));
  const world = {
    site: { prefix: PREFIX, hub_prefix: '/hub/' },
    clock,
    ticker: new Ticker(),
    api: new Api(PREFIX, clock, login.lose, service.fetch),
    connect: service.connect
  };
  render(<App world={world} login={login} translations={createTranslations('en')} />);
  return { reloads: () => reloads };
}
