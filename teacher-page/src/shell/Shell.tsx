import { useEffect, useState } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { Alert, Button } from 'react-bootstrap';
import { useTranslation } from 'react-i18next';
import type { Connection } from '../api/socket';
import { Header } from './Header';
import { KeysDialog } from './KeysDialog';
import { useKeys } from './keys';

interface ShellProps {
  title: string;
  connection?: Connection;
  crumbs?: ReactNode;
  children: ReactNode;
}

/** The frame of every page: the bar on top, what to do when the line broke, the content. */
export function Shell({ title, connection, crumbs, children }: ShellProps): ReactElement {
  const { t } = useTranslation();
  const [keys, setKeys] = useState(false);
  const name = t('app.name');
  useKeys({ '?': () => setKeys(true) });
  useEffect(() => {
    document.title = title ? `${title} – ${name}` : name;
  }, [title, name]);
  return (
    <div className="shell">
      <Header {...(connection && { connection })} onKeys={() => setKeys(true)}>
        {crumbs}
      </Header>
      {connection && <ConnectionHelp connection={connection} />}
      <main id="content" tabIndex={-1}>
        {children}
      </main>
      <KeysDialog show={keys} onHide={() => setKeys(false)} />
    </div>
  );
}

function ConnectionHelp({ connection }: { connection: Connection }): ReactElement | null {
  const { t } = useTranslation();
  if (connection === 'live' || connection === 'connecting') {
    return null;
  }
  return (
    <Alert className="connection-help" variant={connection === 'reconnecting' ? 'info' : 'warning'}>
      {t(`connection.${connection}_help`)}{' '}
      {connection === 'signed_out' && (
        <Button size="sm" variant="warning" onClick={() => location.reload()}>
          {t('app.log_in')}
        </Button>
      )}
    </Alert>
  );
}
