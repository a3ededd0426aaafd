// SPDX-License-Identifier: Apache-2.0
// Every command of the old wire, as each generation of its client sends it: one reply each, of the right shape, in time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allCommands, commandsOf } from './support/dastine/commands.mjs';
import { distribution, generationNames, openLegacy, openLegacySandbox, sampleConfig, soundJournal } from './support/dastine/pages.mjs';
import { atOnce, resultCodes, withPrompt } from './support/dastine/results.mjs';
import { browsers } from './support/pages.mjs';
import { startSandbox } from './support/sandbox.mjs';
import { startSite } from './support/site.mjs';

const atMostMs = 50;
const rounds = 10;
// A machine that is busy with something else shows in all of them, a service that is slow too.
const measurements = 3;

/** In the page: asks one after the other and gives the results. */
async function askAll(calls) {
    const results = [];
    for (const [command, args] of calls) results.push(await legacy.ask(command, ...args));
    return results;
}

const isCode = (result) => resultCodes.has(result) && result !== '0';
const fits = (expected, result) => (expected instanceof RegExp ? expected.test(result) : expected === result);

for (const [name, launch] of browsers) {
    test(`replies of the old wire in ${name}`, async (t) => {
        const browser = await launch(t);
        const site = await startSite(t);

        for (const generation of generationNames) {
            await t.test(`${generation} gets one reply to each of its commands, prompts only where the wire says so, and a code where the person refuses [R190] [T13]`, async (t) => {
                const { page, sandbox } = await openLegacySandbox(t, browser, site, { generation, consent: 'deny' });
                const calls = Object.keys(commandsOf[generation]).filter((command) => command in atOnce).map((command) => [command, atOnce[command][0]]);
                const results = await page.eval(askAll, calls);
                const wrong = calls.flatMap(([command], at) => (fits(atOnce[command][1], results[at]) ? [] : [`${command}: ${results[at]}`]));
                assert.deepEqual(wrong, []);
                // A refusal would be remembered and count: the site has not been asked about at all.
                assert.deepEqual(await sandbox.control('site.list'), []);
                const prompts = Object.entries(withPrompt).filter(([command]) => command in commandsOf[generation]);
                const refused = await page.eval(askAll, prompts);
                assert.deepEqual(prompts.flatMap(([command], at) => (isCode(refused[at]) ? [] : [`${command}: ${refused[at]}`])), []);
                await soundJournal(page);
            });
        }

        await t.test('what asks nobody is answered within 50 ms, all 66 names and unknown ones [R190]', async (t) => {
            const { page } = await openLegacySandbox(t, browser, site, { generation: 'G3', consent: 'deny' });
            const calls = allCommands.filter((command) => command in atOnce && atOnce[command][2] !== 'once').map((command) => [command, atOnce[command][0]]);
            calls.push(['NoSuchCommand', []], ['sign', []]);
            let slowest = [];
            for (let measurement = 0; measurement < measurements; ++measurement) {
                const times = await page.eval(
                    async ({ calls, rounds }) => {
                        const before = legacy.journal.replies.length;
                        for (let round = 0; round < rounds; ++round) for (const [command, args] of calls) await legacy.ask(command, ...args);
                        return legacy.journal.replies.slice(before).map(({ command, ms }) => [ms, command]);
                    },
                    { calls, rounds },
                );
                t.diagnostic(distribution(times.map(([ms]) => ms)));
                slowest = times.filter(([ms]) => ms > atMostMs);
                if (slowest.length === 0) break;
            }
            assert.deepEqual(slowest, []);
            await soundJournal(page);
        });

        await t.test('requests that are sent at once are all answered, those of one name in their order [R190]', async (t) => {
            const { page } = await openLegacySandbox(t, browser, site, { generation: 'G1', consent: 'deny' });
            const order = await page.eval(async () => {
                const seen = [];
                const socket = legacy.sockets.at(-1);
                socket.addEventListener('message', ({ data }) => seen.push(JSON.parse(data)));
                const expected = [];
                for (let at = 0; at < 50; ++at) {
                    for (const [command, result] of [['ReadCustomField', '83'], ['ListTokens', '20'], ['NIDSign', '200']]) {
                        legacy.call(command, []);
                        expected.push([command, result]);
                    }
                }
                while (seen.length < expected.length) await new Promise((done) => setTimeout(done, 10));
                await new Promise((done) => setTimeout(done, 200));
                return { seen: seen.map(({ command, Result }) => `${command} ${Result}`).sort(), expected: expected.map((pair) => pair.join(' ')).sort() };
            });
            assert.deepEqual(order.seen, order.expected);
        });

        await t.test('an unknown command is 78 under its own name, whatever the name [R190]', async (t) => {
            const { page } = await openLegacySandbox(t, browser, site, { generation: 'G1' });
            for (const command of ['NoSuchCommand', 'getversion', 'نشانی', '"quoted"\\', ' ']) assert.equal(await page.eval((command) => legacy.ask(command), command), '78');
            await soundJournal(page);
        });

        await t.test('members beyond those of the wire and arguments of other types are taken as they come [R190]', async (t) => {
            const { page } = await openLegacySandbox(t, browser, site, { generation: 'G1' });
            const results = await page.eval(async () => {
                const send = (message) => {
                    legacy.sendText(JSON.stringify({ src: 'dastine.js', info: 'AAAAAAAAAAAAAAA', ...message }));
                    return new Promise((resolve) => legacy.sockets.at(-1).addEventListener('message', ({ data }) => resolve(JSON.parse(data)), { once: true }));
                };
                return [
                    await send({ command: 'ReadCustomField', index: 1, tab: 7, more: { deep: [1, null] } }),
                    await send({ command: 'ReadCustomField', index: '1' }),
                    await send({ command: 'ReadCustomField' }),
                    await send({ command: 'GetSelectedCertificate', info: undefined }),
                    await send({ command: 'GetSelectedCertificate', info: 'undefined', src: undefined }),
                ].map(({ Result }) => Result);
            });
            assert.deepEqual(results, ['83', '83', '83', '11', '11']);
        });

        await t.test('SetConfig is 0 for 60 thousand characters, for nothing and for what is no XML [R190]', async (t) => {
            const { page } = await openLegacySandbox(t, browser, site, { generation: 'G1' });
            const configs = [sampleConfig(60_000), '', null, 'undefined', '<Configuration><![CDATA[', '<!DOCTYPE a [<!ENTITY b "c">]><Configuration>&b;</Configuration>', 7];
            for (const config of configs) assert.equal(await page.eval((config) => legacy.ask('SetConfig', config), config), '0');
            await soundJournal(page);
        });

        await t.test('loading a page never prompts: no generation\'s first words ask for anything [R190] [T13]', async (t) => {
            // Whatever is asked is refused, and the refusal would show.
            const sandbox = await startSandbox(t, { consent: 'deny' });
            for (const generation of generationNames) {
                const page = await openLegacy(t, browser, site, sandbox, { generation });
                assert.equal(await page.eval(() => legacy.installed), true);
                await page.eval(() => legacy.ask('ListTokens'));
            }
            assert.deepEqual(await sandbox.control('site.list'), []);
        });
    });
}
