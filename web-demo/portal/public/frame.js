// SPDX-License-Identifier: Apache-2.0
// What the portal's pages have in common: status line, tabs, language and theme.
import { remedies } from '/client/index.js';
import { make } from './dom.js';
import { currentLanguage, number, switchLanguage, text } from './language.js';

export const byId = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);

/** The line that says whether Mohr can be reached and what helps. */
export class StatusLine {
    #mohr;
    #diagnosis;

    constructor(mohr) {
        this.#mohr = mohr;
        this.#show('connecting', text('connecting'), '', false);
        mohr.on('state', (state) => {
            // What ended an attempt is looked into once the attempt is over; a waiting socket is left alone.
            if (state.name === 'open') void this.diagnose(false);
            else if (state.name === 'waiting' && this.#diagnosis?.state === 'ready') this.#noteLoss();
            else this.refresh();
        });
        mohr.on('access.changed', () => void this.diagnose(false));
        byId('connect').addEventListener('click', () => void this.diagnose(true));
    }

    async diagnose(interactive) {
        this.#diagnosis = await this.#mohr.diagnose({ interactive });
        this.refresh();
    }

    refresh() {
        const state = this.#mohr.state;
        if (state.name === 'connecting') {
            this.#show('connecting', text('connecting'), state.browserAsking ? text('browserAsking') : '', false);
            return;
        }
        if (!this.#diagnosis) return;
        const remedy = this.#diagnosis.remedy[currentLanguage()];
        if (this.#diagnosis.state === 'ready' && state.name === 'open') {
            const values = { transport: state.transport, version: state.info.version };
            this.#show('ready', remedy.title, text('readyText', values), false);
            return;
        }
        const off = state.reason === 'switched_off' ? text('switchedOff') : remedy.text;
        const retry = state.name === 'waiting' ? ` ${text('waiting', { attempt: number(state.attempt), attempts: number(state.attempts) })}` : '';
        this.#show(this.#diagnosis.state, remedy.title, off + retry, true);
    }

    // The remedy for a lost connection is the same whatever ended it, and asking again would open another socket.
    #noteLoss() {
        this.#diagnosis = { ...this.#diagnosis, state: 'not-running', remedy: remedies['not-running'] };
        this.refresh();
    }

    #show(state, title, explanation, canConnect) {
        byId('status').dataset.state = state;
        byId('status-title').textContent = title;
        byId('status-text').textContent = explanation;
        byId('connect').hidden = !canConnect;
    }
}

/** The tabs of a page; the part of the address after `#` names the one that is shown. */
export class Tabs {
    #names;
    #active;
    #show;

    /** `show(name)` gives the element of a tab. */
    constructor(names, show) {
        this.#names = names;
        this.#show = show;
        const wanted = location.hash.slice(1);
        this.#active = names.includes(wanted) ? wanted : names[0];
        byId('tabs').addEventListener('keydown', (event) => this.#onKey(event));
        window.addEventListener('hashchange', () => names.includes(location.hash.slice(1)) && this.select(location.hash.slice(1), false));
    }

    /** Builds the tabs with the labels of the language and shows the active one. */
    build(label) {
        byId('tabs').replaceChildren(
            ...this.#names.map((name) =>
                make(
                    'button',
                    { id: `tab-${name}`, type: 'button', role: 'tab', 'aria-controls': 'panel', 'data-name': name, onclick: () => this.select(name, false) },
                    label(name),
                ),
            ),
        );
        this.select(this.#active, false);
    }

    select(name, focus) {
        this.#active = name;
        history.replaceState(null, '', `#${name}`);
        for (const tab of byId('tabs').children) {
            const selected = tab.dataset.name === name;
            tab.setAttribute('aria-selected', String(selected));
            tab.tabIndex = selected ? 0 : -1;
            if (selected && focus) tab.focus();
        }
        byId('panel').setAttribute('aria-labelledby', `tab-${name}`);
        byId('panel').replaceChildren(this.#show(name));
    }

    #onKey(event) {
        const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
        const names = this.#names;
        const at = names.indexOf(this.#active);
        const next = event.key === 'Home' ? 0 : event.key === 'End' ? names.length - 1 : step && at + step;
        if (next === undefined) return;
        event.preventDefault();
        this.select(names[(next + names.length) % names.length], true);
    }
}

function applyTheme(theme) {
    document.documentElement.dataset.theme = theme;
}

/** Wires the buttons for language and theme; `rebuild` puts the page into another language. */
export function startFrame(rebuild) {
    byId('language').addEventListener('click', () => {
        switchLanguage();
        rebuild();
    });
    byId('theme').addEventListener('click', () => {
        const dark = document.documentElement.dataset.theme === 'dark';
        localStorage.setItem('theme', dark ? 'light' : 'dark');
        applyTheme(dark ? 'light' : 'dark');
    });
    const darkSystem = matchMedia('(prefers-color-scheme: dark)').matches;
    applyTheme(query.get('theme') ?? localStorage.getItem('theme') ?? (darkSystem ? 'dark' : 'light'));
    rebuild();
}

/** How the page reaches Mohr: `?transport=` is for trying one of the two ways. */
export const wantedTransport = () => query.get('transport') ?? 'prefer-ws';
