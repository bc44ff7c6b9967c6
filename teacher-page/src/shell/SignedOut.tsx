import type { ReactElement } from 'react';
import { Button } from 'react-bootstrap';
import { useTranslation } from 'react-i18next';
import { Notice } from './Problem';
import { Shell } from './Shell';

/** The login is gone, and a reload did not bring it back. */
export function SignedOut(): ReactElement {
  const { t } = useTranslation();
  const title = t('problem.signed_out_title');
  return (
    <Shell title={title}>
      <Notice
        title={title}
        action={<Button onClick={() => location.reload()}>{t('app.log_in')}</Button>}
      >
        {t('problem.signed_out_text')}
      </Notice>
    </Shell>
  );
}
