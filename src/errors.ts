/** Every way Matomari can refuse or fail. The list is closed: branch on `error.code`, never on the message. */
export type ErrorCode =
  /** The data is not usable as given: NaN, wrong shape, no documents, a zero vector under cosine … */
  | 'bad_input'
  /** An option is unknown, misspelt or out of its range. */
  | 'bad_option'
  /** A file cannot be read or written, or is not what its name says. */
  | 'bad_file'
  /** The model directory or hub id does not exist, or lacks a file it needs. */
  | 'model_not_found'
  /** The device asked for cannot be used on this machine. */
  | 'no_device'
  /** Memory for the result or the scratch space could not be had. */
  | 'out_of_memory'
  /** The AbortSignal fired; `cause` is its reason. */
  | 'cancelled'
  /** The object was used after `close()`. */
  | 'closed'
  /** The native addon could not be loaded. */
  | 'no_addon'
  /** A defect in Matomari itself. */
  | 'internal';

/** The one error class of the library: a `code` to branch on, a message that names the value and the cure. */
export class MatomariError extends Error {
  override readonly name = 'MatomariError';
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** The rejection of an aborted operation; its `cause` is the signal's reason. */
export function cancelled(signal: AbortSignal, what: string): MatomariError {
  return new MatomariError('cancelled', `${what} was cancelled`, { cause: signal.reason });
}

/** Throws `cancelled` when the signal has already fired. */
export function throwIfAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted) throw cancelled(signal, what);
}
