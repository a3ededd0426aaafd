// SPDX-License-Identifier: Apache-2.0
import { showCode } from './code.js';
import { make } from './dom.js';
import { text } from './language.js';
import { MessageView } from './messages.js';
import { explain, failureOf, resultOf, signerFacts } from './outcome.js';

/** What went wrong on the old wire: its codes are all that it tells. */
function explainLegacy(reason) {
    if (typeof reason !== 'string') return explain(reason);
    return text(`migration.codes.${reason}`) ?? text('migration.otherCode', { code: reason });
}

/** One way of doing a flow: its code, a button that runs that code, what came out, and the messages it took. */
class Way {
    element;
    #kind;
    #run;
    #code;
    #button;
    #status;
    #output;
    #messages;
    #shown;
    #stop;
    #onLost;

    constructor(kind, code, run) {
        this.#kind = kind;
        this.#code = code;
        this.#run = run;
        this.build();
    }

    build() {
        const label = (key) => text(`migration.${this.#kind}.${key}`);
        const code = make('code', {});
        const list = make('ol', { class: 'messages', dir: 'ltr', tabindex: 0, 'aria-label': label('messages') });
        this.#messages ??= new MessageView(list);
        this.#messages.moveTo(list);
        showCode(code, [this.#code]);
        this.#button = make('button', { type: 'button', class: 'primary', onclick: () => void this.#start() }, text('run'));
        this.#button.disabled = this.#stop !== undefined;
        this.#status = make('p', { class: 'working', 'aria-live': 'polite' });
        this.#output = make('div', { class: 'output', 'aria-live': 'polite' });
        const element = make(
            'section',
            { class: 'card way', 'data-way': this.#kind },
            make('h2', {}, label('title')),
            make('pre', { dir: 'ltr', tabindex: 0, 'aria-label': text('codeTitle') }, code),
            make('div', { class: 'row buttons' }, this.#button, this.#status),
            this.#output,
            make('h3', {}, label('messages')),
            list,
        );
        if (this.element) element.dataset.outcome = this.element.dataset.outcome ?? '';
        this.element?.replaceWith(element);
        this.element = element;
        this.#shown?.();
    }

    trace(traced) {
        this.#messages.add(traced);
    }

    lost() {
        this.#onLost?.();
    }

    async #start() {
        this.#stop = new AbortController();
        this.#button.disabled = true;
        this.#status.textContent = text('working');
        this.#output.replaceChildren();
        this.#messages.clear();
        this.element.dataset.outcome = 'running';
        const options = {
            signal: this.#stop.signal,
            onConsent: (state) => (this.#status.textContent = text(state === 'shown' ? 'promptShown' : 'promptQueued')),
        };
        // The old wire has no answer of its own for a connection that is gone.
        const lost = new Promise((_resolve, reject) => (this.#onLost = () => reject('lost')));
        try {
            const result = await Promise.race([this.#run(options), lost]);
            this.#show(result.valid ? 'good' : 'bad', () => resultOf({ ...result, facts: signerFacts(result) }));
        } catch (error) {
            this.#show('failed', () => [failureOf(explainLegacy(error), typeof error === 'string' ? error : error?.code)]);
        } finally {
            this.#stop = undefined;
            this.#button.disabled = false;
            this.#status.textContent = '';
        }
    }

    #show(outcome, render) {
        this.#shown = () => this.#output.replaceChildren(...render());
        this.element.dataset.outcome = outcome;
        this.#shown();
    }
}

/** A flow in its two ways, side by side. */
export class Comparison {
    element;
    #name;

    constructor(name, flow, { mohr, dastine, backend, sealedTender }) {
        this.#name = name;
        const given = async () => ({ text: text('migration.levyText'), tender: flow.sealed ? await sealedTender() : undefined });
        this.legacy = new Way('legacy', flow.legacy, async () => {
            const values = await given();
            return new Promise((done, fail) => flow.legacy({ dastine, backend, done, fail, ...values }));
        });
        this.modern = new Way('modern', flow.modern, async (options) => flow.modern({ mohr, backend, options, ...(await given()) }));
        this.#build();
    }

    translate() {
        this.legacy.build();
        this.modern.build();
        this.#build();
    }

    #build() {
        const label = (key) => text(`migration.flows.${this.#name}.${key}`);
        const element = make(
            'div',
            { class: 'comparison', 'data-flow': this.#name },
            make('section', { class: 'card' }, make('h1', {}, label('title')), make('p', { class: 'lead' }, label('lead')), make('p', { class: 'change' }, label('change'))),
            make('div', { class: 'ways' }, this.legacy.element, this.modern.element),
        );
        this.element?.replaceWith(element);
        this.element = element;
    }
}
