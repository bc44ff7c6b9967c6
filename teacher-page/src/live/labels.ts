/** What a student is called on the page: by name, or by number only. */

import { maskOf } from '../text/mask';
import type { Mask } from '../text/mask';
import { visibleLine } from '../text/visible';
import { ordinalsOf } from './order';

/** What is known of a student's name. */
export interface Named {
  student_id: string;
  name: string | null;
  number: string | null;
}

/** `main` is always there; `small` stands beside it in grey. */
export interface Label {
  main: string;
  small: string | null;
}

/** Calls the students of one class. While `numbersOnly`, no name or id comes out of it. */
export class Labels {
  readonly mask: Mask;

  constructor(
    students: readonly Named[],
    readonly numbersOnly: boolean,
    private readonly sayNumber: (number: number) => string
  ) {
    this.mask = numbersOnly ? maskOf(students) : text => text;
    this.ordinals = ordinalsOf(students.map(student => student.student_id));
    this.students = new Map(students.map(student => [student.student_id, student]));
  }

  of(student_id: string): Label {
    const student = this.students.get(student_id);
    const number = student?.number ? visibleLine(student.number, 40) : null;
    if (this.numbersOnly) {
      return { main: this.anonymous(student_id, number), small: null };
    }
    const id = visibleLine(student_id, 80);
    const main = student?.name ? visibleLine(student.name, 80) : id;
    return { main, small: number ?? (main === id ? null : id) };
  }

  /** The texts in which a search looks. */
  searched(student_id: string): string[] {
    const { main, small } = this.of(student_id);
    return this.numbersOnly ? [main] : [main, small ?? '', student_id];
  }

  /** The last part of a student's address; in the address bar, too, a number hides the name. */
  pathOf(student_id: string): string {
    const ordinal = this.ordinals.get(student_id);
    return this.numbersOnly && ordinal ? `@${ordinal}` : encodeURIComponent(student_id);
  }

  /** The student of an address, or undefined. */
  find(part: string): string | undefined {
    if (this.students.has(part)) {
      return part;
    }
    return [...this.ordinals].find(([, ordinal]) => `@${ordinal}` === part)?.[0];
  }

  // A school that uses its numbers as login names has no number that hides anybody.
  private anonymous(student_id: string, number: string | null): string {
    const telling = number?.toLowerCase().includes(student_id.toLowerCase());
    const masked = number === null || telling ? null : this.mask(number);
    return masked !== null && masked === number
      ? masked
      : this.sayNumber(this.ordinals.get(student_id) ?? 0);
  }

  private readonly ordinals: ReadonlyMap<string, number>;
  private readonly students: ReadonlyMap<string, Named>;
}
