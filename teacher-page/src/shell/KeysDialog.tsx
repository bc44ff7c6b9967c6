import type { ReactElement } from 'react';
import { Modal } from 'react-bootstrap';
import { useTranslation } from 'react-i18next';

const KEYS = [
  ['/', 'search'],
  ['j', 'next'],
  ['k', 'previous'],
  ['Enter', 'open'],
  ['Esc', 'back'],
  ['?', 'all']
] as const;

/** All keys of the page. */
export function KeysDialog({ show, onHide }: { show: boolean; onHide: () => void }): ReactElement {
  const { t } = useTranslation();
  return (
    <Modal show={show} onHide={onHide} aria-labelledby="keys-title" centered>
      <Modal.Header closeButton closeLabel={t('app.close')}>
        <Modal.Title as="h2" id="keys-title" className="h5">
          {t('keys.title')}
        </Modal.Title>
      </Modal.Header>
      <Modal.Body>
        <dl className="keys">
          {KEYS.map(([key, action]) => (
            <div key={key}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{t(`keys.${action}`)}</dd>
            </div>
          ))}
        </dl>
      </Modal.Body>
    </Modal>
  );
}
