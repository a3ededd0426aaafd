// SPDX-License-Identifier: Apache-2.0

/** What a legacy client sent and got: which replies are missing, doubled or misshapen, and how long each took. */
export class Journal {
    /** Replies with their times, in order: `{ command, result, ms }`. */
    replies = [];
    dropped = [];
    faults = [];
    #open = new Map();

    sent(command) {
        if (!this.#open.has(command)) this.#open.set(command, []);
        this.#open.get(command).push(performance.now());
    }

    received(reply) {
        const { command, Result: result } = reply;
        if (typeof command !== 'string') this.fault('a reply without a command');
        if (typeof result !== 'string') this.fault(`${command}: Result is ${typeof result}`);
        // Replies of one name come in the order of their requests, so the oldest open one is meant.
        const since = this.#open.get(command)?.shift();
        if (since === undefined) this.fault(`${command}: a reply nobody asked for`);
        this.replies.push({ command, result: String(result).slice(0, 40), ms: performance.now() - since });
    }

    drop(command) {
        this.dropped.push(command);
    }

    fault(what) {
        this.faults.push(what);
    }

    /** Commands that have had no reply yet, once for each request. */
    get missing() {
        return [...this.#open].flatMap(([command, since]) => since.map(() => command));
    }

    report() {
        return { replies: this.replies, dropped: this.dropped, faults: this.faults, missing: this.missing };
    }
}
