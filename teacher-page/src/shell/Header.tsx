import { useQuery } from '@tanstack/react-query';
import type { ReactElement, ReactNode } from 'react';
import { Button, Dropdown } from 'react-bootstrap';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { Connection } from '../api/socket';
import { LANGUAGES, chooseLanguage } from '../i18n';
import type { Language } from '../i18n';
import { Plain } from '../text/Plain';
import { visibleLine } from '../text/visible';
import { useWorld } from '../world';
import { usePresentation } from './presentation';
import { THEMES, chooseTheme, storedTheme } from './theme';

interface HeaderProps {
  connection?: Connection;
  children?: ReactNode;
  onKeys: () => void;
}

/** The bar on top: where one is, whether the page is live, and the viewer's own choices. */
export function Header({ connection, children, onKeys }: HeaderProps): ReactElement {
  const { t } = useTranslation();
  return (
    <header className="top">
      <a className="visually-hidden-focusable" href="#content">
        {t('app.skip')}
      </a>
      <Link className="brand" to="/">
        <span className="logo" aria-hidden="true" />
        {t('app.name')}
      </Link>
      <nav aria-label={t('app.classes')} className="crumbs">
        <Link to="/">{t('app.classes')}</Link>
        {children}
      </nav>
      <div className="right">
        {connection && <ConnectionSign connection={connection} />}
        <NamesSwitch />
        <Button variant="link" size="sm" onClick={onKeys} title={t('keys.all')}>
          {t('app.keys')} <kbd aria-hidden="true">?</kbd>
        </Button>
        <UserMenu />
      </div>
    </header>
  );
}

function ConnectionSign({ connection }: { connection: Connection }): ReactElement {
  const { t } = useTranslation();
  return (
    <span className={`connection connection-${connection}`} role="status">
      <span className="dot" aria-hidden="true" />
      {t(`connection.${connection}`)}
    </span>
  );
}

function NamesSwitch(): ReactElement {
  const { t } = useTranslation();
  const { numbersOnly, setNumbersOnly } = usePresentation();
  return (
    <Button
      variant={numbersOnly ? 'warning' : 'outline-secondary'}
      size="sm"
      aria-pressed={numbersOnly}
      aria-label={t('app.names.hide')}
      title={t(numbersOnly ? 'app.names.show' : 'app.names.hide')}
      onClick={() => setNumbersOnly(!numbersOnly)}
    >
      {t(numbersOnly ? 'app.names.hidden' : 'app.names.shown')}
    </Button>
  );
}

function UserMenu(): ReactElement {
  const { t } = useTranslation();
  const { api, site } = useWorld();
  const { numbersOnly } = usePresentation();
  const me = useQuery({ queryKey: ['me'], queryFn: () => api.me(), staleTime: Infinity });
  const name = numbersOnly ? undefined : me.data?.display_name;
  return (
    <Dropdown align="end">
      <Dropdown.Toggle variant="link" size="sm">
        {name ? <Plain text={visibleLine(name, 40)} /> : t('app.menu')}
      </Dropdown.Toggle>
      <Dropdown.Menu>
        <Choices />
        <Dropdown.Divider />
        <Dropdown.Item href={`${site.hub_prefix}home`}>{t('app.home')}</Dropdown.Item>
        <Dropdown.Item href={`${site.hub_prefix}logout`}>{t('app.log_out')}</Dropdown.Item>
      </Dropdown.Menu>
    </Dropdown>
  );
}

function Choices(): ReactElement {
  const { t, i18n } = useTranslation();
  const theme = storedTheme();
  return (
    <>
      <Dropdown.Header>{t('app.language')}</Dropdown.Header>
      {Object.entries(LANGUAGES).map(([tag, name]) => (
        <Dropdown.Item
          as="button"
          key={tag}
          lang={tag}
          active={i18n.language === tag}
          onClick={() => chooseLanguage(i18n, tag as Language)}
        >
          {name}
        </Dropdown.Item>
      ))}
      <Dropdown.Header>{t('app.theme.title')}</Dropdown.Header>
      {THEMES.map(name => (
        <Dropdown.Item
          as="button"
          key={name}
          active={theme === name}
          onClick={() => chooseTheme(name)}
        >
          {t(`app.theme.${name}`)}
        </Dropdown.Item>
      ))}
    </>
  );
}
