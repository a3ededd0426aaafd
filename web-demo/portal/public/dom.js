// SPDX-License-Identifier: Apache-2.0

/** Makes an element: attributes, then children. Text is always text, never markup. */
export function make(name, attributes = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
        if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
        else if (value === true) element.setAttribute(key, '');
        else if (value !== false && value !== undefined) element.setAttribute(key, String(value));
    }
    element.append(...children.filter((child) => child !== undefined));
    return element;
}
