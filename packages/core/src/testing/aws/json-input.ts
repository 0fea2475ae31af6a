/** Members of a JSON input, each of the type that the service's model gives it. */

import { type Json, serializationError } from './service.ts';

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function member<T>(input: Json, name: string, is: (value: unknown) => value is T): T | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (!is(value)) throw serializationError(`${name} has the wrong type`);
  return value;
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isInteger = (value: unknown): value is number => Number.isInteger(value);
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean';
const isObjects = (value: unknown): value is readonly Json[] => Array.isArray(value) && value.every(isJson);
const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isText);
const isTextMap = (value: unknown): value is Record<string, string> =>
  isJson(value) && Object.values(value).every(isText);
const isObjectMap = (value: unknown): value is Record<string, Json> =>
  isJson(value) && Object.values(value).every(isJson);

export const text = (input: Json, name: string): string | undefined => member(input, name, isText);
export const integer = (input: Json, name: string): number | undefined => member(input, name, isInteger);
export const flag = (input: Json, name: string): boolean | undefined => member(input, name, isFlag);
export const objects = (input: Json, name: string): readonly Json[] => member(input, name, isObjects) ?? [];
export const texts = (input: Json, name: string): readonly string[] => member(input, name, isTexts) ?? [];
export const textMap = (input: Json, name: string): Record<string, string> => member(input, name, isTextMap) ?? {};
export const objectMap = (input: Json, name: string): Record<string, Json> => member(input, name, isObjectMap) ?? {};
