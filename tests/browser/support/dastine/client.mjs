// SPDX-License-Identifier: Apache-2.0
// A page script that behaves on the wire as one of the four known generations of the public Dastine client does. One
// engine; what tells the generations apart is the table below. It runs in pages and, for its own tests, in Node.
import { commandsOf } from './commands.mjs';
import { Journal } from './journal.mjs';
import { base64ToUnicode } from './text.mjs';

export const generations = {
    // G0 drops what is asked while something is open, and counts as installed only once it knows the version.
    G0: { busyFlag: true, firstCommands: ['GetVersion', 'SetConfig'], probes: true, tries: 1, outdatedStops: true },
    G1: { firstCommands: ['SetConfig', 'GetVersion'], probes: true, usesTls: true, tries: 1, triesFallbackOnce: true },
    // Bundled as a module, where its timer does not find the script: one keep-alive is all that is ever sent.
    G2: { firstCommands: ['SetConfig', 'GetVersion'], usesTls: true, tries: 30, pauseMs: 1000, alternates: true, waitsForDocument: true, oneKeepAlive: true },
    G3: { firstCommands: ['SetConfig', 'GetVersion'], usesTls: true, tries: 5, pauseMs: 10_000, dedicatedPort: true, waitsForDocument: true },
};

const keepAliveMs = 60_000;
const pollMs = 500;
const retryMs = 100;
const sessionIdLength = 15;
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
// The longest answer that FindCertificateFromToken gives as a code.
const longestCode = 3;
const noReply = 'DastineIsAlive';
const watches = { SetTokenRemoveEvent: 'TokenRemoveHandler', SetTokenInsertEvent: 'TokenInsertHandler' };

function sessionId(storage) {
    let id = storage.getItem('session-id');
    if (id === null) {
        id = Array.from({ length: sessionIdLength }, () => alphabet[Math.floor(Math.random() * alphabet.length)]).join('');
        storage.setItem('session-id', id);
    }
    return id;
}

/**
 * `page`: `WebSocket`, `storage`, `https`, `isComplete()`, and `speed` for its timers. `settings`: `urls` {plain, tls, fallback,
 * dedicated}, `config`, `minimumVersion` (as portals leave it undefined for Linux), and `onInitialised`.
 */
export class LegacyClient {
    status = 'WAITING_FOR_DASTINE_SERVICE';
    installed = false;
    initialised = false;
    journal = new Journal();
    /** Where `TokenRemoveHandler` or `TokenInsertHandler` answering `0` leads. */
    onToken = {};
    #behaviour;
    #commands;
    #page;
    #settings;
    #sockets = [];
    #slots = new Map();
    #timers = new Map();
    #busy = false;
    #hasOpened = false;
    #ended = false;

    constructor(generation, settings, page = LegacyClient.browserPage()) {
        this.#behaviour = generations[generation];
        this.#commands = commandsOf[generation];
        this.#settings = settings;
        this.#page = page;
        if (this.#behaviour.probes) this.#probe();
        this.open();
    }

    static browserPage() {
        return {
            WebSocket: globalThis.WebSocket,
            storage: globalThis.sessionStorage,
            https: globalThis.location.protocol === 'https:',
            isComplete: () => globalThis.document.readyState === 'complete',
            speed: 1,
        };
    }

    get #socket() {
        return this.#sockets.at(-1);
    }

    /** Every call opens one more socket; the newest is used, the older ones stay open and silent. */
    open() {
        const { dedicated } = this.#settings.urls;
        const first = this.#behaviour.dedicatedPort && dedicated ? [dedicated] : this.#defaultUrls();
        this.#connect(first, 1);
    }

