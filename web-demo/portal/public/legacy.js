// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The few commands of the old wire that the flows on the migration page need, with callbacks, as pages have them.

const fieldsOf = {
    Reset: [],
    SelectCertificateFromTokenByUI: ['issuer', 'keyUsages'],
    SelectCertificateFromWindowsByUI: ['issuer', 'keyUsages'],
    GetSelectedCertificate: [],
    Sign: ['data', 'hash'],
    CmsSign: ['data', 'attach', 'hash'],
    CmsDecrypt: ['cipher'],
};
const info = Array.from(crypto.getRandomValues(new Uint8Array(15)), (byte) => 'abcdefghijklmnopqrstuvwxyz'[byte % 26]).join('');

/** One object for the page: a reply finds its callback by the command's name alone. */
export class Dastine {
    onTrace = (/** @type {object} */ _traced) => undefined;
    onLost = () => undefined;
    #url;
    #socket;
    #callbacks = new Map();

    constructor(url) {
        this.#url = url;
        for (const [command, fields] of Object.entries(fieldsOf)) {
            this[command] = (...given) => {
                this.#callbacks.set(command, given.pop());
                const values = fields.map((name, at) => [name, given[at]]);
                this.#send({ command, src: 'dastine.js', ...Object.fromEntries(values), info });
            };
        }
    }

    #send(message) {
        if (this.#socket?.readyState !== WebSocket.OPEN) {
            this.#open(message);
            return;
        }
        this.onTrace({ direction: 'sent', kind: 'json', message });
        this.#socket.send(JSON.stringify(message));
    }

    #open(first) {
        this.#socket = new WebSocket(this.#url);
        this.#socket.onopen = () => this.#send(first);
        this.#socket.onclose = () => this.onLost();
        this.#socket.onmessage = ({ data }) => {
            const message = JSON.parse(data);
            this.onTrace({ direction: 'received', kind: 'json', message });
            this.#callbacks.get(message.command)?.({ data: message });
        };
    }
}
