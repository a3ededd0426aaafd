// SPDX-License-Identifier: Apache-2.0
// Speaks the frame of `/v1` without doing any of it: for tests of what the client does with good and bad answers.
import { once } from 'node:events';
import { WebSocketServer } from 'ws';

const streamHeaderBytes = 4;

export class FakeService {
    #server;
    #handlers;
    connections = [];
    requests = [];
    notifications = [];
    received = new Map();
    info = { protocol: 'mohr.v1', version: '0.1.0', origin: 'http://localhost', access: 'granted' };

    /** `handlers` maps a method to `(params, link, id) => result`; what throws an object is answered as its error. */
    static async start(t, handlers = {}, port = 0) {
        const server = new WebSocketServer({ port, host: '127.0.0.1', handleProtocols: () => 'mohr.v1', perMessageDeflate: false });
        await once(server, 'listening');
        const service = new FakeService(server, handlers);
        t.after(() => service.stop());
        return service;
    }

    constructor(server, handlers) {
        this.#server = server;
        this.#handlers = { 'service.info': () => this.info, 'stream.close': () => ({ size: 0 }), ...handlers };
        this.port = server.address().port;
        this.url = `ws://127.0.0.1:${this.port}/v1`;
        server.on('connection', (socket, request) => {
            this.onConnection?.(request);
            this.#accept(socket);
        });
    }

    #accept(socket) {
        this.connections.push(socket);
        const link = {
            socket,
            notify: (method, params) => socket.send(JSON.stringify({ jsonrpc: '2.0', method, params })),
            sendBytes: (stream, bytes) => {
                const frame = Buffer.alloc(streamHeaderBytes + bytes.length);
                frame.writeUInt32BE(stream);
                bytes.copy(frame, streamHeaderBytes);
                socket.send(frame);
            },
        };
        socket.on('message', (data, binary) => (binary ? this.#take(data) : void this.#answer(JSON.parse(data.toString()), link)));
    }

    #take(data) {
        const stream = data.readUInt32BE(0);
        const taken = this.received.get(stream) ?? [];
        taken.push(Buffer.from(data.subarray(streamHeaderBytes)));
        this.received.set(stream, taken);
        this.onBytes?.(stream, data.length - streamHeaderBytes);
    }

    async #answer(message, link) {
        if (message.id === undefined) {
            this.notifications.push(message);
            this.onNotification?.(message, link);
            return;
        }
        this.requests.push(message);
        const reply = { jsonrpc: '2.0', id: message.id };
        try {
            reply.result = await this.#handlers[message.method](message.params, link, message.id);
        } catch (error) {
            if (error instanceof Error) throw error;
            reply.error = error;
        }
        if (link.socket.readyState === 1) link.socket.send(JSON.stringify(reply));
    }

    bytesOf(stream) {
        return Buffer.concat(this.received.get(stream) ?? []);
    }

    async stop() {
        for (const socket of this.connections) socket.terminate();
        await new Promise((resolve) => this.#server.close(resolve));
    }
}

export const failure = (code, data = {}) => ({ code: -32000, message: 'refused', data: { code, id: 'abc', ...data } });
