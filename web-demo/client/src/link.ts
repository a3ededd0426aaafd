// SPDX-License-Identifier: Apache-2.0
import { Connection, aborted, type Traced } from './connection.js';
import { MohrError } from './errors.js';
import { Emitter } from './events.js';
import { openTimeoutMs, retryAttempts, retryIntervalMs } from './limits.js';
import { leftUndecided, loopbackPermission, openSocket, type OpenAttempt } from './opening.js';
import type { Access, ServiceInfo, ServiceNotifications } from './protocol.js';

/** `prefer-…` tries the other transport where the first does not open. */
export type Transport = 'ws' | 'wss' | 'prefer-ws' | 'prefer-wss';

export interface LinkSettings {
    ws: string;
    wss: string;
    transport: Transport;
    /** Reconnect by itself when an open connection ends. */
    reconnect: boolean;
    retryIntervalMs: number;
    retryAttempts: number;
    openTimeoutMs: number;
    WebSocket: typeof WebSocket;
}

export type LinkState =
    | { name: 'idle' }
    /** `browserAsking`: the socket stays silent, so the browser is probably asking its user. */
    | { name: 'connecting'; browserAsking: boolean }
    | { name: 'open'; transport: 'ws' | 'wss'; info: ServiceInfo }
    /** Between two attempts; `attempt` of `attempts` failed. */
    | { name: 'waiting'; attempt: number; attempts: number; reason: LinkEnd }
    /** No more attempts by itself: call `connect()` from a click. */
    | { name: 'gave-up'; reason: LinkEnd };

export type LinkEnd = 'unreachable' | 'switched_off' | 'stopping' | 'lost';

export interface LinkEvents extends ServiceNotifications {
    state: LinkState;
    trace: Traced;
}

export function defaultSettings(): LinkSettings {
    return {
        ws: 'ws://127.0.0.1:51356/v1',
        wss: 'wss://localhost:51357/v1',
        transport: 'prefer-ws',
        reconnect: true,
        retryIntervalMs,
        retryAttempts,
        openTimeoutMs,
        WebSocket: globalThis.WebSocket,
    };
}

/** Keeps at most one connection, opens it again when it is lost, and says at any time where it stands. */
export class Link extends Emitter<LinkEvents> {
    readonly settings: LinkSettings;
    #state: LinkState = { name: 'idle' };
    #connection: Connection | undefined;
    #opening: { promise: Promise<Connection>; stop: AbortController } | undefined;
    #retryTimer: ReturnType<typeof setTimeout> | undefined;
    #failedAttempts = 0;
    #end: LinkEnd = 'unreachable';
    #permission: PermissionStatus | undefined;
    lastAttempts: OpenAttempt[] = [];

    constructor(settings: LinkSettings) {
        super();
        this.settings = settings;
    }

    get state(): LinkState {
        return this.#state;
    }

