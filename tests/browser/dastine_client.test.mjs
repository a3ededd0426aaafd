// SPDX-License-Identifier: Apache-2.0
// That our legacy clients behave as the known generations do, shown against a scripted service: without that, what they
// show about the daemon would be worth little.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import WebSocket, { WebSocketServer } from 'ws';
import { allCommands, commandsOf } from './support/dastine/commands.mjs';
import { LegacyClient } from './support/dastine/client.mjs';
import { base64ToUnicode, unicodeToBase64 } from './support/dastine/text.mjs';
import { atEnd, eventually } from './support/processes.mjs';

const quick = 50;

/** A service that answers by a table; a command without an entry there is answered `0`, one with `null` not at all. */
class ScriptedService {
    got = [];
    sockets = [];

    static async start(t, answers = {}, port = 0) {
        const service = new ScriptedService();
        service.answers = { GetVersion: '5.8.38.0', DastineIsAlive: null, ...answers };
        service.server = new WebSocketServer({ port, host: '127.0.0.1' });
        await once(service.server, 'listening');
        service.port = service.server.address().port;
        service.url = `ws://127.0.0.1:${service.port}/dastine`;
        service.server.on('connection', (socket) => service.#accept(socket));
        atEnd(t, () => service.stop());
        return service;
    }

    #accept(socket) {
        this.sockets.push(socket);
        socket.on('message', (data) => {
            const message = JSON.parse(data.toString());
            this.got.push(message);
            const answer = this.answers[message.command] === undefined ? '0' : this.answers[message.command];
            const result = typeof answer === 'function' ? answer(message, socket) : answer;
            if (result !== null) socket.send(JSON.stringify({ command: message.command, Result: result }));
        });
    }

    get commands() {
        return this.got.map(({ command }) => command);
    }

    stop() {
        for (const socket of this.sockets) socket.terminate();
        return new Promise((resolve) => this.server.close(resolve));
    }
}

function start(t, generation, service, { https = false, complete = () => true, speed = quick, storage = new Map(), urls = {}, ...settings } = {}) {
    const page = {
        WebSocket,
        storage: { getItem: (key) => storage.get(key) ?? null, setItem: (key, value) => storage.set(key, value) },
        https,
        isComplete: complete,
        speed,
    };
    const all = { urls: { plain: service.url, tls: service.url, fallback: service.url, ...urls }, config: '<Configuration/>', ...settings };
    const client = new LegacyClient(generation, all, page);
    atEnd(t, () => client.close());
    return client;
}

const ready = (client) => eventually('the client is initialised', () => client.initialised);

test('the four generations know 66 commands between them', () => {
    assert.equal(allCommands.length, 66);
    assert.deepEqual(Object.values(commandsOf).map((commands) => Object.keys(commands).length), [52, 59, 61, 61]);
});

for (const [generation, first] of [
    ['G0', ['DastineIsAlive', 'GetVersion', 'SetConfig']],
    ['G1', ['DastineIsAlive', 'SetConfig', 'GetVersion']],
    ['G2', ['DastineIsAlive', 'SetConfig', 'GetVersion']],
    ['G3', ['DastineIsAlive', 'SetConfig', 'GetVersion']],
]) {
    test(`${generation} says its first words in its order and carries one session id`, async (t) => {
        const service = await ScriptedService.start(t);
        const client = start(t, generation, service, { speed: 1 });
        await ready(client);
        assert.deepEqual(service.commands, first);
        const [alive, ...others] = service.got;
        assert.equal(alive.info, 'undefined');
        for (const message of others) assert.match(message.info, /^[A-Za-z0-9]{15}$/);
        assert.equal(new Set(others.map(({ info }) => info)).size, 1);
        assert.equal(client.installed, true);
        assert.deepEqual(client.journal.report().faults, []);
    });
}

test('G0 drops what is asked while something is open and is dead without a reply', async (t) => {
    const service = await ScriptedService.start(t, { Sign: null });
    const client = start(t, 'G0', service);
    await ready(client);
    client.call('Sign', ['AA==', 'SHA1']);
    assert.equal(await client.ask('ListTokens'), 'dropped');
    assert.deepEqual(client.journal.missing, ['Sign']);
    assert.equal(await client.ask('GetSelectedCertificate'), 'dropped');
    // Any message frees it, one with an unknown command too.
    service.sockets.at(-1).send('{"command":"Whatever","Result":"0"}');
    await eventually('the flag falls', () => client.journal.faults.length > 0);
    assert.equal(await client.ask('ListTokens'), '0');
});

