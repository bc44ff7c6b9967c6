/** The language of the texts: that of JupyterLab, by our own catalogue. */

import { type ITranslator, nullTranslator, type TranslationBundle } from '@jupyterlab/translation';

/** The catalogue's name: `locale/ja_JP/LC_MESSAGES/jupyter_cell_monitor.json`. */
const DOMAIN = 'jupyter_cell_monitor';

/** The product's name, which is the same in every language. */
export const PRODUCT = 'Cell Monitor';

/** The texts, in English where there is no translator or no catalogue. */
export function loadTexts(translator: ITranslator | null): TranslationBundle {
  return (translator ?? nullTranslator).load(DOMAIN);
}
