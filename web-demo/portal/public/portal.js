// SPDX-License-Identifier: Apache-2.0
import { Mohr } from '/client/index.js';
import * as actions from './actions.js';
import { backend } from './backend.js';
import { make } from './dom.js';
import { StatusLine, Tabs, byId, startFrame, wantedTransport } from './frame.js';
import { applyLanguage, text } from './language.js';
import { MessageView } from './messages.js';
import { Panel } from './panel.js';
import { showCode } from './code.js';

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
const mohr = new Mohr({ ws: config.ws, wss: config.wss, transport: wantedTransport() });
const messages = new MessageView(byId('messages'));
const panels = new Map();
let visitor = (await backend.get('/api/session')).signer;

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

const status = new StatusLine(mohr);
const tabs = new Tabs(Object.keys(codeOf), (name) => {
    showCode(byId('code'), codeOf[name]);
    return panelOf(name).element;
});

mohr.on('trace', (traced) => messages.add(traced));
byId('clear').addEventListener('click', () => messages.clear());

startFrame(() => {
    applyLanguage();
    for (const panel of panels.values()) panel.translate();
    tabs.build((name) => text(`actions.${name}.tab`));
    showVisitor();
    status.refresh();
    if (byId('messages').querySelector('.empty')) messages.clear();
});
await status.diagnose(false);
document.documentElement.dataset.loaded = 'true';
