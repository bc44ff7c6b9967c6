/** What crosses the wire: the same declarations as the lab's. */
export * from '../../labextension/src/contract';