test('G0 that finds the version too old says no more; later ones go on', async (t) => {
    const service = await ScriptedService.start(t, { GetVersion: '5,0,0,0' });
    const old = start(t, 'G0', service, { minimumVersion: '5,0,4,5' });
    await eventually('it looks at the version', () => old.status === 'DASTINE_VERSION_OUTDATED');
    assert.equal(await old.ask('ListTokens'), 'dropped');
    assert.ok(!service.commands.includes('SetConfig'));
    const later = start(t, 'G1', service, { minimumVersion: '5,0,4,5' });
    await ready(later);
    assert.equal(await later.ask('ListTokens'), '0');
    assert.equal(later.status, '');
});

test('versions are compared as text: dots pass a minimum with commas', async (t) => {
    const service = await ScriptedService.start(t, { GetVersion: '5.8.38.0' });
    const client = start(t, 'G0', service, { minimumVersion: '5,0,4,5' });
    await ready(client);
    assert.equal(client.installed, true);
});

test('a reply is matched by its name alone and runs the latest callback of that name', async (t) => {
    const service = await ScriptedService.start(t, { Sign: null });
    const client = start(t, 'G1', service);
    await ready(client);
    const seen = [];
    client.call('Sign', ['QQ=='], () => seen.push('first'));
    client.call('Sign', ['Qg=='], () => seen.push('second'));
    await eventually('both are there', () => service.commands.filter((command) => command === 'Sign').length === 2);
    for (const result of ['AAAA', 'BBBB']) service.sockets.at(-1).send(JSON.stringify({ command: 'Sign', Result: result }));
    await eventually('both are answered', () => seen.length === 2);
    assert.deepEqual(seen, ['second', 'second']);
});

test('a reply nobody asked for, a second one and one that is no text are noticed', async (t) => {
    const service = await ScriptedService.start(t, {
        Reset: (message, socket) => {
            socket.send(JSON.stringify({ command: message.command, Result: '0' }));
            return '0';
        },
        ListTokens: 20,
    });
    const client = start(t, 'G1', service);
    await ready(client);
    await client.ask('Reset');
    await client.ask('ListTokens');
    assert.deepEqual(client.journal.faults, ['Reset: a reply nobody asked for', 'ListTokens: Result is number']);
});

test('a command before the document is complete waits in G2 and G3 only', async (t) => {
    const service = await ScriptedService.start(t);
    let complete = false;
    const late = start(t, 'G2', service, { complete: () => complete });
    const early = start(t, 'G1', service, { complete: () => complete });
    await ready(early);
    assert.equal(service.commands.filter((command) => command === 'SetConfig').length, 1);
    assert.equal(late.initialised, false);
    complete = true;
    await ready(late);
});

test('an argument that is left out is not sent, and CmsSign asks for SHA1 when the page names nothing', async (t) => {
    const service = await ScriptedService.start(t);
    const client = start(t, 'G3', service);
    await ready(client);
    await client.ask('SelectCertificateFromTokenByUI', null);
    await client.ask('CmsSign', 'QQ==', 'SHA1');
    await client.ask('CmsSign', 'QQ==', false, 'SHA256');
    const [select, shifted, right] = service.got.slice(-3);
    assert.deepEqual([select.issuer, 'keyUsages' in select], [null, false]);
    assert.deepEqual([shifted.attach, shifted.hash], ['SHA1', 'SHA1']);
    assert.deepEqual([right.attach, right.hash], [false, 'SHA256']);
});

test('a watch polls twice a second until it fires, and a selection ends the watch for removal', async (t) => {
    let removed = '10';
    const service = await ScriptedService.start(t, { TokenRemoveHandler: () => removed, TokenInsertHandler: '10' });
    const client = start(t, 'G1', service);
    await ready(client);
    let fired = 0;
    client.onToken.TokenRemoveHandler = () => (fired += 1);
    await client.ask('SetTokenRemoveEvent');
    const polls = () => service.commands.filter((command) => command === 'TokenRemoveHandler').length;
    await eventually('it polls', () => polls() > 2);
    removed = '0';
    await eventually('it fires', () => fired === 1);
    const after = polls();
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual([fired, polls()], [1, after]);
    removed = '10';
    await client.ask('SetTokenRemoveEvent');
    await eventually('it polls again', () => polls() > after);
    await client.ask('SelectCertificateFromTokenByUI', '', '');
    const atSelection = polls();
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(polls(), atSelection);
});

