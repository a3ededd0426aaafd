// SPDX-License-Identifier: Apache-2.0
import { Mohr } from '/client/index.js';
import { backend } from './backend.js';
import { StatusLine, Tabs, startFrame, wantedTransport } from './frame.js';
import { applyLanguage, text } from './language.js';
import { Dastine } from './legacy.js';
import { Comparison } from './migration_panel.js';
import { flows } from './migration_flows.js';

const config = await backend.get('/config.json');
const mohr = new Mohr({ ws: config.ws, wss: config.wss, transport: wantedTransport() });
const dastine = new Dastine(new URL('/dastine', config.ws).href);
let shown;
let tender;

/** The sealed files of the tender flow, made once for a certificate that the person chooses. */
async function sealedTender() {
    if (tender === undefined) {
        const { certificate } = await mohr.selectCertificate('decrypt');
        tender = await backend.post('/api/legacy/seal', { certificate });
    }
    return tender;
}

const comparisons = new Map();
function comparisonOf(name) {
    if (!comparisons.has(name)) comparisons.set(name, new Comparison(name, flows[name], { mohr, dastine, backend, sealedTender }));
    return comparisons.get(name);
}

mohr.on('trace', (traced) => shown?.modern.trace(traced));
dastine.onTrace = (traced) => shown?.legacy.trace(traced);
dastine.onLost = () => shown?.legacy.lost();

const status = new StatusLine(mohr);
const tabs = new Tabs(Object.keys(flows), (name) => {
    shown = comparisonOf(name);
    return shown.element;
});

startFrame(() => {
    applyLanguage();
    for (const comparison of comparisons.values()) comparison.translate();
    tabs.build((name) => text(`migration.flows.${name}.tab`));
    status.refresh();
});
await status.diagnose(false);
document.documentElement.dataset.loaded = 'true';
