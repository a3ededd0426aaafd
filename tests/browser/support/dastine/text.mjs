// SPDX-License-Identifier: Apache-2.0
// The text codec of the Dastine wire: base64 of UTF-16LE code units, and a decoder as strict as the known generations'.

const wholeBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export function unicodeToBase64(text) {
    let bytes = '';
    for (let at = 0; at < text.length; ++at) {
        const unit = text.charCodeAt(at);
        bytes += String.fromCharCode(unit & 0xff, unit >> 8);
    }
    return btoa(bytes);
}

/** Throws on line breaks, other alphabets and missing padding. */
export function base64ToUnicode(text) {
    if (!wholeBase64.test(text)) throw new RangeError('not base64');
    const bytes = atob(text);
    let result = '';
    for (let at = 0; at + 1 < bytes.length; at += 2) {
        result += String.fromCharCode(bytes.charCodeAt(at) | (bytes.charCodeAt(at + 1) << 8));
    }
    return result;
}
