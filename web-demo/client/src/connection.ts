// SPDX-License-Identifier: Apache-2.0
import { Download } from './download.js';
import { MohrError, errorFromWire } from './errors.js';
import { bufferedBytes, cancelGraceMs, jsonMessageBytes } from './limits.js';
import { messagesOf, type Content } from './upload.js';

export interface CallOptions {
    signal?: AbortSignal | undefined;
    onConsent?: ((state: 'queued' | 'shown') => void) | undefined;
    onProgress?: ((done: number, total: number) => void) | undefined;
}

/** One message as it passed, for a page that wants to show what happens. */
export type Traced =
    | { direction: 'sent' | 'received'; kind: 'json'; message: Record<string, unknown> }
    | { direction: 'sent' | 'received'; kind: 'binary'; stream: number; bytes: number };

export interface ConnectionHooks {
    onNotification(method: string, params: Record<string, unknown>): void;
    onClose(code: number): void;
    onTrace(traced: Traced): void;
}

interface Pending {
    resolve(result: CallResult): void;
    reject(error: MohrError): void;
    options: CallOptions;
}

interface Upload {
    credit: number;
    wake: (() => void) | undefined;
}

export interface CallResult {
    value: Record<string, unknown>;
    /** Present where the result is a stream; registered before the first byte can arrive. */
    download: Download | undefined;
}

const streamHeaderBytes = 4;

/** JSON-RPC and streams over one open WebSocket. It ends with the socket and is never opened again. */
export class Connection {
    readonly #socket: WebSocket;
    readonly #hooks: ConnectionHooks;
    readonly #pending = new Map<number, Pending>();
    readonly #uploads = new Map<number, Upload>();
    readonly #downloads = new Map<number, Download>();
    #nextId = 1;
    #closed = false;

    constructor(socket: WebSocket, hooks: ConnectionHooks) {
        this.#socket = socket;
        this.#hooks = hooks;
        socket.binaryType = 'arraybuffer';
        socket.onmessage = (event: MessageEvent) => this.#receive(event.data);
        socket.onclose = (event: CloseEvent) => this.#end(event.code);
        socket.onerror = () => undefined; // A close follows on an open socket and says the same.
    }

    get open(): boolean {
        return !this.#closed && this.#socket.readyState === 1;
    }

    get url(): string {
        return this.#socket.url;
    }

    close(): void {
        this.#socket.close(1000);
        this.#end(1000);
    }

