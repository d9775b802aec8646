// CommonJS because the Temporal SDK loads it with require(), outside of any bundle.
const { DefaultFailureConverter } = require('@temporalio/common');

/** Messages and stack traces of failures go through the payload codec too. Same as workflows/interceptors/failure-converter.ts. */
exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
