import { afterEach } from '@jest/globals';

interface Resource {
  close(): Promise<void>;
}

/** Gives a function that takes note of a resource; each is closed after its test, the latest first. */
export function closeAfterEach(): <T extends Resource>(resource: T) => T {
  const open: Resource[] = [];
  afterEach(async () => {
    for (const resource of open.splice(0).reverse()) await resource.close();
  });
  return (resource) => {
    open.push(resource);
    return resource;
  };
}
