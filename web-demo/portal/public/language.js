// SPDX-License-Identifier: Apache-2.0
import { texts } from './texts.js';

const known = new URLSearchParams(location.search).get('lang') ?? localStorage.getItem('language');
let language = known === 'en' ? 'en' : 'fa';

export const currentLanguage = () => language;

export function switchLanguage() {
    language = language === 'fa' ? 'en' : 'fa';
    localStorage.setItem('language', language);
}

/** The text under a dotted path, with its {places} filled. */
export function text(path, values = {}) {
    let found = path.split('.').reduce((part, name) => part?.[name], texts[language]);
    if (found === undefined) return undefined;
    for (const [name, value] of Object.entries(values)) found = found.replace(`{${name}}`, String(value));
    return found;
}

export const number = (value) => new Intl.NumberFormat(language === 'fa' ? 'fa-IR' : 'en').format(value);

export function size(bytes) {
    const unit = bytes < 1024 ? 0 : bytes < 1024 ** 2 ? 1 : bytes < 1024 ** 3 ? 2 : 3;
    const format = new Intl.NumberFormat(language === 'fa' ? 'fa-IR' : 'en', { maximumFractionDigits: 1 });
    return `${format.format(bytes / 1024 ** unit)} ${texts[language].units[unit]}`;
}

export function date(value, timeStyle) {
    const time = new Date(value);
    if (Number.isNaN(time.getTime())) return String(value);
    return new Intl.DateTimeFormat(language === 'fa' ? 'fa-IR' : 'en', { dateStyle: 'long', timeStyle }).format(time);
}

/** Puts every text of the page's frame in place. */
export function applyLanguage() {
    document.documentElement.lang = language;
    document.documentElement.dir = language === 'fa' ? 'rtl' : 'ltr';
    document.title = text(document.body.dataset.title);
    for (const element of document.querySelectorAll('[data-text]')) element.textContent = text(element.dataset.text);
    for (const element of document.querySelectorAll('[data-label]')) {
        element.setAttribute('aria-label', text(element.dataset.label));
    }
}