test('the watch starts no timer after another answer than 0', async (t) => {
    const service = await ScriptedService.start(t, { SetTokenInsertEvent: '17' });
    const client = start(t, 'G1', service);
    await ready(client);
    await client.ask('SetTokenInsertEvent');
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.ok(!service.commands.includes('TokenInsertHandler'));
});

test('keep-alives come once a minute, from a module bundle only once', async (t) => {
    const service = await ScriptedService.start(t);
    // A minute at this speed is a tenth of a second.
    start(t, 'G2', service, { speed: 600 });
    await new Promise((resolve) => setTimeout(resolve, 350));
    assert.equal(service.commands.filter((command) => command === 'DastineIsAlive').length, 1);
    start(t, 'G1', service, { speed: 600 });
    await eventually('further ones', () => service.commands.filter((command) => command === 'DastineIsAlive').length > 3);
});

test('G0 and G1 open a throw-away socket and close it at once', async (t) => {
    const service = await ScriptedService.start(t);
    const client = start(t, 'G1', service);
    await ready(client);
    await eventually('the probe closes', () => service.sockets.length === 2 && service.sockets.some(({ readyState }) => readyState === 3));
});

test('G0 and G1 give up at once, G2 tries thirty times and G3 five times before the default port', async (t) => {
    const nobody = await ScriptedService.start(t);
    const { port } = nobody;
    await nobody.stop();
    for (const generation of ['G0', 'G1']) {
        const client = start(t, generation, nobody);
        await eventually(`${generation} gives up`, () => client.status === 'DASTINE_PORTS_ARE_CLOSED');
    }
    const patient = start(t, 'G2', nobody);
    const service = await ScriptedService.start(t, {}, port);
    await ready(patient);
    const closed = `ws://127.0.0.1:1/dastine`;
    const dedicated = start(t, 'G3', service, { urls: { dedicated: closed }, speed: 1000 });
    await ready(dedicated);
    assert.equal(dedicated.sockets.length, 1);
});

test('G1 on https tries the other host name once, and G0 never leaves the plain port', async (t) => {
    const service = await ScriptedService.start(t);
    const closed = 'ws://127.0.0.1:1/dastine';
    const client = start(t, 'G1', service, { https: true, urls: { tls: closed } });
    await ready(client);
    const plain = start(t, 'G0', service, { https: true, urls: { tls: closed, fallback: closed } });
    await ready(plain);
});

test('nobody reconnects by itself after an open socket was lost', async (t) => {
    const service = await ScriptedService.start(t);
    const clients = ['G0', 'G1', 'G2', 'G3'].map((generation) => start(t, generation, service));
    for (const client of clients) await ready(client);
    const { length } = service.sockets;
    for (const socket of service.sockets) socket.terminate();
    for (const client of clients) await eventually('it notices', () => client.status === 'DASTINE_SERVICE_IS_CLOSED');
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(service.sockets.length, length);
    clients[3].open();
    await eventually('G3 is back when the page asks for it', () => service.sockets.length > length);
});

test('the text codec is UTF-16LE in plain base64 and throws on anything else', async (t) => {
    for (const text of ['', 'a', 'مُهر', '🖋 ok']) assert.equal(base64ToUnicode(unicodeToBase64(text)), text);
    assert.equal(unicodeToBase64('مهر'), Buffer.from('مهر', 'utf16le').toString('base64'));
    for (const wrong of ['QQA', 'QQ A', 'QQA=\n', 'QQ-_', '-----BEGIN']) assert.throws(() => base64ToUnicode(wrong), RangeError);
    const service = await ScriptedService.start(t, { FindCertificateFromToken: unicodeToBase64('CN=الف') });
    const client = start(t, 'G1', service);
    await ready(client);
    assert.equal(await client.ask('FindCertificateFromToken', '', ''), 'CN=الف');
    service.answers.FindCertificateFromToken = '23';
    assert.equal(await client.ask('FindCertificateFromToken', '', ''), '23');
});
