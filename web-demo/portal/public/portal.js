// SPDX-License-Identifier: Apache-2.0
import { Mohr, remedies } from '/client/index.js';
import * as actions from './actions.js';
import { backend } from './backend.js';
import { make } from './dom.js';
import { applyLanguage, currentLanguage, number, switchLanguage, text } from './language.js';
import { MessageView } from './messages.js';
import { Panel } from './panel.js';
import { showCode } from './code.js';

const byId = (id) => document.getElementById(id);
const tabNames = ['login', 'text', 'file', 'batch', 'seal', 'open', 'certificate'];
const codeOf = {
    login: [actions.logIn],
    text: [actions.signText],
    file: [actions.signFile],
    batch: [actions.signBatch],
    seal: [actions.sealToMyself, actions.sealToPortal],
    open: [actions.openSealed],
    certificate: [actions.getCertificate],
};

const config = await backend.get('/config.json');
const query = new URLSearchParams(location.search);
const mohr = new Mohr({ ws: config.ws, wss: config.wss, transport: query.get('transport') ?? 'prefer-ws' });
const messages = new MessageView(byId('messages'));
const panels = new Map();
let active = tabNames.includes(location.hash.slice(1)) ? location.hash.slice(1) : 'login';
let visitor = (await backend.get('/api/session')).signer;
let diagnosis;

function showStatus(state, title, explanation, canConnect) {
    byId('status').dataset.state = state;
    byId('status-title').textContent = title;
    byId('status-text').textContent = explanation;
    byId('connect').hidden = !canConnect;
}

function refreshStatus() {
    const state = mohr.state;
    if (state.name === 'connecting') {
        showStatus('connecting', text('connecting'), state.browserAsking ? text('browserAsking') : '', false);
        return;
    }
    if (!diagnosis) return;
    const remedy = diagnosis.remedy[currentLanguage()];
    if (diagnosis.state === 'ready' && state.name === 'open') {
        const values = { transport: state.transport, version: state.info.version };
        showStatus('ready', remedy.title, text('readyText', values), false);
        return;
    }
    const off = state.reason === 'switched_off' ? text('switchedOff') : remedy.text;
    const retry = state.name === 'waiting' ? ` ${text('waiting', { attempt: number(state.attempt), attempts: number(state.attempts) })}` : '';
    showStatus(diagnosis.state, remedy.title, off + retry, true);
}

async function diagnose(interactive) {
    diagnosis = await mohr.diagnose({ interactive });
    refreshStatus();
}

mohr.on('state', (state) => {
    // What ended an attempt is looked into once the attempt is over; a waiting socket is left alone.
    if (state.name === 'open') void diagnose(false);
    else if (state.name === 'waiting' && diagnosis?.state === 'ready') noteLoss();
    else refreshStatus();
});
mohr.on('access.changed', () => void diagnose(false));
mohr.on('trace', (traced) => messages.add(traced));

// The remedy for a lost connection is the same whatever ended it, and asking again would open another socket.
function noteLoss() {
    diagnosis = { ...diagnosis, state: 'not-running', remedy: remedies['not-running'] };
    refreshStatus();
}

function showVisitor() {
    const name = /CN=([^\n]+)/.exec(visitor?.subject ?? '')?.[1];
    byId('visitor').replaceChildren();
    if (name) byId('visitor').append(make('bdi', {}, text('visitor', { name })));
}

function panelOf(name) {
    if (!panels.has(name)) {
        panels.set(
            name,
            new Panel(name, { mohr, backend, actions }, (signer) => {
                visitor = signer;
                showVisitor();
            }),
        );
    }
    return panels.get(name);
}

function show(name, focus) {
    active = name;
    history.replaceState(null, '', `#${name}`);
    for (const tab of byId('tabs').children) {
        const selected = tab.dataset.name === name;
        tab.setAttribute('aria-selected', String(selected));
        tab.tabIndex = selected ? 0 : -1;
        if (selected && focus) tab.focus();
    }
    byId('panel').setAttribute('aria-labelledby', `tab-${name}`);
    byId('panel').replaceChildren(panelOf(name).element);
    showCode(byId('code'), codeOf[name]);
}

function buildTabs() {
    byId('tabs').replaceChildren(
        ...tabNames.map((name) =>
            make(
                'button',
                { id: `tab-${name}`, type: 'button', role: 'tab', 'aria-controls': 'panel', 'data-name': name, onclick: () => show(name, false) },
                text(`actions.${name}.tab`),
            ),
        ),
    );
}

byId('tabs').addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    const at = tabNames.indexOf(active);
    const next = event.key === 'Home' ? 0 : event.key === 'End' ? tabNames.length - 1 : step && at + step;
    if (next === undefined) return;
    event.preventDefault();
    show(tabNames[(next + tabNames.length) % tabNames.length], true);
});

function rebuild() {
    applyLanguage();
    buildTabs();
    for (const panel of panels.values()) panel.translate();
    show(active, false);
    showVisitor();
    refreshStatus();
    if (byId('messages').querySelector('.empty')) messages.clear();
}

function applyTheme(theme) {
    document.documentElement.dataset.theme = theme;
}

byId('language').addEventListener('click', () => {
    switchLanguage();
    rebuild();
});
byId('theme').addEventListener('click', () => {
    const dark = document.documentElement.dataset.theme === 'dark';
    localStorage.setItem('theme', dark ? 'light' : 'dark');
    applyTheme(dark ? 'light' : 'dark');
});
byId('connect').addEventListener('click', () => void diagnose(true));
byId('clear').addEventListener('click', () => messages.clear());
window.addEventListener('hashchange', () => tabNames.includes(location.hash.slice(1)) && show(location.hash.slice(1), false));

const darkSystem = matchMedia('(prefers-color-scheme: dark)').matches;
applyTheme(query.get('theme') ?? localStorage.getItem('theme') ?? (darkSystem ? 'dark' : 'light'));
showStatus('connecting', text('connecting'), '', false);
rebuild();
await diagnose(false);
document.documentElement.dataset.loaded = 'true';
