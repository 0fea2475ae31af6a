/**
 * Who signed a request, after IAM.
 */

const ACCOUNT = String.raw`(arn:aws[a-z-]*):(?:iam|sts)::(\d{12})`;
const NAME = String.raw`[\w+=,.@-]+`;
const PATH = '(?:[!-~]*/)?';
const SESSION = new RegExp(`^${ACCOUNT}:assumed-role/(${NAME})/${NAME}$`);
const ROLE = new RegExp(`^${ACCOUNT}:role/${PATH}(${NAME})$`);
const OTHER = new RegExp(`^${ACCOUNT}:(?:user/${PATH}${NAME}|federated-user/${NAME}|root)$`);

/**
 * The principal of an ARN, in the one form that this program compares; undefined when it is none.
 *
 * A session becomes its role, `arn:aws:iam::ACCOUNT:role/NAME`. The path of a role is dropped, since STS leaves it out
 * of a session's ARN; names of roles are unique within an account without it. Users keep theirs.
 */
export function principalOf(arn: string): string | undefined {
  const [, partition, account, name] = SESSION.exec(arn) ?? ROLE.exec(arn) ?? [];
  if (name !== undefined) return `${partition}:iam::${account}:role/${name}`;
  return OTHER.test(arn) ? arn : undefined;
}

/** Is it one session of a role? Sessions have names that whoever starts them chooses. */
export function isSession(arn: string): boolean {
  return SESSION.test(arn);
}
