// SPDX-License-Identifier: Apache-2.0
// How what came out of an action reads.
import { make } from './dom.js';
import { date, number, size, text } from './language.js';

/** What an error means, in the words of the language. */
export function explain(error) {
    const known = text(`errors.${error?.code}`, { n: number(error?.details?.triesLeft ?? 0) });
    return known ?? `${text('failed')}: ${error?.message ?? error}`;
}

export function failureOf(message, code) {
    return make('p', { class: 'verdict bad', role: 'alert' }, make('span', {}, message), code ? make('code', { dir: 'ltr' }, code) : '');
}

/** A verdict, the checks behind it, and facts: `[name, value]`, of which one without a value is left out. */
export function resultOf({ valid = true, message, checks = [], facts = [] }) {
    return [
        make('p', { class: `verdict ${valid ? 'good' : 'bad'}` }, message ?? text(valid ? 'verdictGood' : 'verdictBad')),
        make('ul', { class: 'checks' }, ...checks.map(checkLine)),
        make('dl', {}, ...facts.flatMap(([name, value]) => factLine(name, value))),
    ];
}

function checkLine({ name, ok, detail, label }) {
    const mark = make('span', { class: 'mark', 'aria-hidden': 'true' }, ok ? '✓' : '✗');
    const what = label ?? text(`checks.${name}`) ?? name;
    const more = detail ? make('small', { dir: 'ltr' }, detail) : '';
    return make('li', { class: ok ? 'ok' : 'no', 'data-check': name, 'data-ok': String(ok) }, mark, make('span', {}, what), more);
}

function factLine(name, value) {
    if (value === undefined) return [];
    return [make('dt', {}, text(`facts.${name}`)), make('dd', {}, make('bdi', {}, String(value)))];
}

/** Facts about a signer that a backend verdict gives. */
export function signerFacts(verdict) {
    const { signer } = verdict;
    return [
        ['signer', commonName(signer?.subject)],
        ['issuer', commonName(signer?.issuer)],
        ['validTo', signer && date(signer.validTo)],
        ['digest', verdict.digestAlgorithm],
        ['signingTime', verdict.signingTime && date(verdict.signingTime, 'short')],
        ['size', verdict.size === undefined ? undefined : size(verdict.size)],
        ['sha256', verdict.sha256],
    ];
}

export function commonName(subject) {
    return subject === undefined ? undefined : (/(?:^|[\n,])\s*CN=([^\n,]+)/.exec(subject)?.[1] ?? subject);
}
