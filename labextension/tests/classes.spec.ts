/** @jest-environment node */
import { classify, patternExpression } from '../src/classes';
import { me } from './fakes/recording';

const IN_CLASS = 'assignments/python-intro/hw1/a.ipynb';

describe('The class of a notebook', () => {
  const of = (
    path: string,
    metadata = {},
    choice: string | null = null,
    filed: string | null = null
  ) => classify({ path, metadata, choice, filed }, me);

  it('comes from its metadata, before path and choice', () => {
    const metadata = { cell_monitor: { class_id: 'statistics' } };
    expect(of(IN_CLASS, metadata, 'python-intro')).toEqual({
      classId: 'statistics',
      reason: 'metadata'
    });
  });

  it('comes from its path, before the choice', () => {
    expect(of(`/${IN_CLASS}`, {}, 'statistics')).toEqual({
      classId: 'python-intro',
      reason: 'path'
    });
  });

  it('comes from the choice, where nothing else says it', () => {
    expect(of('a.ipynb', {}, 'statistics')).toEqual({ classId: 'statistics', reason: 'choice' });
  });

  it('stays the one that the service has filed it under, whatever the lab would find', () => {
    const metadata = { cell_monitor: { class_id: 'python-intro' } };
    expect(of('a.ipynb', metadata, null, 'statistics').classId).toBe('statistics');
    expect(of(IN_CLASS, {}, null, 'statistics').classId).toBe('statistics');
    expect(of('a.ipynb', {}, 'python-intro', 'statistics')).toEqual({
      classId: 'statistics',
      reason: 'choice'
    });
  });

  it('is none where only the service names it, or names one that the user is not in', () => {
    expect(of('a.ipynb', {}, null, 'statistics').classId).toBeNull();
    expect(of(IN_CLASS, {}, null, 'physics').classId).toBe('python-intro');
  });

  it('is never one that the user is not in', () => {
    const metadata = { cell_monitor: { class_id: 'physics' } };
    expect(of('assignments/physics/hw1/a.ipynb', metadata, 'physics')).toEqual({
      classId: null,
      reason: 'none'
    });
    expect(of(IN_CLASS, metadata).reason).toBe('path');
  });

  it.each(['teacher', 'assistant', 'student'] as const)('counts for a %s too', role => {
    const classes = [{ class_id: 'python-intro', title: '', role }];
    const classified = classify(
      { path: IN_CLASS, metadata: {}, choice: null, filed: null },
      { ...me, classes }
    );
    expect(classified.classId).toBe('python-intro');
  });

  it.each([[null], [5], ['python-intro'], [{ class_id: 5 }]])(
    'ignores metadata of another shape: %j',
    cell_monitor => {
      expect(of('a.ipynb', { cell_monitor }).classId).toBeNull();
    }
  );
});

describe('A path pattern', () => {
  it.each([
    ['assignments/{class_id}/{assignment}/**', IN_CLASS, 'python-intro'],
    [
      'assignments/{class_id}/{assignment}/**',
      'assignments/python-intro/hw1/x/y.ipynb',
      'python-intro'
    ],
    ['assignments/{class_id}/{assignment}/**', 'assignments/python-intro/a.ipynb', undefined],
    ['assignments/{class_id}/**', 'my/assignments/python-intro/a.ipynb', undefined],
    ['{class_id}/hw*.ipynb', 'c/hw12.ipynb', 'c'],
    ['{class_id}/hw*.ipynb', 'c/hw/12.ipynb', undefined],
    ['**/{class_id}/{class_id}.ipynb', 'a/b/c/c.ipynb', 'c'],
    ['**/{class_id}/{class_id}.ipynb', 'a/b/c/d.ipynb', undefined],
    ['a.b/{class_id}/*', 'axb/c/d', undefined],
    ['授業/{class_id}/*', '授業/データ/d.ipynb', 'データ']
  ])('%s on %s gives %s', (pattern, path, classId) => {
    const match = patternExpression(pattern).exec(path.normalize('NFC'));
    expect(match?.groups?.['class_id']?.normalize('NFC')).toBe(classId?.normalize('NFC'));
  });
});
