// SPDX-License-Identifier: Apache-2.0
// @ts-check
import { make } from './dom.js';
import { size, text } from './language.js';

const shownAtMost = 120;
const longest = 48;

// A document in base64 would bury the message it is in.
const shorten = (_key, value) =>
    typeof value === 'string' && value.length > longest ? `${value.slice(0, 24)}… (${value.length})` : value;

/** The live view: one line a message; a run of binary messages of one stream is one line that counts. */
export class MessageView {
    #list;
    #last = undefined;
    #methods = new Map();

    constructor(list) {
        this.#list = list;
        this.clear();
    }

    clear() {
        this.#last = undefined;
        this.#list.replaceChildren(make('li', { class: 'empty', dir: 'auto' }, text('noMessages')));
    }

    add(traced) {
        const key = traced.kind === 'binary' ? `${traced.direction} ${traced.stream}` : undefined;
        if (key !== undefined && this.#last?.key === key) {
            this.#last.count += 1;
            this.#last.bytes += traced.bytes;
            this.#last.label.textContent = this.#binaryLabel(traced.stream);
            return;
        }
        const label = make('span', { class: 'what' });
        this.#last = { key, label, count: 1, bytes: traced.bytes ?? 0 };
        const arrow = make('span', { class: 'arrow', 'aria-hidden': 'true' }, traced.direction === 'sent' ? '→' : '←');
        let entry;
        if (traced.kind === 'binary') {
            label.textContent = this.#binaryLabel(traced.stream);
            entry = make('li', { class: `${traced.direction} binary` }, arrow, label);
        } else {
            label.textContent = this.#jsonLabel(traced);
            const details = make('pre', {}, JSON.stringify(traced.message, shorten, 2));
            const failed = traced.message.error !== undefined ? ' failed' : '';
            entry = make('li', { class: traced.direction + failed }, arrow, make('details', {}, make('summary', {}, label), details));
        }
        this.#append(entry);
    }

    #binaryLabel(stream) {
        return `binary ×${this.#last.count}, stream ${stream}, ${size(this.#last.bytes)}`;
    }

    #jsonLabel({ direction, message }) {
        if (message.method !== undefined) {
            if (direction === 'sent' && message.id !== undefined) this.#methods.set(message.id, message.method);
            return message.id === undefined ? message.method : `${message.method}  #${message.id}`;
        }
        const method = this.#methods.get(message.id) ?? '';
        this.#methods.delete(message.id);
        const outcome = message.error === undefined ? 'result' : (message.error.data?.code ?? 'error');
        return `${method}  #${message.id}  ${outcome}`;
    }

    #append(entry) {
        this.#list.querySelector('.empty')?.remove();
        const atEnd = this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < 40;
        this.#list.append(entry);
        while (this.#list.children.length > shownAtMost) this.#list.firstElementChild.remove();
        if (atEnd) this.#list.scrollTop = this.#list.scrollHeight;
    }
}
