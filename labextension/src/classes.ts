/** Which class a notebook belongs to. */

import type { ClassRole, JsonObject, Me } from './contract';
import type { RecordingReason } from './interfaces';

/** A notebook as far as its class depends on it. */
export interface IClassified {
  path: string;
  metadata: JsonObject;
  /** The class that the student chose. */
  choice: string | null;
  /** The class that the service has filed it under, which stays. */
  filed: string | null;
}

/** A notebook's class and why; without a class nothing of it is recorded. */
export interface IClassification {
  classId: string | null;
  reason: RecordingReason;
}

/**
 * The notebook's own metadata, else its path, else the student's choice.
 *
 * Each counts only for a class that the user is in, in any role. Once the service has filed the
 * notebook, they only say whether to record it, and no more for which class.
 */
export function classify(notebook: IClassified, me: Me): IClassification {
  const candidates: [RecordingReason, string | null][] = [
    ['metadata', classInMetadata(notebook.metadata)],
    ['path', classInPath(notebook.path, me.notebook_patterns, me.classes)],
    ['choice', notebook.choice]
  ];
  for (const [reason, classId] of candidates) {
    if (classId !== null && isMember(me.classes, classId)) {
      return { classId: filedClass(notebook.filed, me.classes) ?? classId, reason };
    }
  }
  return { classId: null, reason: 'none' };
}

/** The classes that the student may choose for a notebook. */
export function choosable(filed: string | null, classes: ClassRole[]): ClassRole[] {
  const classId = filedClass(filed, classes);
  return classId === null ? classes : classes.filter(entry => entry.class_id === classId);
}

/** A path as the service stores it. */
export function servicePath(path: string): string {
  return path.replace(/^\//, '').normalize('NFC');
}

function filedClass(filed: string | null, classes: ClassRole[]): string | null {
  return filed !== null && isMember(classes, filed) ? filed : null;
}

function classInMetadata(metadata: JsonObject): string | null {
  const own = metadata['cell_monitor'];
  const classId =
    typeof own === 'object' && own !== null && 'class_id' in own ? own.class_id : null;
  return typeof classId === 'string' ? classId : null;
}

function classInPath(path: string, patterns: string[], classes: ClassRole[]): string | null {
  const clean = servicePath(path);
  for (const pattern of patterns) {
    const classId = patternExpression(pattern).exec(clean)?.groups?.['class_id'];
    if (classId !== undefined && isMember(classes, classId)) {
      return classId;
    }
  }
  return null;
}

function isMember(classes: ClassRole[], classId: string): boolean {
  return classes.some(entry => entry.class_id === classId);
}

/**
 * A path pattern as a regular expression with the groups `class_id` and `assignment`.
 *
 * `{class_id}` and `{assignment}` stand for one folder name, `*` for any part of a name, `**` for
 * any path.
 */
export function patternExpression(pattern: string): RegExp {
  const seen = new Set<string>();
  const source = servicePath(pattern)
    .split(/(\{class_id\}|\{assignment\}|\*\*|\*)/)
    .map(part => partExpression(part, seen));
  return new RegExp(`^${source.join('')}$`);
}

function partExpression(part: string, seen: Set<string>): string {
  if (part === '**') {
    return '.*';
  }
  if (part === '*') {
    return '[^/]*';
  }
  const name = /^\{(.*)\}$/.exec(part)?.[1];
  if (name === undefined) {
    return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  }
  const again = seen.has(name);
  seen.add(name);
  return again ? `\\k<${name}>` : `(?<${name}>[^/]+)`;
}
