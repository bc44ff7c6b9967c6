/** @jest-environment node */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import * as ts from 'typescript';

const SOURCES = join(__dirname, '../src');
const CATALOGUE = join(
  __dirname,
  '../../jupyter_cell_monitor_server/locale/ja_JP/LC_MESSAGES/jupyter_cell_monitor.json'
);

/** The texts that the sources hand to the translator: the first argument of `__` and `_n`. */
function textsOf(path: string): string[] {
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const [text] = node.arguments;
      if (['__', '_n', '_p', '_np', 'gettext', 'ngettext'].includes(node.expression.name.text)) {
        expect(ts.isStringLiteralLike(text)).toBe(true);
        texts.push((text as ts.StringLiteralLike).text);
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
  const catalogue: Record<string, unknown> = JSON.parse(readFileSync(CATALOGUE, 'utf8'));
  const { '': head, ...entries } = catalogue;
  const texts = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter(name => /\.tsx?$/.test(name))
    .flatMap(name => textsOf(join(SOURCES, name)));

  it('has a language that JupyterLab takes, and one form for any number', () => {
    expect(head).toMatchObject({ language: 'ja-JP', plural_forms: 'nplurals=1; plural=0;' });
  });

  it('has exactly the texts of the sources', () => {
    expect(texts.length).toBeGreaterThan(30);
    expect(Object.keys(entries).sort()).toEqual([...new Set(texts)].sort());
  });

  it.each(Object.entries(entries))('says %p in Japanese, with its numbers', (text, forms) => {
    const [translation] = forms as string[];
    expect(translation).toMatch(/[\u3040-\u30ff\u4e00-\u9fff]/);
    expect(placeholders(translation)).toEqual(placeholders(text));
  });
});