    /**
     * Sends a request and resolves with its reply. After an abort the reply is still waited for, a few seconds at
     * most: the service may have acted before it heard, and the page should learn that.
     */
    call(method: string, params: object, options: CallOptions = {}): Promise<CallResult> {
        const { signal } = options;
        if (signal?.aborted) return Promise.reject(aborted(signal));
        if (!this.open) return Promise.reject(new MohrError('not_connected', 'there is no connection'));
        const id = this.#nextId++;
        const text = JSON.stringify({ jsonrpc: '2.0', id, method, params });
        if (text.length > jsonMessageBytes) {
            return Promise.reject(
                new MohrError('limit_exceeded', 'the request is too large', { limit: 'message', max: jsonMessageBytes }),
            );
        }
        return new Promise<CallResult>((resolve, reject) => {
            let grace: ReturnType<typeof setTimeout> | undefined;
            const onAbort = () => {
                this.#notify('$/cancel', { id });
                grace = setTimeout(() => settle(() => reject(aborted(signal))), cancelGraceMs);
            };
            const settle = (action: () => void) => {
                clearTimeout(grace);
                signal?.removeEventListener('abort', onAbort);
                action();
            };
            signal?.addEventListener('abort', onAbort, { once: true });
            this.#pending.set(id, {
                resolve: (result) => settle(() => resolve(result)),
                reject: (error) => settle(() => reject(error)),
                options,
            });
            this.#sendText(text, { jsonrpc: '2.0', id, method, params });
        });
    }

    async openUpload(size: number | undefined): Promise<number> {
        const { value } = await this.call('stream.open', {
            direction: 'upload',
            ...(size === undefined ? {} : { size }),
        });
        const { stream, credit } = value;
        if (typeof stream !== 'number' || typeof credit !== 'number') {
            throw new MohrError('protocol_violation', 'stream.open was answered without a stream');
        }
        return stream;
    }

    /** Sends everything the content has, then closes the stream. Ends early, with an error, when aborted. */
    async upload(
        stream: number,
        content: Content,
        onSent: (bytes: number) => void,
        signal: AbortSignal,
    ): Promise<void> {
        let sent = 0;
        try {
            for await (const message of messagesOf(content)) {
                let at = 0;
                while (at < message.byteLength) {
                    const room = await this.#roomToSend(stream, message.byteLength - at, signal);
                    this.#sendBytes(stream, message.subarray(at, at + room));
                    at += room;
                    sent += room;
                    onSent(sent);
                }
            }
            await this.call('stream.close', { stream });
        } catch (error) {
            // Tells the service that no more will come; it has its own view of what that means for the call.
            if (this.open) this.closeStream(stream);
            throw error;
        } finally {
            this.#uploads.delete(stream);
        }
    }

    grantCredit(stream: number, bytes: number): void {
        if (this.open) this.#notify('stream.credit', { stream, bytes });
    }

    closeStream(stream: number): void {
        this.#downloads.delete(stream);
        if (this.open) this.call('stream.close', { stream }).catch(() => undefined);
    }

    async #roomToSend(stream: number, wanted: number, signal: AbortSignal): Promise<number> {
        for (;;) {
            if (signal.aborted) throw aborted(signal);
            if (!this.open) throw new MohrError('connection_lost', 'the connection ended during the upload');
            const upload = this.#uploads.get(stream);
            if (!upload) throw new MohrError('stream_error', 'the stream is closed');
            const unsent = this.#socket.bufferedAmount + wanted + streamHeaderBytes;
            // A message is not cut short for a little credit: that would end in messages of a few bytes.
            if (upload.credit >= wanted && unsent <= bufferedBytes) {
                upload.credit -= wanted;
                return wanted;
            }
            await this.#creditOrTime(upload, signal, unsent > bufferedBytes);
        }
    }

    #creditOrTime(upload: Upload, signal: AbortSignal, timed: boolean): Promise<void> {
        // Browsers tell of credit but not of a drained buffer: that one has to be looked at now and then.
        return new Promise((resolve) => {
            const timer = timed ? setTimeout(() => done(), 5) : undefined;
            const done = () => {
                clearTimeout(timer);
                upload.wake = undefined;
                signal.removeEventListener('abort', done);
                resolve();
            };
            upload.wake = done;
            signal.addEventListener('abort', done, { once: true });
        });
    }

    #sendText(text: string, message: Record<string, unknown>): void {
        this.#hooks.onTrace({ direction: 'sent', kind: 'json', message });
        this.#socket.send(text);
    }

    #notify(method: string, params: object): void {
        if (!this.open) return;
        const message = { jsonrpc: '2.0', method, params };
        this.#sendText(JSON.stringify(message), message);
    }

    #sendBytes(stream: number, bytes: Uint8Array): void {
        const frame = new Uint8Array(streamHeaderBytes + bytes.byteLength);
        new DataView(frame.buffer).setUint32(0, stream);
        frame.set(bytes, streamHeaderBytes);
        this.#hooks.onTrace({ direction: 'sent', kind: 'binary', stream, bytes: bytes.byteLength });
        this.#socket.send(frame);
    }

    #receive(data: unknown): void {
        if (data instanceof ArrayBuffer) {
            this.#receiveBytes(data);
            return;
        }
        let message: Record<string, unknown>;
        try {
            message = JSON.parse(String(data)) as Record<string, unknown>;
        } catch {
            this.#violation('a message is not JSON');
            return;
        }
        this.#hooks.onTrace({ direction: 'received', kind: 'json', message });
        if (typeof message['method'] === 'string') {
            const params = message['params'];
            this.#receiveNotification(message['method'], (params ?? {}) as Record<string, unknown>);
        } else {
            this.#receiveReply(message);
        }
    }

    #receiveReply(message: Record<string, unknown>): void {
        const id = message['id'];
        const pending = typeof id === 'number' ? this.#pending.get(id) : undefined;
        if (!pending) return;
        this.#pending.delete(id as number);
        if (message['error'] !== undefined) {
            pending.reject(errorFromWire(message['error']));
            return;
        }
        const value = (message['result'] ?? {}) as Record<string, unknown>;
        let download: Download | undefined;
        // Streams are registered here and not by whoever awaits the reply: bytes or credit may be right behind it.
        const { stream, credit, size } = value;
        if (typeof stream === 'number' && typeof credit === 'number') {
            this.#uploads.set(stream, { credit, wake: undefined });
        } else if (typeof stream === 'number') {
            download = new Download(stream, typeof size === 'number' ? size : undefined, this);
            this.#downloads.set(stream, download);
        }
        pending.resolve({ value, download });
    }

    #receiveNotification(method: string, params: Record<string, unknown>): void {
        const stream = typeof params['stream'] === 'number' ? params['stream'] : -1;
        const call = typeof params['id'] === 'number' ? this.#pending.get(params['id']) : undefined;
        switch (method) {
            case 'stream.credit': {
                const upload = this.#uploads.get(stream);
                if (upload && typeof params['bytes'] === 'number') upload.credit += params['bytes'];
                upload?.wake?.();
                return;
            }
            case 'stream.end': {
                const download = this.#downloads.get(stream);
                this.#downloads.delete(stream);
                if (params['error'] !== undefined) download?.fail(errorFromWire(params['error']));
                else download?.end();
                return;
            }
            case 'consent.pending':
                call?.options.onConsent?.(params['state'] === 'shown' ? 'shown' : 'queued');
                break;
            case 'progress':
                if (typeof params['done'] === 'number' && typeof params['total'] === 'number') {
                    call?.options.onProgress?.(params['done'], params['total']);
                }
                break;
        }
        this.#hooks.onNotification(method, params);
    }

    #receiveBytes(data: ArrayBuffer): void {
        if (data.byteLength < streamHeaderBytes) {
            this.#violation('a binary message is too short');
            return;
        }
        const stream = new DataView(data).getUint32(0);
        const bytes = new Uint8Array(data, streamHeaderBytes);
        this.#hooks.onTrace({ direction: 'received', kind: 'binary', stream, bytes: bytes.byteLength });
        // Bytes of a download that the page has closed may still be under way.
        this.#downloads.get(stream)?.push(bytes);
    }

    #violation(text: string): void {
        this.#failAll(new MohrError('protocol_violation', text));
        this.close();
    }

    #end(code: number): void {
        if (this.#closed) return;
        this.#closed = true;
        this.#failAll(new MohrError('connection_lost', 'the connection to the service ended'));
        this.#hooks.onClose(code);
    }

    #failAll(error: MohrError): void {
        for (const pending of [...this.#pending.values()]) pending.reject(error);
        for (const download of [...this.#downloads.values()]) download.fail(error);
        for (const upload of [...this.#uploads.values()]) upload.wake?.();
        this.#pending.clear();
        this.#downloads.clear();
    }
}

export function aborted(signal: AbortSignal | undefined): MohrError {
    const reason: unknown = signal?.reason;
    if (reason instanceof MohrError) return reason;
    return new MohrError('cancelled', 'the page cancelled the request', {}, reason);
}
