// SPDX-License-Identifier: Apache-2.0
// @ts-check
import { make } from './dom.js';
import { size, text } from './language.js';

const shownAtMost = 120;
const longest = 48;

// A document in base64 would bury the message it is in.
const shorten = (_key, value) =>
    typeof value === 'string' && value.length > longest ? `${value.slice(0, 24)}… (${value.length})` : value;

// On the old wire a short answer is a code, and every code but 0 is a failure.
const longestLegacyCode = 3;
const isLegacyCode = ({ Result: result }) => result !== undefined && result.length <= longestLegacyCode && result !== '0';

/** The live view: one line a message; what belongs to one stream is a line that counts. */
export class MessageView {
    #list;
    #runs = new Map();
    #methods = new Map();

    constructor(list) {
        this.#list = list;
        this.clear();
    }

    /** Goes on in another list, as a page needs that is built again in another language. */
    moveTo(list) {
        if (list === this.#list) return;
        const isEmpty = this.#list.querySelector('.empty') !== null;
        list.append(...this.#list.children);
        this.#list = list;
        if (isEmpty) this.clear();
    }

    clear() {
        this.#runs.clear();
        this.#list.replaceChildren(make('li', { class: 'empty', dir: 'auto' }, text('noMessages')));
    }

    add(traced) {
        if (traced.kind === 'binary' || traced.message.method === 'stream.credit') {
            this.#addToRun(traced);
            return;
        }
        // What follows another message is a new run, so that the order of events can still be read.
        this.#runs.clear();
        const label = make('span', { class: 'what' }, this.#jsonLabel(traced));
        const details = make('pre', {}, JSON.stringify(traced.message, shorten, 2));
        const failed = traced.message.error !== undefined || isLegacyCode(traced.message) ? ' failed' : '';
        this.#append(traced.direction + failed, make('details', {}, make('summary', {}, label), details));
    }

    #addToRun(traced) {
        const binary = traced.kind === 'binary';
        const { stream, bytes } = binary ? traced : traced.message.params;
        const key = `${traced.direction} ${traced.kind} ${stream}`;
        let run = this.#runs.get(key);
        if (!run) {
            run = { label: make('span', { class: 'what' }), count: 0, bytes: 0 };
            this.#runs.set(key, run);
            this.#append(`${traced.direction} run`, run.label);
        }
        run.count += 1;
        run.bytes += bytes;
        run.label.textContent = `${binary ? 'binary' : 'stream.credit'} ×${run.count}, stream ${stream}, ${size(run.bytes)}`;
    }

    #jsonLabel({ direction, message }) {
        if (message.command !== undefined) {
            const { command, Result: result } = message;
            return result === undefined ? command : `${command}  ${result.length > longestLegacyCode ? 'payload' : result}`;
        }
        if (message.method !== undefined) {
            if (direction === 'sent' && message.id !== undefined) this.#methods.set(message.id, message.method);
            return message.id === undefined ? message.method : `${message.method}  #${message.id}`;
        }
        const method = this.#methods.get(message.id) ?? '';
        this.#methods.delete(message.id);
        const outcome = message.error === undefined ? 'result' : (message.error.data?.code ?? 'error');
        return `${method}  #${message.id}  ${outcome}`;
    }

    #append(kind, content) {
        this.#list.querySelector('.empty')?.remove();
        const atEnd = this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < 40;
        const [direction] = kind.split(' ');
        const arrow = make('span', { class: 'arrow', 'aria-hidden': 'true' }, direction === 'sent' ? '→' : '←');
        this.#list.append(make('li', { class: kind }, arrow, content));
        while (this.#list.children.length > shownAtMost) this.#list.firstElementChild.remove();
        if (atEnd) this.#list.scrollTop = this.#list.scrollHeight;
    }
}
