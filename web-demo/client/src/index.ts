// SPDX-License-Identifier: Apache-2.0
export { Mohr } from './client.js';
export type { CertificateChoice, MohrOptions, Progress, RequestOptions } from './client.js';
export type { Traced } from './connection.js';
export { ResultContent } from './content.js';
export type { DiagnoseOptions, Diagnosis } from './diagnose.js';
export type { ContentDocument, DigestDocument, Document } from './documents.js';
export { MohrError } from './errors.js';
export type { ClientErrorCode, MohrErrorCode, MohrErrorDetails, ServiceErrorCode } from './errors.js';
export type { LinkEnd, LinkEvents, LinkState, Transport } from './link.js';
export type { BrowserPermission } from './opening.js';
export type * from './protocol.js';
export { remedies } from './remedies.js';
export type { DiagnosisState, Remedy } from './remedies.js';
export { chooseSaveTarget } from './save.js';
export type { SaveMethod, SaveOptions, SaveTarget } from './save.js';
export type { Content } from './upload.js';
export { fromBase64, toBase64 } from './base64.js';
