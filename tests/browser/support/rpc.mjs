// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import WebSocket from 'ws';

const answerTimeoutMs = 180_000;

/** Requests and replies by id over a WebSocket: what CDP and WebDriver BiDi have in common. */
export class Rpc {
    #socket;
    #nextId = 1;
    #pending = new Map();
    #listeners = new Set();

    static async connect(url) {
        const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: 256 * 1024 * 1024 });
        await once(socket, 'open');
        return new Rpc(socket);
    }

    constructor(socket) {
        this.#socket = socket;
        socket.on('message', (data) => this.#receive(JSON.parse(data.toString('utf8'))));
        socket.on('close', () => {
            for (const { reject } of this.#pending.values()) reject(new Error('the browser closed the connection'));
            this.#pending.clear();
        });
    }

    call(method, params = {}, extra = {}) {
        const id = this.#nextId++;
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => {
                this.#pending.delete(id);
                reject(new Error(`${method}: no answer from the browser`));
            }, answerTimeoutMs);
            const settle = (action) => (value) => {
                clearTimeout(timer);
                action(value);
            };
            this.#pending.set(id, { resolve: settle(resolve), reject: settle(reject) });
            this.#socket.send(JSON.stringify({ id, method, params, ...extra }));
        });
    }

    /** Calls `listener(method, params)` for every event; the result takes it away. */
    onEvent(listener) {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
    }

    close() {
        this.#socket.terminate();
    }

    #receive(message) {
        const pending = this.#pending.get(message.id);
        if (pending) {
            this.#pending.delete(message.id);
            if (message.error) {
                const text = typeof message.error === 'string' ? `${message.error}: ${message.message}` : JSON.stringify(message.error);
                pending.reject(new Error(text));
            } else {
                pending.resolve(message.result);
            }
        } else if (message.method) {
            for (const listener of this.#listeners) listener(message.method, message.params, message.sessionId);
        }
    }
}

/** The source of a function applied to a value, whose result comes back as JSON text. */
export function expression(action, argument) {
    return `(async () => {
        try {
            return JSON.stringify({ value: await (${action})(${JSON.stringify(argument ?? null)}) });
        } catch (error) {
            const { name, message, code, details } = error;
            return JSON.stringify({ error: { name, message, code, details } });
        }
    })()`;
}

/** What an expression gave; an error of the page is thrown here with its code. */
export function outcome(text) {
    const { value, error } = JSON.parse(text);
    if (error) throw Object.assign(new Error(error.message), { pageError: true, name: error.name, code: error.code, details: error.details });
    return value;
}
