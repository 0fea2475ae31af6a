/**
 * Loaded before a function: notes how long each module takes to load, without those that it loads itself, and prints
 * lines of `milliseconds<tab>path` on standard output when the function's own file is loaded.
 */

'use strict';
const { writeSync } = require('node:fs');
const Module = require('node:module');

const STANDARD_OUTPUT = 1;
const rows = [];
const nested = [];

function timed(name, load) {
  const start = performance.now();
  nested.push(0);
  try {
    return load();
  } finally {
    const total = performance.now() - start;
    rows.push(`${(total - nested.pop()).toFixed(2)}\t${name}`);
    if (nested.length > 0) nested[nested.length - 1] += total;
  }
}

const { load } = Module.prototype;
Module.prototype.load = function (path) {
  const result = timed(path, () => load.call(this, path));
  if (path.includes('/var/task/') && nested.length === 0) writeSync(STANDARD_OUTPUT, rows.join('\n'));
  return result;
};
const { _load: loadAny } = Module;
Module._load = function (request, ...rest) {
  if (!Module.isBuiltin(request)) return loadAny.call(this, request, ...rest);
  return timed(request, () => loadAny.call(this, request, ...rest));
};
