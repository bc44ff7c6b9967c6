/** Who somebody is, as the lab and the teacher page are told at their start (`GET /me`). */

export type Role = 'student' | 'assistant' | 'teacher';

/** A class and the role that somebody has in it. */
export interface ClassRole {
  class_id: string;
  title: string;
  role: Role;
}

/** What one request to `POST /events` may hold. */
export interface Limits {
  batch_events: number;
  body_bytes: number;
  event_bytes: number;
}

/** The answer to `GET /me`. */
export interface Me {
  name: string;
  display_name: string;
  classes: ClassRole[];
  may_teach: boolean;
  notebook_patterns: string[];
  collects: string[];
  limits: Limits;
  version: string;
}
