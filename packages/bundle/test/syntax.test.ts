import { expect, test } from '@jest/globals';
import { demandsOf, importedNames } from '../src/syntax.ts';

test('what modules import is gathered by name over all of them', () => {
  const names = importedNames([
    'import{A as b,default as c}from"sdk";import d from"other";b(c,d);',
    'import{"odd name"as e,B}from"sdk";import*as f from"whole";import"effect";e(B,f);',
  ]);
  expect(Object.fromEntries(names)).toEqual({
    sdk: new Set(['A', 'default', 'odd name', 'B']),
    other: new Set(['default']),
    whole: new Set(['*']),
    effect: new Set(),
  });
});

test('every module that code can load is named, wherever the call stands', () => {
  const code =
    'const a=require("a");function f(){return()=>import("b")}try{require.resolve("c")}catch{};class X{static y=require("a")}';
  expect(demandsOf(code)).toEqual({ specifiers: ['a', 'b', 'c'], computed: 0 });
});

test.each(['require(name)', 'import(a)', 'require("a"+b)', 'require(...list)'])(
  'a module whose name is not in the code is counted: %s',
  (code) => {
    expect(demandsOf(code)).toEqual({ specifiers: [], computed: 1 });
  },
);

test.each(['module.require', 'x.import("a")', 'required("a")', '({require(){}})', '"require(\'a\')"'])(
  'what only looks like it loads nothing: %s',
  (code) => {
    expect(demandsOf(code)).toEqual({ specifiers: [], computed: 0 });
  },
);
