// SPDX-License-Identifier: Apache-2.0
// @ts-check

/** An answer of the portal's own server that says no. */
export class BackendError extends Error {
    constructor(code, message) {
        super(message);
        this.name = 'BackendError';
        this.code = code;
    }
}

async function answer(response) {
    const value = await response.json();
    if (!response.ok) throw new BackendError(value.error?.code ?? 'internal_error', value.error?.message ?? '');
    return value;
}

export const backend = {
    async get(path) {
        return answer(await fetch(path));
    },

    async post(path, value = {}) {
        const headers = { 'Content-Type': 'application/json' };
        return answer(await fetch(path, { method: 'POST', headers, body: JSON.stringify(value) }));
    },

    /** Sends a file of any size from disk; the browser does not hold it in memory. */
    async upload(path, blob, /** @type {{ signal?: AbortSignal }} */ { signal } = {}) {
        const headers = { 'Content-Type': 'application/octet-stream' };
        return answer(await fetch(path, { method: 'POST', headers, body: blob, signal }));
    },
};
