import { show } from '../check.js';
import { MatomariError } from '../errors.js';

const SENTENCES: Record<string, (doing: string) => string> = {
  ENOENT: (doing) =>
    doing === 'read'
      ? 'does not exist: check the path'
      : 'cannot be written because its folder does not exist: create the folder first',
  ENOTDIR: () => 'cannot be reached because a part of the path is a file, not a folder: check the path',
  EISDIR: (doing) =>
    `is a folder, which cannot be ${doing === 'read' ? 'read' : 'written'} as a file: name a file`,
  EACCES: (doing) =>
    `cannot be ${doing === 'read' ? 'read' : 'written'}: permission denied; change its permissions or name another path`,
  EROFS: () => 'cannot be written because its file system is read-only: name a path on another one',
  ENOSPC: () => 'cannot be written because its disk is full: free some space or name a path on another disk',
  EDQUOT: () =>
    'cannot be written because the disk quota is used up: free some space or name a path on another disk',
  EFBIG: () =>
    'cannot be written because the file would be larger than allowed here: raise the limit (ulimit -f) or name another disk',
  EMFILE: () => 'cannot be opened because too many files are open: raise the limit (ulimit -n)',
  ENAMETOOLONG: () => 'cannot be used because the name is too long: shorten it',
  ELOOP: () => 'cannot be reached because its symbolic links form a circle: check the path',
};
SENTENCES.EPERM = SENTENCES.EACCES!;
SENTENCES.ENFILE = SENTENCES.EMFILE!;

/**
 * What the operating system says about a file, as `bad_file` in one sentence with the path and the cure. Anything that
 * is not an error of the operating system (a MatomariError, a defect) is given back as it is.
 */
export function fileError(cause: unknown, path: string, doing: 'read' | 'write'): unknown {
  if (!(cause instanceof Error) || cause instanceof MatomariError) return cause;
  const code = (cause as NodeJS.ErrnoException).code;
  if (typeof code !== 'string' || !/^E[A-Z]/.test(code)) return cause;
  const sentence =
    SENTENCES[code]?.(doing) ??
    `cannot be ${doing === 'read' ? 'read' : 'written'}: ${cause.message.replace(/^\w+: /, '')}`;
  return new MatomariError('bad_file', `${path} ${sentence}`, { cause });
}

/** A path that the file system can take; otherwise `bad_input`. */
export function checkPath(path: unknown): asserts path is string {
  if (typeof path !== 'string' || path === '' || path.includes('\0'))
    throw new MatomariError(
      'bad_input',
      `the path must be a string that is not empty and holds no NUL, not ${show(path)}`,
    );
}

/** A `bad_file` about this path: `says` continues the sentence after the path. */
export function badFile(path: string, says: string, cause?: unknown): MatomariError {
  return new MatomariError('bad_file', `${path} ${says}`, cause === undefined ? undefined : { cause });
}
