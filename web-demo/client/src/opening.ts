// SPDX-License-Identifier: Apache-2.0
import { browserAskingMs, undecidedMs } from './limits.js';
import { subprotocol } from './protocol.js';

/** Why one attempt at one URL ended, as far as a browser lets a page know. */
export type OpenOutcome =
    | 'open'
    /** The browser closed it; `closeCode` is 1006, or 1015 where Firefox disliked the certificate. */
    | 'closed'
    /** The page's own Content-Security-Policy, or mixed content. */
    | 'blocked-by-page'
    | 'timeout'
    | 'aborted';

export interface OpenAttempt {
    url: string;
    outcome: OpenOutcome;
    closeCode: number | undefined;
    elapsedMs: number;
    socket: WebSocket | undefined;
}

export interface OpenOptions {
    WebSocket: typeof WebSocket;
    timeoutMs: number;
    signal: AbortSignal;
    /** Called once when the socket stays silent: the browser may be asking its user. */
    onPending: () => void;
}

export function openSocket(url: string, options: OpenOptions): Promise<OpenAttempt> {
    const started = performance.now();
    return new Promise((resolve) => {
        let socket: WebSocket | undefined;
        let blockedByPage = false;
        const onViolation = (event: Event) => {
            const blocked = (event as SecurityPolicyViolationEvent).blockedURI;
            if (blocked && url.startsWith(blocked.replace(/\/$/, ''))) {
                blockedByPage = true;
                finish('blocked-by-page', undefined);
            }
        };
        const finish = (outcome: OpenOutcome, closeCode: number | undefined) => {
            clearTimeout(pendingTimer);
            clearTimeout(timeoutTimer);
            options.signal.removeEventListener('abort', onAbort);
            globalThis.document?.removeEventListener('securitypolicyviolation', onViolation);
            if (socket) {
                socket.onopen = socket.onerror = socket.onclose = null;
                if (outcome !== 'open') socket.close();
            }
            const elapsedMs = performance.now() - started;
            resolve({ url, outcome, closeCode, elapsedMs, socket: outcome === 'open' ? socket : undefined });
        };
        const onAbort = () => finish('aborted', undefined);
        const pendingTimer = setTimeout(options.onPending, browserAskingMs);
        const timeoutTimer = setTimeout(() => finish('timeout', undefined), options.timeoutMs);
        options.signal.addEventListener('abort', onAbort, { once: true });
        globalThis.document?.addEventListener('securitypolicyviolation', onViolation);
        if (options.signal.aborted) {
            onAbort();
            return;
        }
        try {
            socket = new options.WebSocket(url, subprotocol);
        } catch {
            finish('blocked-by-page', undefined);
            return;
        }
        socket.onopen = () => finish('open', undefined);
        socket.onclose = (event) => finish('closed', event.code);
        socket.onerror = () => {
            // Chromium fires an error without a close where the page's own policy blocks the socket.
            setTimeout(() => finish(blockedByPage ? 'blocked-by-page' : 'closed', 1006), 50);
        };
    });
}

/** Whether the attempt ended because nobody answered the browser's question, if the permission is still undecided. */
export function leftUndecided(attempt: OpenAttempt): boolean {
    return attempt.outcome === 'timeout' || (attempt.outcome === 'closed' && attempt.elapsedMs >= undecidedMs);
}

export type BrowserPermission = 'granted' | 'prompt' | 'denied' | 'unknown';

/** The browser's permission for pages to reach programs on this machine, under whatever name this browser has it. */
export async function loopbackPermission(): Promise<PermissionStatus | undefined> {
    const permissions = globalThis.navigator?.permissions;
    if (!permissions) return undefined;
    for (const name of ['loopback-network', 'local-network-access']) {
        try {
            return await permissions.query({ name: name as PermissionName });
        } catch {
            // Not known under this name.
        }
    }
    return undefined;
}

/** Pages that come from this machine cross no boundary, so the permission does not concern them. */
export function pageIsLoopback(): boolean {
    const host = globalThis.location?.hostname ?? '';
    return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(\.\d+){3}$/.test(host);
}
