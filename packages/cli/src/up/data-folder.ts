/** Where things are in a data folder, beside the database. */

/** The secrets that requests are signed with. */
export const SECRETS_FOLDER = 'secrets';
