import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { testNeeding } from '../src/testing/aws/test-needing.ts';
import { useLocalAws } from './support/local-aws.ts';

describe('a test that needs what a backend may lack', () => {
  const fixture = useLocalAws();

  test('can ask the local AWS, which names what it lacks', () => {
    expect(fixture().aws.lacks).toEqual(
      expect.arrayContaining(['dynamodb deletion of items after their TTL', 'sqs FIFO queues']),
    );
    for (const lack of fixture().aws.lacks) expect(lack).toMatch(/^(?:dynamodb|sqs|secretsmanager|ssm|s3) /);
  });

  describe('is declared only where it can run, and is printed where it cannot:', () => {
    const ran: string[] = [];
    const written: string[] = [];
    beforeAll(() => {
      jest.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    });
    const backend = { name: 'a backend', lacks: ['time'] };
    testNeeding(backend, 'time', 'an item ends', () => void ran.push('time'));
    testNeeding(backend, 'space', 'runs where nothing is lacking', () => void ran.push('space'));
    afterAll(() => {
      jest.restoreAllMocks();
      expect(ran).toEqual(['space']);
      expect(written).toEqual(['not run on a backend, which lacks time: an item ends\n']);
    });
  });
});