    /** Sends a command with its arguments in order; an argument that is left out is not sent. False where it was dropped. */
    call(command, args = [], callback = () => undefined) {
        if (this.#behaviour.busyFlag && this.#busy) {
            this.journal.drop(command);
            return false;
        }
        if (this.#behaviour.outdatedStops && this.status === 'DASTINE_VERSION_OUTDATED') return false;
        const fields = this.#commands[command] ?? [];
        const message = { command, src: 'dastine.js' };
        fields.forEach((name, at) => (message[name] = args[at]));
        if (command === 'CmsSign' && !message.hash) message.hash = 'SHA1';
        if (command === 'Reset') this.#clearTimers(Object.values(watches));
        this.#slots.set(command, callback);
        this.#sendWhenReady(message);
        return true;
    }

    /** For tests: the next `Result` of this command, or 'dropped'. */
    ask(command, ...args) {
        return new Promise((resolve) => {
            const sent = this.call(command, args, (event) => resolve(event.data.Result));
            if (!sent) resolve('dropped');
        });
    }

    /** For tests: whatever text, as it is. */
    sendText(text) {
        this.#socket.send(text);
    }

    get sockets() {
        return this.#sockets;
    }

    close() {
        this.#ended = true;
        this.#clearTimers([...this.#timers.keys()]);
        for (const socket of this.#sockets) socket.close();
    }

    #defaultUrls() {
        const { plain, tls, fallback } = this.#settings.urls;
        if (!this.#page.https || !this.#behaviour.usesTls) return [plain];
        return this.#behaviour.alternates || this.#behaviour.triesFallbackOnce ? [tls, fallback] : [tls];
    }

    #probe() {
        const socket = new this.#page.WebSocket(this.#settings.urls.plain);
        socket.onopen = () => socket.close();
        socket.onerror = () => undefined;
    }

    #connect(urls, attempt) {
        const socket = new this.#page.WebSocket(urls[(attempt - 1) % urls.length]);
        this.#sockets.push(socket);
        let opened = false;
        socket.onopen = () => {
            opened = true;
            this.#opened();
        };
        socket.onmessage = ({ data }) => this.#receive(data);
        socket.onerror = () => undefined;
        socket.onclose = () => {
            if (this.#ended) return;
            if (opened) this.#lost(socket);
            else this.#failed(socket, urls, attempt);
        };
    }

    #opened() {
        const behaviour = this.#behaviour;
        if (!behaviour.busyFlag) this.installed = true;
        this.#transmit({ command: noReply, src: 'dastine.js' });
        if (!behaviour.oneKeepAlive) this.#every(noReply, keepAliveMs, () => this.#transmit({ command: noReply, src: 'dastine.js' }));
        if (this.#hasOpened) return;
        this.#hasOpened = true;
        const [first, second] = behaviour.firstCommands;
        this.#introduce(first, () => this.#introduce(second, () => this.#introduced()));
    }

    #introduce(command, next) {
        const args = command === 'SetConfig' ? [this.#settings.config] : [];
        this.call(command, args, ({ data }) => {
            if (command === 'GetVersion' && !this.#versionFits(data.Result)) return;
            next();
        });
    }

    // Compared as text, character by character, as every generation does; `undefined` is no text that anything is below.
    #versionFits(version) {
        this.version = version;
        if (version < this.#settings.minimumVersion) {
            this.status = 'DASTINE_VERSION_OUTDATED';
            return !this.#behaviour.outdatedStops;
        }
        this.installed = true;
        return true;
    }

    #introduced() {
        this.initialised = true;
        this.status = '';
        this.#settings.onInitialised?.();
    }

    #lost(socket) {
        if (socket === this.#socket) this.status = 'DASTINE_SERVICE_IS_CLOSED';
    }

    #failed(socket, urls, attempt) {
        this.#sockets.splice(this.#sockets.indexOf(socket), 1);
        const { tries, pauseMs = 0, triesFallbackOnce } = this.#behaviour;
        const most = triesFallbackOnce ? urls.length : tries;
        if (attempt < most) {
            this.#after(pauseMs, () => this.#connect(urls, attempt + 1));
        } else if (urls[0] === this.#settings.urls.dedicated) {
            this.#connect(this.#defaultUrls(), 1);
        } else {
            this.status = 'DASTINE_PORTS_ARE_CLOSED';
        }
    }

    #sendWhenReady(message) {
        if (this.#ended) return;
        const isOpen = this.#socket?.readyState === 1;
        const mayBeSent = isOpen && (!this.#behaviour.waitsForDocument || this.#page.isComplete());
        if (!mayBeSent) {
            this.#after(retryMs, () => this.#sendWhenReady(message));
            return;
        }
        this.#busy = true;
        this.#transmit(message);
    }

    #transmit(message) {
        if (this.#socket?.readyState !== 1) return;
        const info = this.#hasOpened ? sessionId(this.#page.storage) : 'undefined';
        const text = JSON.stringify({ ...message, info });
        if (message.command !== noReply) this.journal.sent(message.command);
        this.#socket.send(text);
    }

    #receive(data) {
        if (typeof data !== 'string') {
            this.journal.fault('a binary frame');
            throw new TypeError('a binary frame');
        }
        const reply = JSON.parse(data);
        this.#busy = false;
        this.journal.received(reply);
        const callback = this.#slots.get(reply.command);
        if (callback === undefined) return;
        const { command } = reply;
        if (command.startsWith('SelectCertificate')) this.#clearTimers(['TokenRemoveHandler']);
        if (command in watches && reply.Result === '0') this.#watch(watches[command]);
        if (command === 'FindCertificateFromToken' && reply.Result.length > longestCode) {
            // Throws on what is not plain base64, and then the page waits for ever.
            reply.Result = base64ToUnicode(reply.Result);
        }
        callback({ data: reply });
    }

    #watch(handler) {
        const happened = ({ data }) => {
            if (data.Result !== '0') return;
            this.#clearTimers([handler]);
            this.onToken[handler]?.();
        };
        this.#every(handler, pollMs, () => this.call(handler, [], happened));
    }

    #after(ms, action) {
        setTimeout(() => this.#ended || action(), ms / this.#page.speed);
    }

    #every(name, ms, action) {
        this.#clearTimers([name]);
        this.#timers.set(name, setInterval(action, ms / this.#page.speed));
    }

    #clearTimers(names) {
        for (const name of names) {
            clearInterval(this.#timers.get(name));
            this.#timers.delete(name);
        }
    }
}
