import 'bootstrap/dist/css/bootstrap.min.css';
import './styles.css';
import './classes.css';
import './grid.css';
import './overview.css';
import './student.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Api } from './api/api';
import { App } from './App';
import { createTranslations } from './i18n';
import { Login } from './shell/login';
import { followTheme } from './shell/theme';
import { readSite, socketAddress } from './site';
import { Clock, Ticker } from './time/clock';

const site = readSite(document);
const clock = new Clock();
const login = new Login(sessionStorage, () => location.reload());
const world = {
  site,
  clock,
  ticker: new Ticker(),
  api: new Api(site.prefix, clock, login.lose),
  connect: () => new WebSocket(socketAddress(site, location))
};

followTheme();
const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App world={world} login={login} translations={createTranslations()} />
    </StrictMode>
  );
}
