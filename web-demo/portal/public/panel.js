// SPDX-License-Identifier: Apache-2.0
import { make } from './dom.js';
import { forms } from './forms.js';
import { size, text } from './language.js';
import { explain, failureOf, resultOf } from './outcome.js';

/** One action: its form, its button, how far it is, and what came out. */
export class Panel {
    element;
    #name;
    #tools;
    #onLogin;
    #form;
    #status;
    #bar;
    #output;
    #runButton;
    #cancelButton;
    #stop;
    #shown;

    constructor(name, tools, onLogin) {
        this.#name = name;
        this.#tools = tools;
        this.#onLogin = onLogin;
        this.#form = forms[name];
        this.#build(undefined);
    }

    /** Builds itself again in the new language; what the person typed and what came out stay. */
    translate() {
        this.#build(this.#form.values(this.element));
    }

    #build(values) {
        const label = (key) => text(`actions.${this.#name}.${key}`);
        this.#runButton = make('button', { type: 'submit', class: 'primary' }, label('run'));
        this.#cancelButton = make('button', { type: 'button', hidden: this.#stop === undefined, onclick: () => this.#stop?.abort() }, text('cancel'));
        this.#runButton.disabled = this.#stop !== undefined;
        this.#status = make('p', { class: 'working', 'aria-live': 'polite' });
        this.#bar = make('progress', { hidden: true, 'aria-label': text('working') });
        this.#output = make('div', { class: 'output', 'aria-live': 'polite' });
        const fields = this.#form.fields(label, values);
        const form = make(
            'form',
            { novalidate: true, onsubmit: (event) => this.#submit(event) },
            ...fields,
            make('div', { class: 'row buttons' }, this.#runButton, this.#cancelButton),
        );
        const element = make(
            'section',
            { class: 'card action', 'data-action': this.#name },
            make('h1', {}, label('title')),
            make('p', { class: 'lead' }, label('lead')),
            form,
            this.#status,
            this.#bar,
            this.#output,
        );
        this.element?.replaceWith(element);
        this.element = element;
        this.#shown?.();
    }

    async #submit(event) {
        event.preventDefault();
        if (this.#stop) return;
        const missing = this.#form.missing(this.element);
        for (const field of this.element.querySelectorAll('[aria-invalid]')) field.removeAttribute('aria-invalid');
        if (missing) {
            missing.setAttribute('aria-invalid', 'true');
            missing.focus();
            this.#show(() => this.#showFailure(text('required')));
            return;
        }
        this.#begin();
        try {
            const result = await this.#form.run(this.#tools, this.element, this.#options());
            if (this.#name === 'login' && result.valid) this.#onLogin(result.signer);
            this.#show(() => this.#showResult(result));
        } catch (error) {
            this.#show(() => this.#showFailure(explain(error), error?.code));
        } finally {
            this.#end();
        }
    }

    #options() {
        return {
            signal: this.#stop.signal,
            onConsent: (state) => (this.#status.textContent = text(state === 'shown' ? 'promptShown' : 'promptQueued')),
            onProgress: ({ phase, done, total }) => {
                this.#bar.hidden = false;
                if (total) {
                    this.#bar.max = total;
                    this.#bar.value = done;
                }
                if (done === total && phase === 'upload') return;
                const values = { done: size(done), total: size(total ?? done) };
                this.#status.textContent = text(phase === 'upload' ? 'uploading' : 'serving', values);
            },
        };
    }

    #begin() {
        this.#stop = new AbortController();
        this.#runButton.disabled = true;
        this.#cancelButton.hidden = false;
        this.#bar.hidden = true;
        this.#bar.removeAttribute('value');
        this.#status.textContent = text('working');
        this.#shown = undefined;
        this.#output.replaceChildren();
        this.element.dataset.outcome = 'running';
    }

    #end() {
        this.#stop = undefined;
        this.#runButton.disabled = false;
        this.#cancelButton.hidden = true;
        this.#bar.hidden = true;
        this.#status.textContent = '';
    }

    #show(render) {
        this.#shown = () => {
            this.#output.replaceChildren();
            render();
        };
        this.#shown();
    }

    #showFailure(message, code) {
        this.element.dataset.outcome = 'failed';
        this.element.dataset.code = code ?? '';
        this.#output.append(failureOf(message, code));
    }

    #showResult(result) {
        const described = this.#form.describe(result);
        this.element.dataset.outcome = (described.valid ?? true) ? 'good' : 'bad';
        this.element.dataset.code = '';
        this.#output.append(...resultOf(described));
    }
}
