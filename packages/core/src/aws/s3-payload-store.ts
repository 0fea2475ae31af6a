/**
 * `PayloadStore` in an S3 bucket, whose lifecycle rules remove what is not used:
 *
 * ```
 * payloads/uploads/<sender>/<sha256>   what clients put; for a day
 * payloads/bodies/<sender>/<sha256>    what messages have; for `BODY_DAYS`, from when a message was accepted or replayed
 * ```
 *
 * An upload that a message names is copied among the bodies. A body is copied onto itself when it is held again a day
 * later, which makes its days begin anew.
 */

import { hash } from 'node:crypto';
import { CopyObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { type PayloadName, type PayloadRef, type PayloadUpload, payloadPath } from '../domain/payload.ts';
import { type Clock, systemClock } from '../ports/clock.ts';
import type { PayloadStore, UploadTicket } from '../ports/payload-store.ts';
import type { AwsClients } from './aws-clients.ts';
import { calling } from './aws-errors.ts';
import { answerOf, callOf, type S3Place, told } from './s3-errors.ts';
import { openS3Payload } from './s3-payload-reading.ts';
import { lookForContent, toChecksum } from './s3-reading.ts';

export interface S3PayloadStoreOptions {
  /** Asked for S3's when it is needed first: few messages have a part there. */
  readonly clients: Pick<AwsClients, 's3'>;
  readonly bucket: string;
  readonly clock?: Clock;
}

const UPLOADS = 'payloads/uploads/';
const BODIES = 'payloads/bodies/';

/** An upload must have begun by then. */
const UPLOAD_SECONDS = 3_600;
/** A body that is older is renewed when it is held. */
const FRESH_MS = 86_400_000;

/** Signed, so that S3 takes nothing else; a header of the request, as S3 compares no other. */
const CHECKSUM_HEADER = 'x-amz-checksum-sha256';

interface Found {
  readonly place: S3Place;
  readonly size: number;
  readonly etag: string;
  /** Epoch milliseconds. */
  readonly modifiedAt: number;
}

/** Errors beside those of the port: `AwsAccessError`, `AwsResourceError`. */
export function createS3PayloadStore({ clients, bucket, clock = systemClock }: S3PayloadStoreOptions): PayloadStore {
  const placeOf = (prefix: string, name: PayloadName): S3Place => ({ Bucket: bucket, Key: prefix + payloadPath(name) });

  /** Only what has the hash of its name. */
  async function find(place: S3Place, { sha256 }: PayloadName): Promise<Found | undefined> {
    const head = await lookForContent(clients.s3, place, sha256);
    if (head === undefined) return undefined;
    const { ContentLength, ETag, LastModified } = head;
    return { place, size: told(ContentLength), etag: told(ETag), modifiedAt: told(LastModified).getTime() };
  }

  /** The ETag of the copy; undefined when the source is gone by now. */
  async function copy(source: S3Place, target: S3Place): Promise<string | undefined> {
    const command = new CopyObjectCommand({
      ...target,
      CopySource: [source.Bucket, ...source.Key.split('/')].map(encodeURIComponent).join('/'),
      // S3 takes a copy of an object onto itself only with something that changes.
      MetadataDirective: 'REPLACE',
    });
    try {
      const { CopyObjectResult } = await calling(callOf('s3:PutObject', target), () => clients.s3.send(command));
      return told(CopyObjectResult?.ETag);
    } catch (error) {
      if (answerOf(error).code === 'NoSuchKey') return undefined;
      throw error;
    }
  }

  return {
    async beginUpload({ size, ...name }: PayloadUpload): Promise<UploadTicket> {
      const place = placeOf(UPLOADS, name);
      const checksum = toChecksum(name.sha256);
      const command = new PutObjectCommand({ ...place, ContentLength: size, ChecksumSHA256: checksum });
      const now = clock.now();
      const url = await calling(callOf('s3:PutObject', place), () =>
        getSignedUrl(clients.s3, command, {
          expiresIn: UPLOAD_SECONDS,
          signingDate: new Date(now),
          unhoistableHeaders: new Set([CHECKSUM_HEADER]),
        }),
      );
      const headers = { 'content-length': String(size), [CHECKSUM_HEADER]: checksum };
      return { url, headers, expiresAt: now + UPLOAD_SECONDS * 1_000 };
    },

    async hold(name: PayloadName): Promise<PayloadRef | undefined> {
      const place = placeOf(BODIES, name);
      const refTo = ({ size }: Found, etag: string): PayloadRef => {
        return { key: place.Key, sha256: name.sha256, size, etag };
      };
      const body = await find(place, name);
      const isFresh = body !== undefined && body.modifiedAt > clock.now() - FRESH_MS;
      if (isFresh) return refTo(body, body.etag);
      const source = (await find(placeOf(UPLOADS, name), name)) ?? body;
      if (source === undefined) return undefined;
      const etag = await copy(source.place, place);
      return etag === undefined ? undefined : refTo(source, etag);
    },

    async put(senderId: string, bytes: Uint8Array): Promise<PayloadRef> {
      const sha256 = hash('sha256', bytes, 'hex');
      const place = placeOf(BODIES, { senderId, sha256 });
      const command = new PutObjectCommand({ ...place, Body: bytes, ChecksumSHA256: toChecksum(sha256) });
      const { ETag } = await calling(callOf('s3:PutObject', place), () => clients.s3.send(command));
      return { key: place.Key, sha256, size: bytes.length, etag: told(ETag) };
    },

    open: (ref) => openS3Payload(clients.s3, { Bucket: bucket, Key: ref.key }, ref),
  };
}
