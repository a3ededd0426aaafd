// SPDX-License-Identifier: Apache-2.0

/** The messages of `/v1` as docs/protocol.md describes them. Binary values are base64. */

export const subprotocol = 'mohr.v1';

export type Access = 'granted' | 'undecided' | 'denied' | 'silenced';
export type TokenState = 'not_activated' | 'activated' | 'initialised';
export type DigestAlgorithm = 'SHA-256' | 'SHA-384' | 'SHA-512';
export type SignatureScheme = 'RSASSA-PKCS1-v1_5' | 'RSA-PSS' | 'ECDSA';
export type SignatureAlgorithm = SignatureScheme | `${SignatureScheme}-${DigestAlgorithm}`;
export type KeyAlgorithm = 'RSA-2048' | 'RSA-3072' | 'RSA-4096' | 'P-256' | 'P-384';
export type Purpose = 'sign' | 'authenticate' | 'decrypt';

export interface ServiceInfo {
    protocol: string;
    version: string;
    origin: string;
    access: Access;
    token?: TokenState;
    limits?: Record<string, number>;
}

export interface Certificate {
    /** Holds on the connection it came over only; select again after a reconnection. */
    handle: string;
    certificate: string;
    chain: string[];
    subject: string;
    issuer: string;
    serialNumber: string;
    notBefore: string;
    notAfter: string;
    keyAlgorithm: KeyAlgorithm;
    keyUsage: string[];
    state: 'active' | 'expired';
}

export interface Authentication {
    certificate: Certificate;
    algorithm: SignatureAlgorithm;
    signature: string;
    origin: string;
}

export interface RawSignature {
    signature: string;
    algorithm: SignatureAlgorithm;
    certificate: Certificate;
}

export interface BatchResult {
    results: { id: string; signature?: string; cms?: string }[];
    certificate: Certificate;
    algorithm: SignatureAlgorithm;
}

export interface GeneratedKey {
    keyId: string;
    /** PKCS#10, DER. */
    request: string;
}

export type SignerVerdict =
    | 'valid'
    | 'digest_mismatch'
    | 'signature_invalid'
    | 'attributes_invalid'
    | 'certificate_missing'
    | 'chain_invalid'
    | 'unsupported';

export interface Verification {
    valid: boolean;
    detached: boolean;
    size: number;
    signers: {
        verdict: SignerVerdict;
        subject?: string;
        certificate?: string;
        digestAlgorithm: string;
        signingTime?: string;
        chainChecked: boolean;
        detail: string;
    }[];
}

export interface ServiceNotifications {
    'consent.pending': { id: number; state: 'queued' | 'shown' };
    progress: { id: number; done: number; total: number };
    'token.changed': Record<string, never>;
    'access.changed': { access: Access };
    'service.stopping': { reason: 'switched_off' | 'stopping' };
}
