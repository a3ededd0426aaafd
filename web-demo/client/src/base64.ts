// SPDX-License-Identifier: Apache-2.0
import { MohrError } from './errors.js';

// String.fromCharCode takes its characters as arguments, and engines limit how many there may be.
const charactersPerCall = 0x6000;

export function toBase64(bytes: ArrayBuffer | Uint8Array): string {
    const view = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
    let binary = '';
    for (let at = 0; at < view.length; at += charactersPerCall) {
        binary += String.fromCharCode(...view.subarray(at, at + charactersPerCall));
    }
    return btoa(binary);
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
    let binary: string;
    try {
        binary = atob(text);
    } catch (cause) {
        throw new MohrError('malformed_data', 'not base64', {}, cause);
    }
    const bytes = new Uint8Array(binary.length);
    for (let at = 0; at < binary.length; ++at) bytes[at] = binary.charCodeAt(at);
    return bytes;
}

/** Length of the base64 form of so many bytes. */
export function base64Length(bytes: number): number {
    return Math.ceil(bytes / 3) * 4;
}
