import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Gettext } from '@jupyterlab/translation';
import * as ts from 'typescript';

const SOURCES = join(__dirname, '../src');
const CATALOGUE = join(
  __dirname,
  '../../jupyter_cell_monitor_server/locale/ja_JP/LC_MESSAGES/jupyter_cell_monitor.json'
);

/** A text of the sources; `isPlural` where it is handed to `_n`. */
interface IText {
  text: string;
  isPlural: boolean;
}

/** The texts that the sources hand to the translator: the first argument of `__` and `_n`. */
function textsOf(path: string): IText[] {
  const texts: IText[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const [text] = node.arguments;
      const method = node.expression.name.text;
      if (method === '__' || method === '_n') {
        expect(ts.isStringLiteralLike(text)).toBe(true);
        texts.push({ text: (text as ts.StringLiteralLike).text, isPlural: method === '_n' });
      }
    }
    ts.forEachChild(node, visit);
  };
  const kind = path.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  visit(ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2022, true, kind));
  return texts;
}

const placeholders = (text: string): string[] => [...new Set(text.match(/%\d/g))].sort();

describe('the Japanese catalogue', () => {
  const catalogue: { '': Record<string, string> } = JSON.parse(readFileSync(CATALOGUE, 'utf8'));
  const { '': head, ...entries } = catalogue;
  const texts = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter(name => /\.tsx?$/.test(name))
    .flatMap(name => textsOf(join(SOURCES, name)));

  const japanese = new Gettext({ locale: 'ja-JP' });
  japanese.loadJSON(
    { ...entries, '': { domain: 'test', language: head.language, pluralForms: head.plural_forms } },
    'test'
  );
  japanese.setLocale('ja-JP');

  /** What JupyterLab makes of a text; a plural is shown for one and for many. */
  const shown = ({ text, isPlural }: IText): string[] =>
    isPlural
      ? [1, 5].map(n => japanese.dcnpgettext('test', '', text, text, n))
      : [japanese.dcnpgettext('test', '', text, '', 0, 'a', 'b')];

  it('is in a language that JupyterLab asks for', () => {
    expect(head.language).toBe('ja-JP');
  });

  it('has exactly the texts of the sources', () => {
    expect(texts.length).toBeGreaterThan(30);
    expect(Object.keys(entries).sort()).toEqual([...new Set(texts.map(({ text }) => text))].sort());
  });

  it.each(texts)('is what JupyterLab shows for $text', text => {
    shown(text).forEach(translation => expect(translation).toMatch(/[\u3040-\u30ff\u4e00-\u9fff]/));
  });

  it.each(texts.filter(({ text }) => placeholders(text).length > 0))(
    'keeps the numbers and names of $text',
    text => {
      const filled = text.isPlural
        ? ['1', '5']
        : ['a', 'b'].slice(0, placeholders(text.text).length);
      expect(filled.every(value => shown(text).join().includes(value))).toBe(true);
    }
  );
});
