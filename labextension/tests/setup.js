// What browsers have and jsdom lacks.
const { webcrypto } = require('node:crypto');
const { TextDecoder, TextEncoder } = require('node:util');
const v8 = require('node:v8');

Object.assign(globalThis, { TextDecoder, TextEncoder });
if (globalThis.structuredClone === undefined) {
  globalThis.structuredClone = value => v8.deserialize(v8.serialize(value));
}
if (globalThis.crypto?.subtle === undefined) {
  Object.defineProperty(globalThis, 'crypto', {
    value: webcrypto,
    configurable: true
  });
}
if (globalThis.DragEvent === undefined && globalThis.MouseEvent !== undefined) {
  globalThis.DragEvent = class DragEvent extends MouseEvent {};
}
if (globalThis.window !== undefined && window.matchMedia === undefined) {
  window.matchMedia = () => ({ matches: false, addEventListener() {}, removeEventListener() {} });
}
