// SPDX-License-Identifier: Apache-2.0

/** Codes that the service answers with; the table is in docs/protocol.md. Codes are only ever added. */
export type ServiceErrorCode =
    | 'parse_error'
    | 'invalid_request'
    | 'method_not_found'
    | 'invalid_params'
    | 'internal_error'
    | 'user_cancelled'
    | 'consent_timeout'
    | 'cancelled'
    | 'origin_denied'
    | 'blind_denied'
    | 'no_agent'
    | 'busy'
    | 'pin_wrong'
    | 'pin_blocked'
    | 'token_not_activated'
    | 'token_not_initialised'
    | 'certificate_not_found'
    | 'key_usage'
    | 'certificate_unusable'
    | 'unsupported_algorithm'
    | 'malformed_data'
    | 'decryption_failed'
    | 'not_a_recipient'
    | 'login_context'
    | 'limit_exceeded'
    | 'stream_error';

/** Codes that this library itself answers with. */
export type ClientErrorCode =
    /** The service could not be reached; `diagnose()` says why. */
    | 'not_connected'
    /** The connection ended before the reply: whether the service acted is not known. */
    | 'connection_lost'
    /** The file or stream that the page gave could not be read to its end. */
    | 'source_unreadable'
    /** The result is too large for every way of saving that this browser has. */
    | 'cannot_save'
    /** The service sent something that the protocol does not allow. */
    | 'protocol_violation';

export type MohrErrorCode = ServiceErrorCode | ClientErrorCode;

/** What the service puts into `error.data`, beside the code. */
export interface MohrErrorDetails {
    /** Correlation id, the same as in the service's log. */
    id?: string;
    triesLeft?: number;
    retryAfter?: number;
    limit?: string;
    max?: number;
    path?: string;
}

export class MohrError extends Error {
    readonly code: MohrErrorCode;
    readonly details: MohrErrorDetails;

    constructor(code: MohrErrorCode, message: string, details: MohrErrorDetails = {}, cause?: unknown) {
        super(message, cause === undefined ? undefined : { cause });
        this.name = 'MohrError';
        this.code = code;
        this.details = details;
    }
}

interface WireError {
    message?: unknown;
    data?: Record<string, unknown>;
}

const numberMembers = ['triesLeft', 'retryAfter', 'max'] as const;
const textMembers = ['id', 'limit', 'path'] as const;

/** Turns a JSON-RPC error object into an error; unknown members are left out, an unknown code is kept as it is. */
export function errorFromWire(error: unknown): MohrError {
    const wire = (typeof error === 'object' && error !== null ? error : {}) as WireError;
    const data = typeof wire.data === 'object' && wire.data !== null ? wire.data : {};
    const details: MohrErrorDetails = {};
    for (const name of numberMembers) {
        const value = data[name];
        if (typeof value === 'number') details[name] = value;
    }
    for (const name of textMembers) {
        const value = data[name];
        if (typeof value === 'string') details[name] = value;
    }
    const code = typeof data['code'] === 'string' ? (data['code'] as MohrErrorCode) : 'protocol_violation';
    const message = typeof wire.message === 'string' ? wire.message : 'the service reported an error';
    return new MohrError(code, message, details);
}
