/** A disk without room: whatever adds or changes something fails, and what deletes goes through. */
export function fillDisk(): { empty(): void } {
  const refuse = (): never => {
    throw new DOMException('The disk is full.', 'QuotaExceededError');
  };
  const spies = (['add', 'put'] as const).map(name =>
    jest.spyOn(IDBObjectStore.prototype, name).mockImplementation(refuse)
  );
  return { empty: () => spies.forEach(spy => spy.mockRestore()) };
}
