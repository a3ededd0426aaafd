// SPDX-License-Identifier: Apache-2.0
// A reporter of node:test that writes JUnit, which Debian 12's Node does not have of its own.
const escape = (text) =>
    String(text)
        .replace(/[&<>"]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[character])
        // Colours of a terminal and the like are not allowed in XML 1.0.
        .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '');

export default async function* junit(source) {
    const cases = [];
    for await (const { type, data } of source) {
        const ended = type === 'test:pass' || type === 'test:fail';
        // A file and a group are reported as tests too, but nobody wrote them as one.
        if (!ended || data.details?.type === 'suite' || /\.mjs$/.test(data.name)) continue;
        cases.push({ ...data, failed: type === 'test:fail' });
    }
    // A name can stand for a run in each browser: readers that keep the last result of a name must see the failure.
    cases.sort((left, right) => Number(left.failed) - Number(right.failed));
    yield '<?xml version="1.0" encoding="UTF-8"?>\n';
    yield `<testsuite name="browser" tests="${cases.length}" failures="${cases.filter((entry) => entry.failed).length}">\n`;
    for (const { name, details, skip, failed } of cases) {
        const seconds = ((details?.duration_ms ?? 0) / 1000).toFixed(3);
        const skipped = skip === undefined || skip === false ? '' : `<skipped message="${escape(skip)}"/>`;
        const message = details?.error?.cause?.message ?? details?.error?.message ?? '';
        const failure = failed ? `<failure message="${escape(message)}"/>` : '';
        yield `  <testcase name="${escape(name)}" time="${seconds}">${skipped}${failure}</testcase>\n`;
    }
    yield '</testsuite>\n';
}
