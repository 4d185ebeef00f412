/** How long a peer may take for anything that has no other limit, ms. Generous: two cores shared with a build. */
export const patience = 15_000;

/**
 * Waits for `promise`, but not for ever.
 * @param what is waited for, as the words of a failure: "baresip to register"
 * @param details is asked on failure for what is known by then (a log's tail)
 */
export async function within<T>(promise: Promise<T>, what: string, milliseconds: number = patience, details?: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`waited ${milliseconds} ms in vain for ${what}${details ? `\n${details()}` : ""}`));
    }, milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
