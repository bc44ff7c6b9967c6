/**
 * What crosses a wire, as `jupyter_cell_monitor_server/contract/` says it.
 *
 * Times are RFC 3339 strings in UTC. A field that may be left out is optional here; one that is
 * always sent but may be empty is `T | null`. `tests/contract/*.json` holds examples of all.
 */

export * from './contract/classes';
export * from './contract/events';
export * from './contract/executions';
export * from './contract/fields';
export * from './contract/people';
export * from './contract/problems';
export * from './contract/updates';
