import { CorruptParquetError } from '../errors.ts';
import { PAGE_TYPE } from '../format/constants.ts';
import { createThriftReader, type ThriftReader } from '../thrift/reader.ts';

/** The struct PageHeader. */
export interface PageHeader {
  readonly type: number;
  readonly uncompressedBytes: number;
  readonly compressedBytes: number;
  readonly crc: number | undefined;
  /** Of a data page or a dictionary. Nulls are counted. */
  readonly values: number;
  readonly encoding: number;
  /** Of the levels, in data pages of version 1. */
  readonly levelEncoding: number;
  /** Of data pages of version 2: bytes of levels before the values, and whether those are compressed. */
  readonly definitionBytes: number;
  readonly repetitionBytes: number;
  readonly isCompressed: boolean;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const SPECIAL_FIELDS: Readonly<Record<number, number>> = {
  [PAGE_TYPE.DATA_PAGE]: 5,
  [PAGE_TYPE.INDEX_PAGE]: 6,
  [PAGE_TYPE.DICTIONARY_PAGE]: 7,
  [PAGE_TYPE.DATA_PAGE_V2]: 8,
};

/** @throws CorruptParquetError */
export function readPageHeader(bytes: Uint8Array, position: number): { header: PageHeader; end: number } {
  const reader = createThriftReader(bytes, "a page's header", position);
  const header: Mutable<PageHeader> = {
    type: -1,
    uncompressedBytes: -1,
    compressedBytes: -1,
    crc: undefined,
    values: -1,
    encoding: -1,
    levelEncoding: -1,
    definitionBytes: 0,
    repetitionBytes: 0,
    isCompressed: true,
  };
  const fields = new Set<number>();
  reader.struct((field) => {
    fields.add(field);
    if (field === 1) header.type = reader.integer();
    else if (field === 2) header.uncompressedBytes = reader.integer();
    else if (field === 3) header.compressedBytes = reader.integer();
    else if (field === 4) header.crc = reader.integer();
    else if (field === 5) readDataPageHeader(reader, header);
    else if (field === 7) readDictionaryPageHeader(reader, header);
    else if (field === 8) readDataPageHeaderV2(reader, header);
  });
  const specialField = SPECIAL_FIELDS[header.type];
  const isWhole = specialField !== undefined && fields.has(specialField);
  const hasSizes = header.uncompressedBytes >= 0 && header.compressedBytes >= 0;
  const hasLevels = header.definitionBytes >= 0 && header.repetitionBytes >= 0;
  const hasValues = header.type === PAGE_TYPE.INDEX_PAGE || header.values >= 0;
  if (isWhole && hasSizes && hasLevels && hasValues) return { header, end: reader.position };
  throw new CorruptParquetError("a page's header is not whole");
}

function readDataPageHeader(reader: ThriftReader, header: Mutable<PageHeader>): void {
  reader.struct((field) => {
    if (field === 1) header.values = reader.integer();
    else if (field === 2) header.encoding = reader.integer();
    else if (field === 3) header.levelEncoding = reader.integer();
  });
}

function readDictionaryPageHeader(reader: ThriftReader, header: Mutable<PageHeader>): void {
  reader.struct((field) => {
    if (field === 1) header.values = reader.integer();
    else if (field === 2) header.encoding = reader.integer();
  });
}

function readDataPageHeaderV2(reader: ThriftReader, header: Mutable<PageHeader>): void {
  reader.struct((field) => {
    if (field === 1) header.values = reader.integer();
    else if (field === 4) header.encoding = reader.integer();
    else if (field === 5) header.definitionBytes = reader.integer();
    else if (field === 6) header.repetitionBytes = reader.integer();
    else if (field === 7) header.isCompressed = reader.bool();
  });
}
