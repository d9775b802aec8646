import { DefaultFailureConverter } from '@temporalio/common';

/** Messages and stack traces of failures go through the payload codec too. Same as adapters/temporal/failure-converter.cjs. */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