    /** The open connection, or a new one. Several callers share one attempt. */
    connect(signal?: AbortSignal): Promise<Connection> {
        if (this.#connection?.open) return Promise.resolve(this.#connection);
        this.#failedAttempts = 0;
        return this.#shared(signal);
    }

    /** Asks again what the service says of itself and of this site; silence, for one, comes and goes unannounced. */
    async refreshInfo(): Promise<void> {
        const connection = this.#connection;
        if (this.#state.name !== 'open' || !connection) return;
        const { info } = this.#state;
        Object.assign(info, (await connection.call('service.info', {})).value);
    }

    /** Ends the connection and every attempt to get one. */
    close(): void {
        clearTimeout(this.#retryTimer);
        this.#opening?.stop.abort();
        const connection = this.#connection;
        this.#connection = undefined;
        connection?.close();
        this.#enter({ name: 'idle' });
    }

    #shared(signal: AbortSignal | undefined): Promise<Connection> {
        clearTimeout(this.#retryTimer);
        if (!this.#opening) {
            const stop = new AbortController();
            const promise = this.#open(stop.signal).finally(() => (this.#opening = undefined));
            this.#opening = { promise, stop };
        }
        const { promise } = this.#opening;
        if (!signal) return promise;
        if (signal.aborted) return Promise.reject(aborted(signal));
        // One caller that gives up does not take the attempt away from the others.
        return new Promise((resolve, reject) => {
            const onAbort = () => reject(aborted(signal));
            signal.addEventListener('abort', onAbort, { once: true });
            promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
        });
    }

    async #open(signal: AbortSignal): Promise<Connection> {
        this.#enter({ name: 'connecting', browserAsking: false });
        void this.#watchPermission();
        this.lastAttempts = [];
        for (const transport of transports(this.settings.transport)) {
            const attempt = await openSocket(this.settings[transport], {
                WebSocket: this.settings.WebSocket,
                timeoutMs: this.settings.openTimeoutMs,
                signal,
                onPending: () => this.#enter({ name: 'connecting', browserAsking: true }),
            });
            this.lastAttempts.push(attempt);
            if (signal.aborted) {
                attempt.socket?.close();
                throw new MohrError('cancelled', 'the connection was given up');
            }
            if (attempt.socket) {
                const connection = await this.#greet(attempt.socket, transport);
                if (connection) return connection;
            }
            // The other URL would only wait for the same answer.
            if (leftUndecided(attempt) && (await loopbackPermission())?.state === 'prompt') break;
        }
        this.#end = 'unreachable';
        this.#retryOrGiveUp();
        throw new MohrError('not_connected', 'the service cannot be reached');
    }

    async #greet(socket: WebSocket, transport: 'ws' | 'wss'): Promise<Connection | undefined> {
        let current: ServiceInfo | undefined;
        let end: LinkEnd = 'lost';
        const connection: Connection = new Connection(socket, {
            onTrace: (traced) => this.emit('trace', traced),
            onNotification: (method, params) => {
                if (method === 'access.changed' && current) current.access = params['access'] as Access;
                if (method === 'service.stopping') end = params['reason'] === 'switched_off' ? 'switched_off' : 'stopping';
                this.emit(method as keyof ServiceNotifications, params as never);
            },
            onClose: () => {
                if (this.#connection !== connection) return;
                this.#connection = undefined;
                this.#end = end;
                this.#retryOrGiveUp();
            },
        });
        try {
            // The first message also keeps the service from closing a connection that stays silent.
            const { value } = await connection.call('service.info', {});
            const info = value as unknown as ServiceInfo;
            current = info;
            this.#connection = connection;
            this.#failedAttempts = 0;
            this.#enter({ name: 'open', transport, info });
            return connection;
        } catch {
            connection.close();
            return undefined;
        }
    }

    #retryOrGiveUp(): void {
        const { reconnect, retryAttempts: attempts } = this.settings;
        if (!reconnect || this.#failedAttempts >= attempts) {
            this.#enter({ name: 'gave-up', reason: this.#end });
            return;
        }
        const attempt = ++this.#failedAttempts;
        this.#enter({ name: 'waiting', attempt, attempts, reason: this.#end });
        this.#retryTimer = setTimeout(() => {
            this.#shared(undefined).catch(() => undefined);
        }, this.settings.retryIntervalMs);
    }

    async #watchPermission(): Promise<void> {
        if (this.#permission) return;
        const permission = await loopbackPermission();
        if (!permission || this.#permission) return;
        this.#permission = permission;
        // A browser may have given the waiting socket up before its user pressed "Allow".
        permission.addEventListener('change', () => {
            const waits = this.#state.name === 'waiting' || this.#state.name === 'gave-up';
            if (permission.state === 'granted' && waits) this.connect().catch(() => undefined);
        });
    }

    #enter(state: LinkState): void {
        this.#state = state;
        this.emit('state', state);
    }
}

function transports(transport: Transport): ('ws' | 'wss')[] {
    switch (transport) {
        case 'ws':
        case 'wss':
            return [transport];
        case 'prefer-ws':
            return ['ws', 'wss'];
        case 'prefer-wss':
            return ['wss', 'ws'];
    }
}
