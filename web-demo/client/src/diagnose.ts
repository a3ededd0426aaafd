// SPDX-License-Identifier: Apache-2.0
import { MohrError } from './errors.js';
import type { Link } from './link.js';
import { leftUndecided, loopbackPermission, openSocket, pageIsLoopback, type BrowserPermission, type OpenAttempt } from './opening.js';
import { subprotocol, type Access, type ServiceInfo } from './protocol.js';
import { remedies, type DiagnosisState, type Remedy } from './remedies.js';

export interface Diagnosis {
    state: DiagnosisState;
    /** What the person can do about it, in Persian and English. */
    remedy: { fa: Remedy; en: Remedy };
    permission: BrowserPermission;
    info: ServiceInfo | undefined;
    access: Access | undefined;
    /** What was tried, for a support page. */
    attempts: { url: string; outcome: string; closeCode: number | undefined; elapsedMs: number }[];
}

export interface DiagnoseOptions {
    /**
     * Connect even if the browser would ask its user. Pass true from a click only, after the page has said why;
     * without it that case is answered with `browser-permission-needed` and nothing is opened.
     */
    interactive?: boolean;
    /** Services older than this are `outdated`. */
    minimumVersion?: string;
    signal?: AbortSignal;
}

export async function diagnose(link: Link, options: DiagnoseOptions): Promise<Diagnosis> {
    const attempts: OpenAttempt[] = [];
    const finish = async (state: DiagnosisState, info?: ServiceInfo): Promise<Diagnosis> => ({
        state,
        remedy: remedies[state],
        permission: await permissionState(),
        info,
        access: info?.access,
        attempts: attempts.map(({ url, outcome, closeCode, elapsedMs }) => ({ url, outcome, closeCode, elapsedMs })),
    });

    // A connection that breaks at this question is looked into like any other that does not open.
    if (link.state.name === 'open') await link.refreshInfo().catch(() => undefined);
    if (link.state.name !== 'open') {
        const before = await permissionState();
        if (before === 'denied') return finish('browser-permission-denied');
        if (before === 'prompt' && !options.interactive) return finish('browser-permission-needed');
        try {
            await link.connect(options.signal);
        } catch (error) {
            if (error instanceof MohrError && error.code === 'cancelled' && options.signal?.aborted) throw error;
        }
        attempts.push(...link.lastAttempts);
    }
    const { state } = link;
    if (state.name === 'open') return finish(judge(state.info, options.minimumVersion), state.info);
    return finish(await explain(link, attempts));
}

function judge(info: ServiceInfo, minimumVersion: string | undefined): DiagnosisState {
    if (info.protocol !== subprotocol) return 'outdated';
    if (minimumVersion !== undefined && olderThan(info.version, minimumVersion)) return 'outdated';
    return info.access === 'denied' || info.access === 'silenced' ? 'blocked-for-this-site' : 'ready';
}

async function explain(link: Link, attempts: OpenAttempt[]): Promise<DiagnosisState> {
    // Asked again: the user may have said no while the sockets waited.
    const permission = await permissionState();
    if (permission === 'denied') return 'browser-permission-denied';
    if (attempts.some((attempt) => attempt.outcome === 'blocked-by-page')) return 'blocked-by-page-policy';
    if (permission === 'prompt' && attempts.some(leftUndecided)) return 'browser-permission-needed';
    // Only Firefox tells a bad certificate from a closed port. Elsewhere the plain port says whether anybody is there.
    if (attempts.some((attempt) => attempt.closeCode === 1015)) return 'certificate-not-trusted';
    if (link.settings.transport === 'wss' && (await answers(link, attempts))) return 'certificate-not-trusted';
    return 'not-running';
}

async function answers(link: Link, attempts: OpenAttempt[]): Promise<boolean> {
    const attempt = await openSocket(link.settings.ws, {
        WebSocket: link.settings.WebSocket,
        timeoutMs: link.settings.openTimeoutMs,
        signal: new AbortController().signal,
        onPending: () => undefined,
    });
    attempts.push(attempt);
    attempt.socket?.close();
    return attempt.outcome === 'open';
}

async function permissionState(): Promise<BrowserPermission> {
    const status = await loopbackPermission();
    if (!status) return 'unknown';
    // From a loopback page nothing is asked and nothing blocked, whatever the permission reads.
    return pageIsLoopback() ? 'unknown' : status.state;
}

/** Compares dotted numbers; anything behind a hyphen is a pre-release of what stands before it and is left out. */
export function olderThan(version: string, minimum: string): boolean {
    const parse = (text: string) => text.split('-', 1)[0]!.split('.').map(Number);
    const left = parse(version);
    const right = parse(minimum);
    for (let at = 0; at < Math.max(left.length, right.length); ++at) {
        const difference = (left[at] ?? 0) - (right[at] ?? 0);
        if (Number.isNaN(difference)) return true;
        if (difference !== 0) return difference < 0;
    }
    return false;
}
