/**
 * A disk without room, for the event `only` or for all that is new: whatever adds or changes
 * something fails, and what deletes goes through.
 */
export function fillDisk(error = 'QuotaExceededError', only?: string): { empty(): void } {
  const spies = (['add', 'put'] as const).map(name => {
    const write = IDBObjectStore.prototype[name];
    return jest.spyOn(IDBObjectStore.prototype, name).mockImplementation(function (
      this: IDBObjectStore,
      value: { eventId?: string },
      key?: IDBValidKey
    ) {
      if (only === undefined || value.eventId === only) {
        throw new DOMException('The disk is full.', error);
      }
      return write.call(this, value, key);
    });
  });
  return { empty: () => spies.forEach(spy => spy.mockRestore()) };
}
