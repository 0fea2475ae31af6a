import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { refusalOf } from '../src/aws/s3-fast/failures.ts';
import { readListAnswer } from '../src/aws/s3-fast/list-answer.ts';
import { readElements } from '../src/aws/s3-fast/xml-elements.ts';
import { someKeys } from '../src/testing/object-store-samples.ts';

const RUNS = 200;
const ENTRY = `<Contents><Key>a%2Bb+c</Key><LastModified>2026-11-22T10:11:12.000Z</LastModified><ETag>&quot;e&#34;</ETag><ChecksumAlgorithm>CRC32</ChecksumAlgorithm><Size>12</Size><Owner><ID>id</ID><Key>not this</Key></Owner><StorageClass>STANDARD</StorageClass></Contents>`;

function answer(body: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix/>${body}</ListBucketResult>`;
}

const ONE = answer(`<KeyCount>1</KeyCount><IsTruncated>false</IsTruncated>${ENTRY}`);

describe('the answer to a listing', () => {
  test('tells of each key what S3 knows, with its escapes undone', () => {
    expect(readListAnswer(ONE)).toEqual({
      objects: [{ key: 'a+b c', size: 12, etag: '"e"', modifiedAt: Date.UTC(2026, 10, 22, 10, 11, 12) }],
      nextToken: undefined,
    });
  });

  test('says where the next page begins', () => {
    const body = '<IsTruncated>true</IsTruncated><NextContinuationToken>1&amp;&#x2f;=</NextContinuationToken>';
    expect(readListAnswer(answer(body))).toEqual({ objects: [], nextToken: '1&/=' });
  });

  test('holds any keys', () =>
    fc.assert(
      fc.property(someKeys(0, 5), (keys) => {
        const entries = keys.map((key) => ENTRY.replace('a%2Bb+c', encodeURIComponent(key).replaceAll("'", '&apos;')));
        const { objects } = readListAnswer(answer(`<IsTruncated>false</IsTruncated>${entries.join('\n')}`));
        expect(objects.map(({ key }) => key)).toEqual(keys);
      }),
      { numRuns: RUNS },
    ));

  test('that is cut short anywhere is refused', () => {
    for (let length = 0; length < ONE.length; length += 1) {
      expect(() => readListAnswer(ONE.slice(0, length))).toThrow(SyntaxError);
    }
  });

  test.each([
    ['of another operation', '<Error><Code>x</Code></Error>'],
    ['that is HTML', '<!DOCTYPE html><html><body>Bad gateway</body></html>'],
    ['with something behind it', `${ONE}<a></a>`],
    ['with text behind it', `${ONE}x`],
    ['with crossed elements', answer('<IsTruncated>false</KeyCount></IsTruncated>')],
    ['that does not say whether it is the last', answer(ENTRY)],
    ['with fewer keys than it says', answer('<KeyCount>2</KeyCount><IsTruncated>false</IsTruncated>')],
    ['that goes on nowhere', answer('<IsTruncated>true</IsTruncated>')],
    ['with a size that is none', ONE.replace('>12<', '>1.2e3<')],
    ['with a time that is none', ONE.replace('2026-11-22T', 'yesterday')],
    ['with a key that is not UTF-8', ONE.replace('a%2Bb', 'a%ffb')],
    ['without an ETag', ONE.replace(/<ETag>.*<\/ETag>/, '')],
    ['with an entity that nobody knows', ONE.replace('&quot;', '&evil;')],
    ['with a character that there is not', ONE.replace('&#34;', '&#x110000;')],
    ['with a document type', ONE.replace('<ListBucketResult', '<!DOCTYPE x [<!ENTITY y "z">]><ListBucketResult')],
  ])('%s is refused', (_, xml) => {
    expect(() => readListAnswer(xml)).toThrow(SyntaxError);
  });

  test('does not take long to be refused, however it is broken', () => {
    const start = performance.now();
    for (const xml of ['<a '.repeat(100_000), '<'.repeat(100_000), `<a ${' '.repeat(100_000)}`, '<a>'.repeat(50_000)]) {
      expect(() => readListAnswer(xml)).toThrow(SyntaxError);
    }
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});

describe('elements', () => {
  test('without text are empty, in any spelling', () => {
    const told: [string, string, number][] = [];
    readElements('<r><a/><b></b><c x="1" /></r>', (name, text, path) => told.push([name, text, path.length]));
    expect(told).toEqual([
      ['a', '', 1],
      ['b', '', 1],
      ['c', '', 1],
    ]);
  });
});

describe('a refusal', () => {
  const refused = (status: number, body: string) => refusalOf({ status, headers: {}, body: Buffer.from(body) });

  test('has the code and the message of S3', () => {
    const xml =
      '<?xml version="1.0"?>\n<Error><Code>SlowDown</Code><Message>Reduce &lt;it&gt;</Message><X><Code>no</Code></X></Error>';
    expect(refused(503, xml)).toMatchObject({
      name: 'SlowDown',
      message: 'Reduce <it>',
      $metadata: { httpStatusCode: 503 },
    });
  });

  test.each(['', '<html><body>502</body></html>', 'upstream error', '<Error><Code>Half'])(
    'without a code of S3 has its status: %j',
    (body) => {
      expect(refused(502, body).name).toBe('HTTP 502');
    },
  );
});
