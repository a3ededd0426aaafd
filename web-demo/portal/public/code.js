// SPDX-License-Identifier: Apache-2.0
import { make } from './dom.js';

const tokens =
    /(?<comment>\/\/[^\n]*)|(?<string>'[^'\n]*'|`[^`]*`)|(?<keyword>\b(?:async|await|const|for|function|if|null|of|return|new|export|import|from|undefined)\b)|(?<number>\b\d+\b)|(?<name>\b[A-Za-z_]\w*(?=\())/g;

/** Shows the source of functions, lightly coloured. It is the source that runs: nothing is written twice. */
export function showCode(target, functions) {
    const source = functions
        .map((action) => action.toString().replace(/^( {4})+/gm, (indent) => ' '.repeat(indent.length / 2)))
        .join('\n\n');
    const parts = [];
    let at = 0;
    for (const match of source.matchAll(tokens)) {
        if (match.index > at) parts.push(source.slice(at, match.index));
        const [kind] = Object.entries(match.groups).find(([, value]) => value !== undefined);
        parts.push(make('span', { class: kind }, match[0]));
        at = match.index + match[0].length;
    }
    parts.push(source.slice(at));
    target.replaceChildren(...parts);
}
